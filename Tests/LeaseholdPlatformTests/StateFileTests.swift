import Foundation
import Glibc
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("Locks, directories, small files, clocks")
struct StateFileTests {
    private let scratch = Scratch()

    private func holder(_ role: String) -> LockHolder {
        LockHolder(
            role: role, pid: getpid(), incarnation: Incarnation(high: 1, low: 2), boot: BootID(high: 3, low: 4))
    }

    /// Tries to lock; the failure.
    private func failure(locking path: String) -> LockFailure? {
        do throws(LockFailure) {
            _ = try ProcessLock.acquire(path: path, describing: holder("other"))
            return nil
        } catch {
            return error
        }
    }

    @Test("a lock names its holder to the next one, and is free once the holder has let go")
    func lock() throws {
        let path = scratch.path(of: "guard.lock")
        do {
            let lock = try ProcessLock.acquire(path: path, describing: holder("guard"))
            #expect(lock.path == path)
            let expected =
                "guard, process \(getpid()), incarnation 00000000-0000-0001-0000-000000000002, "
                + "boot 00000000-0000-0003-0000-000000000004"
            #expect(failure(locking: path) == .held(path: path, by: expected))
        }
        #expect(failure(locking: path) == nil)
    }

    @Test("a process that is killed leaves no lock behind")
    func lockDies() async throws {
        let path = scratch.path(of: "guard.lock")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let lock = try ProcessLock.acquire(
                path: path, describing: .current(role: "guard", incarnation: .random()))
            kill(getpid(), SIGKILL)
            _ = lock.path
        }
        #expect(try AtomicFile.read(path).starts(with: "guard, process ".utf8))
        #expect(failure(locking: path) == nil)
    }

    @Test("a lock in a directory that is not there is a failure that names the path")
    func lockNowhere() {
        let path = scratch.path(of: "nowhere/guard.lock")
        let expected = SystemFailure(operation: "open", subject: path, code: ENOENT)
        #expect(failure(locking: path) == .system(expected))
        #expect("\(expected)" == "cannot open \(path): No such file or directory (ENOENT)")
    }

    @Test("a state directory is made with those above it, for its owner alone, and making it again changes nothing")
    func directory() throws {
        let path = scratch.path(of: "a/b/c")
        try StateDirectory.make(path)
        try StateDirectory.make(path + "/")
        var found = stat()
        #expect(stat(path, &found) == 0)
        #expect(found.st_mode == S_IFDIR | 0o700)
    }

    @Test("a file on the way to a state directory is named, with what to do")
    func fileInTheWay() throws {
        let file = scratch.path(of: "file")
        try AtomicFile.write([1], to: file)
        for path in [file, file + "/state"] {
            let failure = #expect(throws: SystemFailure.self) { try StateDirectory.make(path) }
            #expect(failure?.code == ENOTDIR)
            #expect(failure?.description.contains(file) == true)
            #expect(failure?.description.contains("choose another directory") == true)
        }
    }

    @Test("a small file is replaced whole and leaves no draft")
    func atomicFile() throws {
        let path = scratch.path(of: "marker")
        try AtomicFile.write(Array("first and longer".utf8), to: path)
        try AtomicFile.write(Array("second".utf8), to: path)
        #expect(try AtomicFile.read(path) == Array("second".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["marker"])
    }

    @Test("a small file that cannot be written leaves the old contents")
    func atomicFileFails() throws {
        let path = scratch.path(of: "marker")
        try AtomicFile.write([1], to: path)
        #expect(mkdir(path + ".new", 0o700) == 0)
        #expect(throws: SystemFailure(operation: "open", subject: path + ".new", code: EISDIR)) {
            try AtomicFile.write([2], to: path)
        }
        #expect(try AtomicFile.read(path) == [1])
    }

    @Test("the boot clock never goes back, and the boot has one name")
    func clocks() throws {
        let instants = (0..<1_000).map { _ in Clocks.boot() }
        #expect(instants == instants.sorted())
        #expect(try BootID.current() == BootID.current())
        #expect(Incarnation.random() != Incarnation.random())
    }

    @Test("a new request id says when it was made")
    func requestID() {
        let now = Clocks.calendar()
        let id = RequestID.random(at: now)
        #expect(id.isVersion7)
        #expect(id.askedAt.nanoseconds / 1_000_000 == now.nanoseconds / 1_000_000)
        #expect(id != RequestID.random(at: now))
    }
}
