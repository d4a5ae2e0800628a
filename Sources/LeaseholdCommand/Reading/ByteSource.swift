import Dispatch
import Glibc

/// A file or standard input, read in pieces on a thread of its own, so that waiting for input stops nothing else.
final class ByteSource: Sendable {
    /// The path, or `standard input`.
    let name: String
    private let descriptor: Int32
    private let queue = DispatchQueue(label: "leasectl.input")

    /// Opens a file, or standard input for `-`.
    init(path: String) throws(Ending) {
        if path == "-" {
            name = "standard input"
            descriptor = STDIN_FILENO
            return
        }
        name = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ByteSource.trouble(path, "cannot be opened", errno) }
    }

    deinit {
        if descriptor != STDIN_FILENO, descriptor >= 0 { close(descriptor) }
    }

    /// The next bytes, at most 64 KiB; empty at the end.
    func next() async throws(Ending) -> [UInt8] {
        let result: Result<[UInt8], Ending> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.read()) }
        }
        return try result.get()
    }

    /// Everything up to the end.
    func all(byteCountMax: Int) async throws(Ending) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try await next()
            if piece.isEmpty { return bytes }
            bytes += piece
            guard bytes.count <= byteCountMax else {
                throw Ending(status: Ending.usageStatus, "\(name): more than \(byteCountMax) bytes")
            }
        }
    }

    private func read() -> Result<[UInt8], Ending> {
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count >= 0 { return .success(Array(piece.prefix(count))) }
            guard errno == EINTR else { return .failure(ByteSource.trouble(name, "cannot be read", errno)) }
        }
    }

    private static func trouble(_ name: String, _ what: String, _ number: Int32) -> Ending {
        Ending(status: Ending.failureStatus, "failed: \(name) \(what): \(String(cString: strerror(number)))")
    }
}

/// The lines of a source with their numbers from 1; a last line without an end counts.
struct LineReader {
    /// One line.
    struct Line: Sendable {
        let number: Int
        let text: String
    }

    /// Longer than any request in a frame.
    static let byteCountMax = 1_048_576

    private let source: ByteSource
    private var held: [UInt8] = []
    private var start = 0
    private var number = 0
    private var isAtEnd = false

    init(_ source: ByteSource) {
        self.source = source
    }

    /// The next line without its end; nil after the last.
    mutating func next() async throws(Ending) -> Line? {
        var searched = start
        while true {
            if let end = held[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return try line(held[start..<end])
            }
            if isAtEnd {
                guard start < held.count else { return nil }
                defer { start = held.count }
                return try line(held[start...])
            }
            held.removeFirst(start)
            start = 0
            searched = held.count
            guard held.count <= LineReader.byteCountMax else {
                throw Ending(
                    status: Ending.usageStatus,
                    "\(source.name):\(number + 1): the line is longer than \(LineReader.byteCountMax) bytes")
            }
            let piece = try await source.next()
            isAtEnd = piece.isEmpty
            held += piece
        }
    }

    private mutating func line(_ bytes: ArraySlice<UInt8>) throws(Ending) -> Line {
        number += 1
        let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Ending(status: Ending.usageStatus, "\(source.name):\(number): the line is not UTF-8")
        }
        return Line(number: number, text: text)
    }
}
