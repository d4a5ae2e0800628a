internal import Dispatch
internal import Foundation
internal import Glibc
package import LeaseholdModel

/// A program of the site's own that is run at a node, and judged by its exit status.
///
/// It gets its facts as environment variables, nothing on standard input, and a time limit; what it says is evidence.
/// Whoever runs it waits for it, so no owner's thread does.
package struct SiteProgram: Hashable, Sendable {
    /// How it ended.
    package enum End: Hashable, Sendable {
        case succeeded(said: String)
        case failed(status: Int32, said: String)
        /// It was ended, with everything that it had started in its process group.
        case tookTooLong(Span, said: String)
        case didNotStart(reason: String)
    }

    /// An absolute path; `PATH` is not searched.
    package let path: String
    package let arguments: [String]
    package let limit: Span
    package let hearing: Hearing

    package init(
        path: String, arguments: [String] = [], limit: Span = .seconds(60), hearing: Hearing = .end
    ) {
        self.path = path
        self.arguments = arguments
        self.limit = limit
        self.hearing = hearing
    }

    /// What of all that it says is kept.
    package enum Hearing: Hashable, Sendable {
        /// The last 512 bytes: how it ended.
        case end
        /// The first 4096 bytes: what it answers.
        case beginning

        fileprivate var byteCountMax: Int {
            switch self {
            case .end: 512
            case .beginning: 4_096
            }
        }
    }

    /// How long it has between the polite signal and the other.
    private static let grace = Span.seconds(2)

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - more: arguments behind its own.
    ///   - environment: added to `PATH`, which is all that it inherits.
    /// - Returns: how it ended, after it has.
    package func run(_ more: [String] = [], environment: [String: String] = [:]) -> End {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments + more
        let search = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        process.environment = ["PATH": search].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        // A file and not a pipe: what it starts in turn may keep a pipe open for as long as it likes.
        let output: Descriptor
        do throws(SystemFailure) { output = try Descriptor(scratchIn: "/tmp") } catch {
            return .didNotStart(reason: "\(error)")
        }
        let handle = FileHandle(fileDescriptor: output.number, closeOnDealloc: false)
        process.standardOutput = handle
        process.standardError = handle
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        do { try process.run() } catch { return .didNotStart(reason: "\(path): \(error.localizedDescription)") }
        let isInTime = ended.wait(timeout: .now() + .nanoseconds(Int(limit.nanoseconds))) == .success
        if !isInTime { end(process, ended) }
        let said = said(output)
        guard isInTime else { return .tookTooLong(limit, said: said) }
        let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        return status == 0 ? .succeeded(said: said) : .failed(status: status, said: said)
    }

    /// Ends it and its group: politely, then not.
    private func end(_ process: Process, _ ended: DispatchSemaphore) {
        let pid = process.processIdentifier
        // Where the system has not given it a group of its own, the group is ours.
        let target = getpgid(pid) == pid ? -pid : pid
        kill(target, SIGTERM)
        _ = ended.wait(timeout: .now() + .nanoseconds(Int(SiteProgram.grace.nanoseconds)))
        kill(target, SIGKILL)
    }

    private func said(_ output: borrowing Descriptor) -> String {
        let end = lseek(output.number, 0, SEEK_END)
        let count = min(Int(end), hearing.byteCountMax)
        guard count > 0 else { return "" }
        let start = hearing == .end ? Int(end) - count : 0
        var bytes = [UInt8](repeating: 0, count: count)
        let got = bytes.withUnsafeMutableBytes { pread(output.number, $0.baseAddress, count, off_t(start)) }
        let text = String(decoding: bytes.prefix(max(0, got)), as: UTF8.self)
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension SiteProgram.End {
    /// What it came to, as the outcome of a step.
    package var outcome: StepOutcome {
        switch self {
        case .succeeded(let said): .done(evidence: "exit status 0" + SiteProgram.End.quoted(said))
        case .failed(let status, let said): .failed(reason: "exit status \(status)" + SiteProgram.End.quoted(said))
        case .tookTooLong(let limit, let said):
            .failed(reason: "ended after \(limit)" + SiteProgram.End.quoted(said))
        case .didNotStart(let reason): .failed(reason: reason)
        }
    }

    private static func quoted(_ said: String) -> String { said.isEmpty ? "" : ": \(said)" }
}

extension Descriptor {
    /// An open file without a name, in a directory.
    fileprivate init(scratchIn directory: String) throws(SystemFailure) {
        // O_TMPFILE, which the module map does not know.
        try self.init(opening: directory, 0o20_000_000 | O_DIRECTORY | O_RDWR)
    }
}
