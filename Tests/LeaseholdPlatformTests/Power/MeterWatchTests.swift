import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

@Suite("The watch of a node's power")
struct MeterWatchTests {
    /// A watch, and what it has told.
    private final class Listening: Sendable {
        private let rounds = Mutex<[PowerRound]>([])
        private let watch: MeterWatch

        init(_ settings: MeterWatch.Settings) {
            watch = MeterWatch(settings)
            watch.begin(environment: ["LEASEHOLD_NODE": "s/h/r/n"]) { round in
                self.rounds.withLock { $0.append(round) }
            }
        }

        deinit { watch.stop() }

        func all(_ looker: PowerRound.Looker) -> [PowerRound] {
            rounds.withLock { $0.filter { $0.looker == looker } }
        }
    }

    private let scratch = Scratch()

    private func hook(_ text: String) throws -> String {
        try scratch.program("power-reading", text)
    }

    private func first(_ text: String, limit: Span = .seconds(20)) throws -> PowerRound? {
        let listening = Listening(
            MeterWatch.Settings(files: nil, hook: try hook(text), hookInterval: limit))
        _ = eventually { !listening.all(.hook).isEmpty }
        return listening.all(.hook).first
    }

    @Test("the site's program is asked, and what it says is of the node")
    func program() throws {
        let round = try #require(
            try first(
                "[ \"$LEASEHOLD_HOOK $LEASEHOLD_NODE\" = 'power-reading s/h/r/n' ] && echo watts=812 joules=7 | tr ' ' '\\n'"
            ))
        #expect(round.complaints == [])
        let reading = try #require(round.readings.first)
        #expect(reading.source == .hook && reading.draw?.shown == Milliwatts(812_000))
        #expect(reading.counter?.shown == Millijoules(7_000) && reading.validity == .seconds(60))
    }

    @Test(
        "one that fails, says something else or takes too long is told, with what helps",
        arguments: [
            ("echo watts=1; exit 3", "exit status 3: watts=1"),
            ("echo 812 W", "it said \"812 W\"; expected watts=, joules=, quality=average or quality=sample"),
        ])
    func failing(_ text: String, _ reason: String) throws {
        let round = try #require(try first(text))
        #expect(round.readings == [])
        #expect(round.complaints.map(\.what) == ["\(scratch.path(of: "power-reading")): \(reason)"])
        #expect(round.complaints.first?.remedy.isEmpty == false)
    }

    @Test("one that hangs holds nobody up who reads files")
    func hanging() throws {
        let listening = Listening(
            MeterWatch.Settings(
                files: PowerFiles(root: scratch.path), interval: .milliseconds(5), hook: try hook("exec sleep 600"),
                hookInterval: .milliseconds(300)))
        #expect(eventually { listening.all(.files).count > 20 })
        #expect(eventually { !listening.all(.hook).isEmpty })
        #expect(listening.all(.hook).first?.complaints.first?.what.hasSuffix("ended after 300ms") == true)
    }

    @Test("the program that ships asks the management processor, and says so where that has nothing to say")
    func shipped() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy/hooks/power-reading").path
        func run(_ answer: String) throws -> SiteProgram.End {
            _ = try scratch.program("ipmitool", answer)
            return SiteProgram(path: path, hearing: .beginning).run(environment: [
                "PATH": "\(scratch.path):/usr/bin:/bin"
            ])
        }
        let answer = """
            [ "$*" = "dcmi power reading" ] && echo "
                Instantaneous power reading:                  3812 Watts
                Minimum during sampling period:               1200 Watts
                Power reading state is:                   activated"
            """
        guard case .succeeded(let said) = try run(answer) else { return #expect(Bool(false), "it failed") }
        #expect(try PowerHookWord(said).draw?.shown == Milliwatts(3_812_000))
        guard case .failed(1, let words) = try run("echo nothing") else { return #expect(Bool(false), "it succeeded") }
        #expect(words == "ipmitool says no watts: nothing")
        guard case .failed(1, _) = try run("exit 1") else { return #expect(Bool(false), "it succeeded") }
    }

    @Test("one that is not there measures nothing")
    func absent() {
        let listening = Listening(
            MeterWatch.Settings(files: nil, hook: scratch.path(of: "none"), hookInterval: .seconds(5)))
        #expect(eventually { listening.all(.hook) == [PowerRound(.hook, readings: [], complaints: [])] })
    }
}
