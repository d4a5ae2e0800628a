import Foundation
import Glibc

/// A process of somebody else's that has devices open, until the test is over.
final class Holder {
    private let process = Process()

    init(_ script: String) throws {
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "\(script)\nexec sleep 600"]
        try process.run()
    }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    /// Ends it, and waits for that.
    func end() {
        if process.isRunning { kill(pid, SIGKILL) }
        process.waitUntilExit()
    }

    deinit { end() }
}

/// A control group of one test's own.
final class TestGroup {
    private(set) var path = ""

    /// Nil where none may be made.
    init?() {
        for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] where access("\(mount)/cgroup.procs", W_OK) == 0 {
            path = "\(mount)/leasehold-\(UUID().uuidString)"
            if mkdir(path, 0o755) == 0 { return }
        }
        return nil
    }

    deinit { rmdir(path) }
}
