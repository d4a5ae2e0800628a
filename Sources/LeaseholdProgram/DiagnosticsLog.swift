import Foundation
import Glibc
import Logging

/// What a process says to its operator on standard error, written by a thread of its own.
///
/// A terminal that is stopped, or a pipe that nobody reads, must not hold up a grant: whoever has something to say puts a
/// line into a bounded queue and goes on. What finds no room is dropped and counted, and the count is said as soon as
/// somebody reads again. Unchecked, because the compiler cannot see that all that changes is behind the condition's lock.
package final class DiagnosticsLog: @unchecked Sendable {
    /// Bytes of lines that may wait (L10); a line that is longer by itself is never written.
    package static let byteCountMax = 1 << 20
    /// How long the end of a process waits for what it has said to be read.
    private static let lastWordsSeconds = 0.5

    private let condition = NSCondition()
    private let descriptor: Int32
    // Everything below is touched with the condition locked.
    private var lines: [String] = []
    private var byteCount = 0
    private var droppedCount = 0
    private var isWriting = false
    private var hasThread = false

    /// The one of the process.
    package static let standardError = DiagnosticsLog(descriptor: STDERR_FILENO)

    /// Writes to an open descriptor, which outlives it.
    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// Makes every logger of the process speak through it.
    package func bootstrap() {
        LoggingSystem.bootstrap { DiagnosticsHandler(label: $0, log: self) }
    }

    /// Says a line; returns at once, whoever reads or does not read.
    package func say(_ line: String) {
        condition.lock()
        defer { condition.unlock() }
        let lineByteCount = line.utf8.count + 1
        if byteCount + lineByteCount > DiagnosticsLog.byteCountMax {
            droppedCount += 1
        } else {
            byteCount += lineByteCount
            lines.append(line)
        }
        startThread()
        condition.broadcast()
    }

    /// Waits until everything is written, a moment at most; whether it was.
    @discardableResult
    package func finish() -> Bool {
        let limit = Date(timeIntervalSinceNow: DiagnosticsLog.lastWordsSeconds)
        condition.lock()
        defer { condition.unlock() }
        while !lines.isEmpty || isWriting || droppedCount > 0 {
            guard condition.wait(until: limit) else { return false }
        }
        return true
    }

    private func startThread() {
        guard !hasThread else { return }
        hasThread = true
        let thread = Thread { self.write() }
        thread.name = "diagnostics"
        thread.start()
    }

    private func write() {
        while true {
            condition.lock()
            while lines.isEmpty, droppedCount == 0 { condition.wait() }
            var text = lines.reduce(into: "") { $0 += $1 + "\n" }
            if droppedCount > 0 {
                let lines = droppedCount == 1 ? "1 line was" : "\(droppedCount) lines were"
                text += "\(lines) dropped: nobody read standard error\n"
            }
            lines = []
            byteCount = 0
            droppedCount = 0
            isWriting = true
            condition.unlock()
            writeWholly(text)
            condition.lock()
            isWriting = false
            condition.broadcast()
            condition.unlock()
        }
    }

    /// Writes all of it; where the other end is gone, nobody wants to know.
    ///
    /// Whoever shares the descriptor may have made it one that does not wait; then this waits for it.
    private func writeWholly(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var awaited = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&awaited, 1, -1)
            default: return
            }
        }
    }
}

/// A logger's lines as `2026-11-27T10:16:16Z warning leasehold-coordinator: text`.
private struct DiagnosticsHandler: LogHandler {
    let label: String
    let log: DiagnosticsLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(label: String, log: DiagnosticsLog) {
        self.label = label
        self.log = log
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let known = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let facts = known.map { " \($0.key)=\($0.value)" }.joined()
        log.say("\(Date.now.formatted(.iso8601)) \(event.level) \(label): \(event.message)\(facts)")
    }
}
