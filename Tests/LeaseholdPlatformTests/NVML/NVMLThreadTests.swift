import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

@Suite("The thread that talks to the driver")
struct NVMLThreadTests {
    private typealias Desk = (library: NVML, device: NVMLDevice)

    private func thread(_ hardware: PlayedHardware) -> NVMLThread<Desk> {
        NVMLThread { () throws(NVMLFailure) in
            let library = try hardware.open()
            return (library, try library.device(gpu(1)))
        }
    }

    private func draw(_ thread: NVMLThread<Desk>, within limit: Span = .seconds(10)) -> DriverAnswer<Milliwatts?> {
        thread.ask(within: limit) { desk throws(NVMLFailure) in try desk.device.power().value.draw }
    }

    @Test("it opens the library once, and answers one question after the other")
    func answers() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let thread = thread(hardware)
        for _ in 0..<3 {
            guard case .answered(Milliwatts(87_500), lossCount: 0) = draw(thread) else {
                return #expect(Bool(false), "\(draw(thread))")
            }
        }
        #expect(try hardware.calls(of: "nvmlInitWithFlags") == 1)
        #expect(thread.givenUpCount == 0)
    }

    @Test("who asks what takes its time keeps others waiting and is no sign of sleep; beyond that it is")
    func allowance() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let thread = thread(hardware)
        _ = draw(thread)
        let (gate, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let said = Mutex<[String]>([])
        func ask(_ name: String, within limit: Span, allowing allowance: Span, isHeld: Bool) {
            Thread {
                let answer = thread.ask(within: limit, allowing: allowance) { (_) throws(NVMLFailure) in
                    if isHeld { gate.wait() }
                }
                said.withLock { if case .answered = answer { $0.append(name) } else { $0.append("no \(name)") } }
                ended.signal()
            }.start()
        }
        ask("report", within: .milliseconds(1), allowing: .seconds(60), isHeld: true)
        #expect(eventually { thread.isBusy })
        ask("reading", within: .milliseconds(1), allowing: .zero, isHeld: false)
        #expect(eventually { thread.waitingCount == 1 })
        // Both are past their limits by far, and neither is given up.
        #expect(ended.wait(timeout: .now() + .milliseconds(200)) == .timedOut)
        #expect(thread.givenUpCount == 0)
        gate.signal()
        for _ in 0..<2 { #expect(ended.wait(timeout: .now() + 20) == .success) }
        #expect(said.withLock { $0.first } == "report")
        // Longer than it is allowed.
        ask("slow", within: .milliseconds(1), allowing: .milliseconds(20), isHeld: true)
        #expect(eventually { thread.givenUpCount > 0 || said.withLock { $0.contains("no slow") } })
        guard case .asleep = draw(thread) else { return #expect(Bool(false), "a call that hangs was answered") }
        gate.signal()
    }

    @Test("while every call of the library hangs, every question comes back, and nobody else is sent")
    func hangs() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let thread = thread(hardware)
        _ = draw(thread)
        try hardware.say("hang *")
        let before = Clocks.boot()
        guard case .asleep(let since) = draw(thread, within: .milliseconds(20)) else {
            return #expect(Bool(false), "a call that hangs was answered")
        }
        #expect(try hardware.hanging(in: "*") == 1)
        #expect(since >= before)
        // At once, though it would have ten seconds.
        for _ in 0..<40 {
            guard case .asleep(since) = draw(thread) else { return #expect(Bool(false), "somebody was asked") }
        }
        guard case .asleep(since) = thread.letGo(within: .seconds(10)) else {
            return #expect(Bool(false), "a library in which a call hangs was closed")
        }
        #expect(Clocks.boot() - before < .seconds(8))
        #expect(try hardware.hanging(in: "*") == 1)
        #expect(thread.givenUpCount == 1)
        try hardware.say("heal")
        #expect(
            eventually { if case .answered(Milliwatts(87_500), lossCount: 0) = draw(thread) { true } else { false } })
        #expect(thread.givenUpCount == 1)
    }

    @Test("sixteen questions wait for each other, one more is not taken, and all that were are answered")
    func queue() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "hang nvmlDeviceGetPowerUsage")
        let thread = thread(hardware)
        let answered = Mutex(0)
        for number in 0..<17 {
            Thread { [self] in
                if case .answered = draw(thread, within: .seconds(60)) { answered.withLock { $0 += 1 } }
            }.start()
            // The first is at the counter, the others behind it.
            #expect(try eventually { try hardware.hanging(in: "nvmlDeviceGetPowerUsage") == 1 })
            #expect(eventually { thread.waitingCount == number })
        }
        guard case .asleep = draw(thread) else { return #expect(Bool(false), "there was room for one more") }
        #expect(thread.waitingCount == 16 && thread.givenUpCount == 0)
        try hardware.say("heal")
        #expect(eventually { answered.withLock { $0 == 17 } })
        #expect(thread.waitingCount == 0)
    }

    @Test("a driver that goes takes the desk along, and the next answer says that what was counted is no more")
    func reload() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let thread = thread(hardware)
        _ = draw(thread)
        try hardware.say("driver reload")
        guard case .failed(let failure) = draw(thread) else { return #expect(Bool(false), "void handles answered") }
        #expect(failure.isDriverGone)
        guard case .answered(Milliwatts(87_500), lossCount: 1) = draw(thread) else {
            return #expect(Bool(false), "the library was not opened anew: \(draw(thread))")
        }
        // A node without a driver loses nothing a second time.
        try hardware.say("driver unload")
        for _ in 0..<3 {
            guard case .failed(let failure) = draw(thread), failure.isDriverGone else {
                return #expect(Bool(false), "no driver answered")
            }
        }
        try hardware.say("driver load")
        guard case .answered(_, lossCount: 2) = draw(thread) else { return #expect(Bool(false), "\(draw(thread))") }
    }

    @Test("it lets go of the driver when it is told to, and when nobody has it any more")
    func letsGo() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        var thread: NVMLThread<Desk>? = thread(hardware)
        _ = thread.map { draw($0) }
        #expect(hardware.complaint("reset \(gpu(1))") != nil)
        guard case .answered(true, lossCount: 0) = thread?.letGo(within: .seconds(10)) else {
            return #expect(Bool(false), "nothing was let go")
        }
        try hardware.say("reset \(gpu(1))")
        _ = thread.map { draw($0) }
        #expect(hardware.complaint("driver remove") != nil)
        thread = nil
        #expect(eventually { hardware.complaint("driver remove") == nil })
    }
}
