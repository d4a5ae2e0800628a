import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("What a probe's end means")
struct ProbeOutcomeTests {
    private let gpus = [GPUUUID(high: 1, low: 1), GPUUUID(high: 1, low: 2)]

    @Test(
        "0, 1 and 2 are healthy, suspect and unhealthy, with the first line as evidence",
        arguments: [(0, Standing.healthy), (1, .suspect), (2, .unhealthy)] as [(Int32, Standing)])
    func judged(_ status: Int32, _ standing: Standing) {
        #expect(
            ProbeOutcome(status: status, said: "fan 3 stands still\nmore\ngpu=all")
                == .judged(ProbeVerdict(standing, of: [], evidence: "fan 3 stands still")))
    }

    @Test(
        "3 is not knowing, and any other status is no word",
        arguments: [
            (3, "it does not know: x"), (4, "exit status 4: x"), (127, "exit status 127: x"), (-1, "exit status -1: x"),
        ] as [(Int32, String)])
    func unknown(_ status: Int32, _ reason: String) {
        #expect(ProbeOutcome(status: status, said: "x") == .failed(reason: reason))
    }

    @Test(
        "a finding about nobody is no judgement: what is broken itself ends with 1 or 2 too",
        arguments: [1, 2] as [Int32])
    func aboutNobody(_ status: Int32) {
        let reason = "exit status \(status), and no line gpu=UUID, position=N or gpu=all: fan: syntax error"
        #expect(ProbeOutcome(status: status, said: "fan: syntax error") == .failed(reason: reason))
        #expect(
            ProbeOutcome(status: 0, said: "fan: turns")
                == .judged(ProbeVerdict(.healthy, of: [], evidence: "fan: turns")))
    }

    @Test("a name is one however it is spaced", arguments: ["  position=1", "position = 1", "POSITION=1 "])
    func spaced(_ line: String) {
        #expect(
            ProbeOutcome(status: 2, said: line) == .judged(ProbeVerdict(.unhealthy, of: [.position(1)], evidence: "")))
    }

    @Test("a line of its own names a GPU, and the others are well")
    func named() {
        let said = "gpu=\(gpus[1].driverText)\nhot = 90\nposition=0 \n"
        guard case .judged(let verdict) = ProbeOutcome(status: 2, said: said) else {
            return #expect(Bool(false), "no verdict")
        }
        #expect(verdict.names == [.uuid(gpus[1]), .position(0)] && verdict.evidence == "hot = 90")
        let one = ProbeVerdict(.unhealthy, of: [.position(1)], evidence: "")
        #expect(one.standing(of: gpus[0], at: 0) == .healthy && one.standing(of: gpus[1], at: 1) == .unhealthy)
        let all = ProbeVerdict(.suspect, of: [], evidence: "")
        #expect(all.standing(of: gpus[0], at: 0) == .suspect)
        #expect(verdict.stranger(among: gpus) == nil)
        #expect(one.stranger(among: [gpus[0]]) == .position(1))
    }

    @Test("a line that names no GPU makes the word none", arguments: ["gpu=3", "position=three", "position="])
    func unreadable(_ line: String) {
        #expect(ProbeOutcome(status: 2, said: line) == .failed(reason: "its line \"\(line)\" names no GPU"))
    }

    @Test("its evidence is one line that moves no terminal's cursor, within its bound")
    func evidence() {
        guard
            case .judged(let verdict) = ProbeOutcome(
                status: 1, said: "a\u{1B}[2J" + String(repeating: "x", count: 500) + "\ngpu=all")
        else { return #expect(Bool(false), "no verdict") }
        #expect(verdict.evidence.hasPrefix("a [2Jx") && verdict.evidence.utf8.count == 120)
    }
}

@Suite("When probes run")
struct ProbeScheduleTests {
    private func at(_ second: Int64) -> BootInstant { .zero + .seconds(second) }

    @Test("a new probe is due at once, and again when its interval is over")
    func interval() {
        var schedule = ProbeSchedule(interval: .seconds(60))
        #expect(schedule.start(of: ["a", "b"], at: at(0)) == ["a", "b"])
        schedule.end("a")
        schedule.end("b")
        #expect(schedule.start(of: ["a", "b"], at: at(59)) == [])
        #expect(schedule.start(of: ["a", "b", "c"], at: at(60)) == ["a", "b", "c"])
    }

    @Test("one that still runs is not started again, and holds nobody else up")
    func overlap() {
        var schedule = ProbeSchedule(interval: .seconds(60))
        _ = schedule.start(of: ["a", "b"], at: at(0))
        schedule.end("b")
        #expect(schedule.start(of: ["a", "b"], at: at(600)) == ["b"])
        schedule.end("a")
        #expect(schedule.start(of: ["a", "b"], at: at(601)) == ["a"])
    }

    @Test("one that was taken away and put back while it runs is not run twice")
    func takenAway() {
        var schedule = ProbeSchedule(interval: .seconds(60))
        _ = schedule.start(of: ["a"], at: at(0))
        #expect(schedule.start(of: [], at: at(1)) == [])
        #expect(schedule.start(of: ["a"], at: at(100)) == [])
        schedule.end("a")
        #expect(schedule.start(of: [], at: at(101)) == [])
        #expect(schedule.start(of: ["a"], at: at(102)) == ["a"])
    }
}
