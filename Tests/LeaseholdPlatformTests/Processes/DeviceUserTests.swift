import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("Who has a device open")
struct DeviceUserTests {
    /// `/dev/zero` stands for a GPU, `/dev/null` for another: devices that hold nobody up.
    private static let gpu = DeviceNumber(major: 1, minor: 5)
    private static let other = DeviceNumber(major: 1, minor: 3)

    private let scratch = Scratch()

    private func pids(_ devices: Set<DeviceNumber>, spared: [String] = []) throws -> Set<Int32> {
        let look = DeviceUsers(spared: spared).look(for: devices)
        if let failure = look.failure { throw failure }
        return look.pids
    }

    @Test("a process is found by the device that it has open, by whatever file it was opened")
    func found() throws {
        let holder = try Holder("exec 7</dev/zero")
        let other = try Holder("exec 7</dev/null")
        #expect(try eventually { try pids([Self.gpu]).contains(holder.pid) })
        #expect(try eventually { try pids([Self.other]).contains(other.pid) })
        #expect(try !pids([Self.gpu]).contains(other.pid))
        #expect(try pids([Self.gpu, Self.other]).isSuperset(of: [holder.pid, other.pid]))
        #expect(try pids([]).isEmpty)
        // A tenant may have a node of its own for the same device, where it may make one.
        let own = scratch.path(of: "gpu")
        guard mknod(own, S_IFCHR | 0o600, 0x105) == 0 else { return }
        let sly = try Holder("exec 7<\(own); rm \(own)")
        #expect(try eventually { try pids([Self.gpu]).contains(sly.pid) })
    }

    @Test("what is in a group that is spared is left alone, and a group beside it is not")
    func spared() throws {
        let holder = try Holder("exec 7</dev/zero")
        #expect(try eventually { try pids([Self.gpu]).contains(holder.pid) })
        let groups = try String(contentsOfFile: "/proc/\(holder.pid)/cgroup", encoding: .utf8)
        let group = try #require(groups.split(separator: "\n").first?.split(separator: ":").last).description
        #expect(try !pids([Self.gpu], spared: [group]).contains(holder.pid))
        #expect(try pids([Self.gpu], spared: [group + "x", "/nowhere"]).contains(holder.pid))
    }

    @Test("who has a device open is ended, politely first, and nobody else")
    func evicted() throws {
        let polite = try Holder("exec 7</dev/zero")
        let deaf = try Holder("trap '' TERM; exec 7</dev/zero")
        let other = try Holder("exec 7</dev/null")
        #expect(try eventually { try pids([Self.gpu]).isSuperset(of: [polite.pid, deaf.pid]) })
        let mine: Set = [polite.pid, deaf.pid]
        let outcome = Eviction {
            EvictionLook(pids: DeviceUsers(spared: []).look(for: [Self.gpu]).pids.intersection(mine))
        }.run(grace: .milliseconds(300))
        guard case .done(let evidence) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(evidence.contains("\(polite.pid)") && evidence.contains("\(deaf.pid)"))
        #expect(eventually { !polite.isRunning && !deaf.isRunning })
        #expect(other.isRunning)
    }

    @Test(
        "who is started in the place of one that was ended goes with all of its control group",
        arguments: [
            // A job that starts its worker again.
            "while true; do /bin/sh -c 'exec 7</dev/zero; exec sleep 600'; done",
            // Links of a chain that are gone before a look is over.
            """
            exec python3 -c "import os, time
            os.open('/dev/zero', 0)
            while True:
                if os.fork(): time.sleep(0.001); os._exit(0)"
            """,
        ])
    func comesBack(script: String) throws {
        guard let own = TestGroup() else { return print("no control group can be made here: not looked at") }
        let group = own.path
        let holder = try Holder("echo $$ > \(group)/cgroup.procs\n\(script)")
        func members() -> Set<Int32> {
            let text = (try? String(contentsOfFile: "\(group)/cgroup.procs", encoding: .utf8)) ?? ""  // gone: nobody
            return Set(text.split(separator: "\n").compactMap { Int32($0) })
        }
        let users = DeviceUsers(spared: [])
        #expect(eventually { !users.look(for: [Self.gpu]).pids.isDisjoint(with: members()) })
        let name = "/" + (group.split(separator: "/").last ?? "")
        let outcome = Eviction {
            // Of everybody on the device those of the group alone: the machine is not this test's.
            EvictionLook(
                pids: users.look(for: [Self.gpu]).pids.filter { pid in
                    // One that is gone is not one of them.
                    FileManager.default.contents(atPath: "/proc/\(pid)/cgroup")
                        .map { String(decoding: $0, as: UTF8.self).contains("0::\(name)\n") } ?? false
                })
        }.run(grace: .milliseconds(500))
        guard case .done(let evidence) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(evidence.contains("all of \(name)") || !script.contains("while true; do"), "\(evidence)")
        #expect(eventually { members().isEmpty && !holder.isRunning })
    }

    @Test("a process whose first thread has ended is found by another's files")
    func threads() throws {
        let holder = try Holder(
            """
            exec python3 -c "import ctypes, os, threading, time
            os.open('/dev/zero', 0)
            threading.Thread(target=time.sleep, args=(600,)).start()
            time.sleep(0.2)
            ctypes.CDLL(None).pthread_exit(None)"
            """)
        func isFirstGone() -> Bool {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(holder.pid)/fd"))?.isEmpty ?? true
        }
        #expect(eventually { isFirstGone() })
        #expect(try pids([Self.gpu]).contains(holder.pid))
    }

    @Test("a process that has ended between two looks is no failure, and a table that is not there is one")
    func gone() throws {
        let ended = scratch.path(of: "4711")
        try FileManager.default.createDirectory(atPath: ended, withIntermediateDirectories: true)
        let look = DeviceUsers(root: scratch.path, spared: []).look(for: [Self.gpu])
        #expect(look.pids.isEmpty && look.failure == nil)
        #expect(DeviceUsers(root: scratch.path(of: "nowhere"), spared: []).look(for: [Self.gpu]).failure != nil)
    }
}

@Suite("A hardware watchdog")
struct HardwareWatchdogTests {
    private let scratch = Scratch()

    /// A watchdog that is a file: what it hears stands there.
    private func watchdog(most: Span = .seconds(8), giving seconds: Int32? = nil, code: Int32 = 0) throws(SystemFailure)
        -> HardwareWatchdog
    {
        let path = scratch.path(of: "watchdog")
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw SystemFailure(operation: "make", subject: path, code: EIO)
        }
        return try HardwareWatchdog(path, most: most) { _, asked in
            asked = seconds ?? asked
            return code
        }
    }

    private var heard: [UInt8] {
        FileManager.default.contents(atPath: scratch.path(of: "watchdog")).map(Array.init) ?? []
    }

    @Test("it hears of the process four times within its timeout, and at last that it may rest")
    func beats() throws {
        let watchdog = try watchdog()
        #expect(watchdog.timeout == .seconds(8))
        for second in 0...8 as ClosedRange<Int64> { #expect(watchdog.beat(at: .zero + .seconds(second)) == nil) }
        #expect(heard == [0, 0, 0, 0, 0] && watchdog.due == .zero + .seconds(10))
        #expect(watchdog.disarm() == nil)
        #expect(heard.last == UInt8(ascii: "V"))
    }

    @Test("one that cannot be as quick as is promised is let go again")
    func slow() throws {
        #expect(throws: SystemFailure.self) { try watchdog(giving: 60) }
        #expect(heard == [UInt8(ascii: "V")])
        #expect(throws: SystemFailure.self) { try watchdog(code: ENOTTY) }
        #expect(throws: SystemFailure.self) { try watchdog(most: .milliseconds(900)) }
        #expect(throws: SystemFailure.self) { try HardwareWatchdog(scratch.path(of: "none"), most: .seconds(8)) }
    }
}
