import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

/// A process that a played GPU knows, and forgets when it has ended.
private final class GPUWork: Sendable {
    private let process: Mutex<Process>
    let pid: Int32

    init(on gpu: GPUUUID, of hardware: PlayedHardware, script: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        let isListed = DispatchSemaphore(value: 0)
        process.terminationHandler = { ended in
            isListed.wait()
            _ = hardware.complaint("exit \(ended.processIdentifier)")
        }
        try process.run()
        pid = process.processIdentifier
        try hardware.say("process \(gpu) compute \(pid) 1000")
        isListed.signal()
        self.process = Mutex(process)
    }

    deinit { if kill(pid, 0) == 0 { kill(pid, SIGKILL) } }
}

@Suite("What is done at the devices of a grant")
struct EnforcerTests {
    private let scratch = Scratch()

    private func played(_ lines: String...) throws -> (PlayedHardware, DriverWatch) {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))")
        for line in lines { try hardware.say(line) }
        return (hardware, DriverWatch(DriverWatch.Settings(library: hardware.path, patience: .seconds(20))))
    }

    private func grant(_ index: UInt64, _ gpus: GPUSet) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: index),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index)), gpus: gpus)
    }

    // MARK: Evicting

    @Test("where no process is left there is nothing to end")
    func nobody() throws {
        let (hardware, watch) = try played()
        #expect(watch.evict([gpu(1)]) == .done(evidence: "no process was left"))
        #expect(try hardware.calls(of: "nvmlDeviceGetComputeRunningProcesses_v3") == 1)
    }

    @Test("processes on the GPUs are ended, and those on others live on")
    func evicted() throws {
        let (hardware, watch) = try played()
        let mine = try GPUWork(on: gpu(1), of: hardware, script: "exec sleep 600")
        let other = try GPUWork(on: gpu(2), of: hardware, script: "exec sleep 600")
        #expect(watch.evict([gpu(1)]) == .done(evidence: "ended processes \(mine.pid)"))
        #expect(kill(other.pid, 0) == 0)
        #expect(watch.evict([gpu(1), gpu(2)]) == .done(evidence: "ended processes \(other.pid)"))
    }

    @Test("one that heeds no polite signal is ended by the other")
    func stubborn() throws {
        let (hardware, watch) = try played()
        let ready = scratch.path(of: "ready")
        let work = try GPUWork(
            on: gpu(1), of: hardware, script: "trap '' TERM; : > \(ready); while :; do sleep 0.1; done")
        #expect(eventually { FileManager.default.fileExists(atPath: ready) })
        #expect(watch.evict([gpu(1)], grace: .milliseconds(300)) == .done(evidence: "ended processes \(work.pid)"))
    }

    @Test("one that stays on the list is named, and is nobody's success")
    func livesOn() throws {
        // A number that no process has: the signal finds nobody, and the driver lists it on.
        let (hardware, watch) = try played("process \(gpu(1)) compute 4194303 1000")
        #expect(
            watch.evict([gpu(1)], grace: .milliseconds(100))
                == .failed(reason: "process 4194303 lives on after SIGKILL"))
        #expect(try hardware.calls(of: "nvmlDeviceGetComputeRunningProcesses_v3") > 2)
    }

    @Test("what is no tenant's is not ended: this program, and the first of the machine", arguments: [1, getpid()])
    func spared(_ pid: Int32) throws {
        let (hardware, watch) = try played("process \(gpu(1)) compute \(pid) 1000")
        #expect(
            watch.evict([gpu(1)]) == .failed(reason: "processes on the GPUs cannot be ended: \(pid): not a tenant's"))
        _ = hardware
    }

    @Test("a list that cannot be had is no empty list")
    func noList() throws {
        let (hardware, watch) = try played("fail nvmlDeviceGetComputeRunningProcesses_v3 999")
        guard case .failed = watch.evict([gpu(1)]) else { return #expect(Bool(false), "it is clean") }
        guard case .failed = watch.verify([(gpu(1), nil)]) else { return #expect(Bool(false), "it is clean") }
        _ = hardware
    }

    // MARK: Resetting

    @Test("each GPU is reset by name, while the driver's library is closed here, and the watch waits")
    func reset() throws {
        let (hardware, watch) = try played()
        let words = Mutex(0)
        watch.begin { _ in words.withLock { $0 += 1 } }
        defer { watch.stop() }
        #expect(eventually { words.withLock { $0 } == 1 })
        let said = scratch.path(of: "said")
        let script = try scratch.program("reset", "echo \"$1 $2 $LEASEHOLD_GPU\" >> \(said)")
        let shutdowns = try hardware.calls(of: "nvmlShutdown")
        let program = SiteProgram(path: script, arguments: ["-i"])
        #expect(watch.reset([gpu(1), gpu(2)], by: program) == .done(evidence: "reset \(gpu(1)), \(gpu(2))"))
        #expect(try hardware.calls(of: "nvmlShutdown") == shutdowns + 1)
        #expect(
            try String(contentsOfFile: said, encoding: .utf8)
                == "-i \(gpu(1)) \(gpu(1))\n-i \(gpu(2)) \(gpu(2))\n")
    }

    @Test("a reset that fails says of which GPU, and the rest is not tried")
    func resetFails() throws {
        let (hardware, watch) = try played()
        let program = SiteProgram(path: "/bin/false")
        #expect(watch.reset([gpu(1), gpu(2)], by: program) == .failed(reason: "\(gpu(1)): exit status 1"))
        _ = hardware
    }

    // MARK: Looking

    @Test("clean is no process, and no more memory in use than the driver needs for itself")
    func verified() throws {
        let (hardware, watch) = try played("set \(gpu(1)) used_memory \(100 << 20)")
        let idle = MemoryBytes(100 << 20)
        guard case .done(let evidence) = watch.verify([(gpu(1), idle)]) else {
            return #expect(Bool(false), "not clean")
        }
        #expect(evidence.hasPrefix("\(gpu(1)): no process, "))
        try hardware.say("set \(gpu(1)) used_memory \(200 << 20)")
        guard case .failed(let reason) = watch.verify([(gpu(1), idle)]) else { return #expect(Bool(false), "clean") }
        #expect(reason.contains("in use, and"))
        try hardware.say("set \(gpu(1)) used_memory 0")
        try hardware.say("process \(gpu(1)) compute 4194303 1000")
        #expect(watch.verify([(gpu(1), idle)]) == .failed(reason: "\(gpu(1)) has processes 4194303"))
        try hardware.say("lose \(gpu(1))")
        guard case .failed = watch.verify([(gpu(1), idle)]) else { return #expect(Bool(false), "a lost GPU is clean") }
    }

    // MARK: The whole

    private func perform(_ enforcer: Enforcer, _ step: DeviceStep, _ grant: GuardedGrant) -> StepOutcome? {
        let outcome = Mutex<StepOutcome?>(nil)
        let told = DispatchSemaphore(value: 0)
        let names = [gpu(1), gpu(2)]
        let gpus = grant.gpus.positions.map { (gpu: names[$0], used: MemoryBytes?.none) }
        enforcer.perform(StepOrder(grant: grant, step: step, head: .empty, node: "s/h/r/n", gpus: gpus)) { new in
            outcome.withLock { $0 = new }
            told.signal()
        }
        guard told.wait(timeout: .now() + 20) == .success else { return nil }
        return outcome.withLock { $0 }
    }

    @Test("hooks hear what it is about, one that is not there agrees, and its word is the step's")
    func hooks() throws {
        let (hardware, watch) = try played()
        let enforcer = Enforcer(
            Enforcer.Settings(hookDirectory: scratch.path, reset: nil, containerDirectory: nil), driver: watch,
            standing: [], names: [gpu(1), gpu(2)])
        #expect(
            perform(enforcer, .onGrant, grant(13, .first(2))) == .done(evidence: "there is no \(scratch.path)/on-grant")
        )
        let words =
            "$LEASEHOLD_HOOK $LEASEHOLD_NODE $LEASEHOLD_LEASE $LEASEHOLD_EPOCH $LEASEHOLD_GPUS "
            + "$LEASEHOLD_POSITIONS $LEASEHOLD_CDI_DEVICE"
        _ = try scratch.program("on-release", "echo \(words)\nexit 4")
        let said = "on-release s/h/r/n L13 1.13 \(gpu(1)),\(gpu(2)) 0,1 leasehold.dev/lease=L13-1.13-0"
        #expect(
            perform(enforcer, .onRelease, grant(13, .first(2))) == .failed(reason: "exit status 4: \(said)"))
        _ = hardware
    }

    @Test("a hook that is a link to nowhere is wanted and cannot be had: its step fails")
    func danglingHook() throws {
        let (hardware, watch) = try played()
        let enforcer = Enforcer(
            Enforcer.Settings(hookDirectory: scratch.path, reset: nil, containerDirectory: nil), driver: watch,
            standing: [], names: [gpu(1), gpu(2)])
        #expect(symlink("/nowhere/on-sanitise", scratch.path(of: "on-sanitise")) == 0)
        guard case .failed? = perform(enforcer, .onSanitise, grant(13, .first(2))) else {
            return #expect(Bool(false), "it counts as done")
        }
        _ = hardware
    }

    @Test("the steps are those that the settings ask for")
    func steps() {
        #expect(
            Enforcer.steps(Enforcer.Settings(reset: nil, attestation: .none, containerDirectory: nil)) == [
                .carve, .evict, .uncarve, .verify,
            ])
        #expect(
            Enforcer.steps(Enforcer.Settings(hookDirectory: "/etc/leasehold/hooks")) == Set(DeviceStep.allCases))
    }

    /// The driver's tables and files of two GPUs, with these minors; what is written here is read when it is asked for.
    private func tables(_ minors: [Int]) throws -> @Sendable () -> DriverFiles {
        let root = scratch.path(of: "root")
        let proc = "\(root)/proc/driver/nvidia/gpus"
        for (number, minor) in minors.enumerated() {
            try FileManager.default.createDirectory(
                atPath: "\(proc)/0000:0\(number):00.0", withIntermediateDirectories: true)
            let text = "GPU UUID: \t \(gpu(UInt64(number + 1)))\nDevice Minor: \t \(minor)\n"
            try Data(text.utf8).write(to: URL(filePath: "\(proc)/0000:0\(number):00.0/information"))
        }
        try Data("Character devices:\n195 nvidia\n510 nvidia-uvm\n".utf8)
            .write(to: URL(filePath: "\(root)/proc/devices"))
        return {
            DriverFiles(root: root) { path in
                let minor = path.hasSuffix("ctl") ? 255 : path.hasSuffix("0") ? 0 : path.hasSuffix("tools") ? 1 : nil
                if path.contains("uvm") { return DeviceNumber(major: 510, minor: path.hasSuffix("tools") ? 1 : 0) }
                return DeviceNumber(major: 195, minor: UInt32(minor ?? 1))
            }
        }
    }

    @Test("a driver that was loaded anew and numbers its GPUs otherwise has the specifications written anew")
    func describedAnew() throws {
        let (hardware, watch) = try played()
        let directory = scratch.path(of: "cdi")
        let settings = Enforcer.Settings(
            reset: nil, containerDirectory: directory, files: try tables([0, 1]))
        let enforcer = Enforcer(settings, driver: watch, standing: [], names: [gpu(1), gpu(2)])
        for (index, position) in [(UInt64(13), 0), (14, 1), (15, 1)] {
            _ = perform(enforcer, .describe, grant(index, .only(position)))
            if index == 14 { _ = perform(enforcer, .withdraw, grant(index, .only(position))) }
        }
        func minors(_ index: UInt64) throws -> [UInt32] {
            let name = CDIName(grant(index, .none))
            return try CDIDirectory.devices(of: name, in: directory).own.map(\.minor)
        }
        #expect(try minors(13) == [0] && minors(15) == [1])
        // They have changed places; while the tables are empty, nothing is touched.
        let gpus = "\(scratch.path(of: "root"))/proc/driver/nvidia/gpus"
        try FileManager.default.removeItem(atPath: gpus)
        let complaints = Mutex<[String]>([])
        enforcer.describeAnew { text in complaints.withLock { $0.append(text) } }
        #expect(eventually { complaints.withLock { $0.count } == 1 })
        #expect(try minors(13) == [0] && minors(15) == [1])
        _ = try tables([1, 0])
        #expect(try eventually { try minors(13) == [1] && minors(15) == [0] })
        // What was given back meanwhile does not come back.
        #expect(try minors(14) == [] && complaints.withLock { $0.count } == 1)
        _ = hardware
    }

    @Test("a specification comes with its grant and goes with it, and those of an earlier life are taken over")
    func container() throws {
        let (hardware, watch) = try played()
        let proc = "\(scratch.path(of: "root"))/proc/driver/nvidia/gpus"
        let directory = scratch.path(of: "cdi")
        let files = try tables([0, 1])
        let settings = Enforcer.Settings(reset: nil, containerDirectory: directory, files: files)
        let first = Enforcer(settings, driver: watch, standing: [], names: [gpu(1), gpu(2)])
        for (index, position) in [(UInt64(13), 0), (14, 1)] {
            guard case .done = perform(first, .describe, grant(index, .only(position))) else {
                return #expect(Bool(false), "L\(index) has no specification")
            }
        }
        // What hangs there has GPU 0 already (L1).
        guard case .failed = perform(first, .describe, grant(15, .only(0))) else {
            return #expect(Bool(false), "two grants have a GPU")
        }
        let names = { try PlayedBoard.names(in: directory) }
        #expect(try names() == ["leasehold.dev-lease_L13-1.13-0.json", "leasehold.dev-lease_L14-1.14-0.json"])
        // An agent that was killed comes back, and knows one of the two.
        let second = Enforcer(settings, driver: watch, standing: [grant(13, .only(0))], names: [gpu(1), gpu(2)])
        guard case .done = perform(second, .withdraw, grant(20, .only(1))) else {
            return #expect(Bool(false), "it cannot be taken over")
        }
        #expect(try names() == ["leasehold.dev-lease_L13-1.13-0.json"])
        guard case .done = perform(second, .withdraw, grant(13, .only(0))) else {
            return #expect(Bool(false), "it is not taken away")
        }
        #expect(try names() == [])
        // Without the driver's tables nobody knows what stands for what, and nothing is touched.
        try FileManager.default.removeItem(atPath: proc)
        let third = Enforcer(settings, driver: watch, standing: [], names: [gpu(1), gpu(2)])
        #expect(
            perform(third, .withdraw, grant(13, .only(0))) == .failed(reason: "the driver's tables name no GPU"))
        _ = hardware
    }
}
