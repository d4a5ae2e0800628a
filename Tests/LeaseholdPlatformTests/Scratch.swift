import Foundation
import Glibc
import LeaseholdModel
import LeaseholdPlatform

/// A folder of a test's own, which goes when the test is over.
final class Scratch {
    let path: String

    init() {
        let folder = FileManager.default.temporaryDirectory.appending(path: "leasehold-\(UUID())")
        path = folder.path
        precondition(mkdir(path, 0o700) == 0, "no scratch folder \(path): errno \(errno)")
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind: \(path): \(error)") }
    }

    func path(of name: String) -> String { "\(path)/\(name)" }

    /// Writes a shell program that a test runs at once; returns its path.
    ///
    /// A child writes it: what another test starts at that moment would inherit a file that this process has open for
    /// writing, and as long as somebody has, nobody can run it (ETXTBSY).
    func program(_ name: String, _ text: String, mode: String = "755") throws -> String {
        let whole = path(of: name)
        let writer = Process()
        writer.executableURL = URL(filePath: "/bin/sh")
        writer.arguments = [
            "-c", "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod $3 \"$1\"", "sh", whole, text, mode,
        ]
        try writer.run()
        writer.waitUntilExit()
        precondition(writer.terminationStatus == 0, "\(whole) was not written")
        return whole
    }
}

/// Waits for something that another process or thread will bring about, ten seconds at most.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Clocks.boot() + .seconds(10)
    while try !condition() {
        guard Clocks.boot() < deadline else { return false }
        poll(nil, 0, 2)
    }
    return true
}

/// Kills a child of this test and reaps it; no other test's child is touched.
func end(_ process: ProcessIdentity) {
    kill(-process.pid, SIGKILL)
    while waitpid(process.pid, nil, 0) < 0, errno == EINTR {}
}
