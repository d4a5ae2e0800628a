package import Foundation
import Glibc

/// One of the executables, running as a process, with its output in a file.
package final class Program {
    package let name: String
    /// Where both of its output streams go.
    package let output: URL
    private let process = Process()

    /// Starts an executable of this build.
    package convenience init(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], output: URL
    ) throws {
        try self.init(
            Program.directory.appendingPathComponent(name), arguments, environment: environment, output: output)
    }

    /// Starts a script that finds the executables of this build first.
    package convenience init(script: URL, environment: [String: String], output: URL) throws {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let found = ["PATH": "\(Program.directory.path):\(path)"].merging(environment) { $1 }
        try self.init(script, [], environment: found, output: output)
    }

    private init(_ executable: URL, _ arguments: [String], environment: [String: String], output: URL) throws {
        self.name = executable.lastPathComponent
        self.output = output
        try Data().write(to: output)
        let handle = try FileHandle(forWritingTo: output)
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        try handle.close()
    }

    /// Where the executables of this build are: beside the test bundle.
    package static var directory: URL {
        if let named = ProcessInfo.processInfo.environment["LEASEHOLD_BIN"] { return URL(fileURLWithPath: named) }
        return URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    }

    package var processID: Int32 { process.processIdentifier }
    package var isRunning: Bool { process.isRunning }

    /// All that it has printed so far.
    package var printed: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }  // not there yet: empty

    /// Sends it a signal; one that is gone already is left alone.
    package func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// SIGKILL, and waits until the kernel has taken it away.
    package func killNow() {
        signal(SIGKILL)
        process.waitUntilExit()
    }

    /// Waits for its end; nil when it is still running then.
    package func exitStatus(within seconds: Double) -> Int32? {
        guard eventually(within: seconds, { !process.isRunning }) else { return nil }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// Waits for a line that contains a text; a failure shows what was printed instead.
    package func line(containing text: String, within seconds: Double = 20) throws -> String {
        var found: String?
        _ = eventually(within: seconds) {
            found = printed.split(separator: "\n").last { $0.contains(text) }.map(String.init)
            return found != nil || !process.isRunning
        }
        guard let found else { throw HarnessFailure("\(name) never printed \"\(text)\"; it printed:\n\(printed)") }
        return found
    }
}

/// What a finished command answered.
package struct Answer {
    package let status: Int32
    package let output: String
    package let complaint: String
    package init(status: Int32, output: String, complaint: String) {
        self.status = status
        self.output = output
        self.complaint = complaint
    }
}

/// Runs an executable of this build to its end.
package func run(
    _ name: String, _ arguments: [String], input: URL? = nil, environment: [String: String] = [:]
) throws -> Answer {
    let process = Process()
    process.executableURL = Program.directory.appendingPathComponent(name)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
    // Files, not pipes: a long answer must not stop the program because nobody reads yet.
    let folder = FileManager.default.temporaryDirectory
    let files = [1, 2].map { folder.appendingPathComponent("leasehold-\(UUID().uuidString)-\($0)") }
    defer { for file in files { unlink(file.path) } }
    for file in files { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    process.waitUntilExit()
    return Answer(
        status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
        output: try String(contentsOf: files[0], encoding: .utf8),
        complaint: try String(contentsOf: files[1], encoding: .utf8))
}

/// Something that the harness needed and the world did not give.
package struct HarnessFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Looks at a condition until it holds or the time is over; returns whether it held.
package func eventually(within seconds: Double, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = DispatchTime.now() + seconds
    while true {
        if try condition() { return true }
        guard DispatchTime.now() < end else { return false }
        poll(nil, 0, 10)
    }
}
