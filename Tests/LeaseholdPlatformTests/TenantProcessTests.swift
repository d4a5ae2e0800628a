import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("Tenants' processes")
struct TenantProcessTests {
    private static let slot = NodeSlot(rawValue: 0)
    private static let shape = NodeShape(
        path: "s/n", kind: "T4", gpuCount: 4, envelope: Watts(400), idleFloor: Watts(40))
    private let scratch = Scratch()
    private var path: String { scratch.path(of: DeviceFile.name) }

    private static func made(_ path: String) throws -> DeviceFile {
        try DeviceFile.create(path, nodes: [shape], boot: .current())
        return try DeviceFile.open(path, access: .writing)
    }

    private static func grant(_ index: UInt64, gpus: GPUSet = .first(2)) -> GuardedGrant {
        GuardedGrant(
            slot: slot, lease: LeaseID(rawValue: index),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index)), gpus: gpus)
    }

    private static func started(_ grant: GuardedGrant, in file: DeviceFile) throws -> ProcessIdentity {
        let tag = try file.occupy(grant, at: Clocks.boot())
        let work = TenantWork(file: file, grant: grant, tag: tag, beat: .milliseconds(2))
        return try TenantProcesses.start(work, notAfter: .never)
    }

    private static func writes(_ file: DeviceFile, _ position: Int) -> UInt64 {
        file.counts(slot, gpu: position).writes
    }

    @Test("work marks its GPUs and no other, and meets nobody")
    func alone() throws {
        let file = try Self.made(path)
        let process = try Self.started(Self.grant(7), in: file)
        #expect(eventually { Self.writes(file, 0) > 20 && Self.writes(file, 1) > 20 })
        #expect(file.holders().map(\.process) == [process])
        #expect(process.isAlive)
        end(process)
        #expect(!process.isAlive)
        #expect(file.node(Self.slot).gpus.map(\.isMemoryDirty) == [true, true, false, false])
        file.vacate(Self.grant(7))
        #expect(!file.node(Self.slot).gpus[0].isMemoryDirty)
        #expect(file.counts().intrusions == 0)
        #expect(Self.writes(file, 2) == 0)
    }

    @Test("work is not spared when memory runs out, though its guard is")
    func notSpared() throws {
        let file = try Self.made(path)
        let before = try Self.memoryScore(of: "self")
        // Only the privileged may be spared; what others can have set stays as it is.
        let isSpared = Self.setMemoryScore("-500")
        try #require(isSpared || Self.setMemoryScore("300"))
        defer { _ = Self.setMemoryScore(before) }
        let process = try Self.started(Self.grant(7), in: file)
        #expect(try Self.memoryScore(of: "\(process.pid)") == (isSpared ? "0" : "300"))
        end(process)
    }

    private static func memoryScore(of process: String) throws -> String {
        try String(contentsOfFile: "/proc/\(process)/oom_score_adj", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func setMemoryScore(_ score: String) -> Bool {
        let file = open("/proc/self/oom_score_adj", O_WRONLY)
        defer { close(file) }
        return write(file, score, score.utf8.count) == score.utf8.count
    }

    @Test("leases that follow each other on a GPU meet nobody")
    func inTurn() throws {
        let file = try Self.made(path)
        for index in 1...5 as ClosedRange<UInt64> {
            let before = Self.writes(file, 0)
            let process = try Self.started(Self.grant(index), in: file)
            #expect(eventually { Self.writes(file, 0) > before + 2 })
            end(process)
            file.vacate(Self.grant(index))
        }
        #expect(file.counts().intrusions == 0)
    }

    @Test("two works on one GPU are seen, though the device names one holder")
    func twoHolders() throws {
        let file = try Self.made(path)
        let rightful = try Self.started(Self.grant(7), in: file)
        // The planted mistake: work under an epoch that no device was asked about.
        // It marks once; so it finds the rightful mark, and the rightful work finds its mark.
        let planted = TenantWork(
            file: file, grant: Self.grant(6, gpus: .only(1)), tag: TenantTag(rawValue: 6), beat: .seconds(60))
        let intruder = try TenantProcesses.start(planted, notAfter: .never)
        #expect(eventually { file.counts(Self.slot, gpu: 1).intrusions == 2 })
        #expect(file.counts(Self.slot, gpu: 0).intrusions == 0)
        #expect(file.holders().map(\.process) == [rightful])
        end(intruder)
        end(rightful)
    }

    @Test("work that overstays is seen by itself, even where the next one never starts")
    func overstays() throws {
        let file = try Self.made(path)
        let process = try Self.started(Self.grant(7), in: file)
        #expect(eventually { Self.writes(file, 0) > 0 })
        // The planted mistake: given back while the work still runs.
        file.vacate(Self.grant(7))
        #expect(eventually { file.counts(Self.slot, gpu: 0).intrusions > 0 })
        end(process)
    }

    @Test("what an intruder left is seen when the GPU is wiped")
    func leftMark() throws {
        let file = try Self.made(path)
        let process = try Self.started(Self.grant(7), in: file)
        end(process)
        let planted = TenantWork(
            file: file, grant: Self.grant(6, gpus: .only(1)), tag: TenantTag(rawValue: 6), beat: .seconds(60))
        let intruder = try TenantProcesses.start(planted, notAfter: .never)
        #expect(eventually { file.counts(Self.slot, gpu: 1).intrusions > 0 })
        end(intruder)
        let before = file.counts().intrusions
        file.vacate(Self.grant(7))
        #expect(file.counts().intrusions == before + 1)
    }

    @Test("works on slices of one GPU mark their slices alone and meet nobody; work on the whole of it they meet")
    func slices() throws {
        let shape = NodeShape(
            path: "s/n", kind: "H100", gpuCount: 2, envelope: Watts(400), idleFloor: Watts(40), canBeCut: true)
        try DeviceFile.create(path, nodes: [shape], boot: .current())
        let file = try DeviceFile.open(path, access: .writing)
        let grants = [(UInt64(7), SliceSet(low: 0xF000)), (8, SliceSet(low: 0x0300))].map { index, slices in
            GuardedGrant(
                slot: Self.slot, lease: LeaseID(rawValue: index), epoch: Self.grant(index).epoch, gpus: .only(1),
                cut: .unnamed(slices))
        }
        let processes = try grants.map { try Self.started($0, in: file) }
        #expect(eventually { Self.writes(file, 1) > 60 })
        let dirty = file.node(Self.slot).gpus[1].slices.map(\.isMemoryDirty)
        #expect(dirty == [true, true, false, false, true, true, true, true])
        #expect(file.counts().intrusions == 0 && Self.writes(file, 0) == 0)
        end(processes[0])
        file.vacate(grants[0])
        #expect(file.holders().map(\.lease) == [LeaseID(rawValue: 8)] && file.counts().intrusions == 0)
        // The planted mistake: work on the whole GPU, which no device was asked about; it marks once.
        let planted = TenantWork(
            file: file, grant: Self.grant(6, gpus: .only(1)), tag: TenantTag(rawValue: 6), beat: .seconds(60))
        let intruder = try TenantProcesses.start(planted, notAfter: .never)
        #expect(eventually { file.counts(Self.slot, gpu: 1).intrusions > 1 })
        end(intruder)
        end(processes[1])
    }

    @Test("work is not started once its deadline has passed, and leaves no process")
    func tooLate() throws {
        let file = try Self.made(path)
        let tag = try file.occupy(Self.grant(7), at: Clocks.boot())
        let work = TenantWork(file: file, grant: Self.grant(7), tag: tag, beat: .milliseconds(2))
        #expect(throws: StartFailure.tooLate) { try TenantProcesses.start(work, notAfter: Clocks.boot()) }
        let process = try #require(file.holders().first?.process)
        #expect(!process.isAlive)
        #expect(file.counts().writes == 0)
    }

    @Test("an executable that cannot be started is named with its errno, and leaves no process")
    func noExecutable() {
        let failure = StartFailure.system(
            SystemFailure(operation: "start", subject: "/nowhere/tenant", code: ENOENT))
        var recorded: ProcessIdentity?
        #expect(throws: failure) {
            try TenantProcesses.start(executable: "/nowhere/tenant", arguments: []) { recorded = $0 }
        }
        #expect(recorded?.isAlive == false)
    }

    @Test("a tenant's process leads its own group, holds nothing of its guard's and blocks no signal")
    func stripped() throws {
        var set = sigset_t()
        var before = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGUSR1)
        pthread_sigmask(SIG_BLOCK, &set, &before)
        signal(SIGPIPE, SIG_IGN)
        let process = try TenantProcesses.start(executable: "/bin/sleep", arguments: ["1000"])
        pthread_sigmask(SIG_SETMASK, &before, nil)
        defer { end(process) }
        #expect(getpgid(process.pid) == process.pid)
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.pid)/fd")
        #expect(Set(open).isSubset(of: ["0", "1", "2"]))
        let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
        #expect(status.contains("SigBlk:\t0000000000000000"))
        let ignored = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigIgn:\t") })
        // The C library keeps the signals from 32 on for itself.
        #expect(UInt64(ignored.dropFirst(8), radix: 16).map { $0 & 0x7FFF_FFFF } == 0)
    }

    @Test("a number that another process has now is not the process that had it")
    func reusedNumber() throws {
        let process = try TenantProcesses.start(executable: "/bin/sleep", arguments: ["1000"])
        defer { end(process) }
        #expect(process.isAlive)
        #expect(!ProcessIdentity(pid: process.pid, startTick: process.startTick &+ 1).isAlive)
        #expect(ProcessIdentity(livingWithPID: process.pid) == process)
    }

    @Test("the work dies with a guard that is killed, and the next guard finds the devices as they were left")
    func guardDies() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let file = try Self.made(path)
            _ = try Self.started(Self.grant(7), in: file)
            // One that, unlike the work, does not look after its guard by itself.
            let careless = Self.grant(8, gpus: .only(3))
            _ = try file.occupy(careless, at: Clocks.boot())
            _ = try TenantProcesses.start(executable: "/bin/sleep", arguments: ["1000"]) {
                file.record($0, for: careless)
            }
            guard eventually({ Self.writes(file, 0) > 0 }) else { exit(1) }
            kill(getpid(), SIGKILL)
        }
        let file = try DeviceFile.open(path, access: .writing)
        let processes = file.holders().compactMap(\.process)
        #expect(processes.count == 2)
        for process in processes {
            #expect(eventually { !process.isAlive })
            guard process.isAlive else { continue }
            kill(process.pid, SIGKILL)
        }
        #expect(try TenantProcesses.endSurvivors(in: file, boot: .current(), within: .seconds(5)).isEmpty)
        try file.clear(boot: .current())
        #expect(file.holders().isEmpty)
        #expect(file.counts().intrusions == 0)
        let next = try Self.started(Self.grant(9), in: file)
        #expect(eventually { file.counts().writes > 0 })
        end(next)
    }

    @Test("a process that survived its guard is ended and gone before the devices are cleared")
    func survivors() throws {
        let file = try Self.made(path)
        _ = try file.occupy(Self.grant(7), at: Clocks.boot())
        let process = try TenantProcesses.start(executable: "/bin/sleep", arguments: ["1000"]) {
            file.record($0, for: Self.grant(7))
        }
        #expect(process.isAlive)
        let ended = try TenantProcesses.endSurvivors(in: file, boot: .current(), within: .seconds(5))
        #expect(ended == [process])
        #expect(!process.isAlive)
        end(process)
    }

    @Test("after a reboot the numbers in the file are nobody's")
    func otherBoot() throws {
        let file = try Self.made(path)
        _ = try file.occupy(Self.grant(7), at: Clocks.boot())
        let process = try TenantProcesses.start(executable: "/bin/sleep", arguments: ["1000"]) {
            file.record($0, for: Self.grant(7))
        }
        defer { end(process) }
        let other = BootID(high: 1, low: 2)
        #expect(try TenantProcesses.endSurvivors(in: file, boot: other, within: .seconds(5)).isEmpty)
        #expect(process.isAlive)
    }
}
