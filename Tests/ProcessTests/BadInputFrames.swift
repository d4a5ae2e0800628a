import Foundation
import Glibc
import LeaseholdTransport
import ProcessHarness

/// Frames made by hand from `protos/README.md`, as a stranger would make them, right and wrong.
struct RawFrame {
    var magic: [UInt8] = Array("LSHD".utf8)
    var version: UInt16 = 1
    var kind: UInt8
    var flags: UInt8 = 0
    /// Nil for the payload's own.
    var byteCount: UInt32?
    /// Added to the true checksums.
    var payloadChecksumError: UInt32 = 0
    var headerChecksumError: UInt32 = 0
    var payload: [UInt8] = []

    init(kind: UInt8, payload: [UInt8] = []) {
        self.kind = kind
        self.payload = payload
    }

    /// The hello of an operator, with whatever is to be wrong about it.
    static func hello(versions: ClosedRange<UInt64> = 1...1, role: UInt64 = 1, log: UInt64? = nil) -> RawFrame {
        var payload = field(1, versions.lowerBound) + field(2, versions.upperBound) + field(3, role)
        payload += [4 << 3 | 2, 3] + Array("eve".utf8)
        for number in 5...8 { payload += fixed(UInt8(number), 1) }
        if let log { payload += fixed(9, log) + fixed(10, log) + field(11, 1) + fixed(12, 1) + fixed(13, 1) }
        return RawFrame(kind: 1, payload: payload)
    }

    /// A request for the status.
    static let status = RawFrame(kind: 4, payload: [2 << 3 | 2, 0])

    /// The frame with one thing changed.
    func with(_ change: (inout RawFrame) -> Void) -> RawFrame {
        var frame = self
        change(&frame)
        return frame
    }

    var bytes: [UInt8] {
        var out = magic + RawFrame.big(version) + [kind, flags]
        out += RawFrame.big(byteCount ?? UInt32(payload.count))
        out += RawFrame.big(RawFrame.checksum(payload) &+ payloadChecksumError)
        out += RawFrame.big(UInt64(7)) + RawFrame.big(UInt32(0))
        return out + RawFrame.big(RawFrame.checksum(out) &+ headerChecksumError) + payload
    }

    private static func big(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func field(_ number: UInt8, _ value: UInt64) -> [UInt8] { [number << 3, UInt8(value)] }

    private static func fixed(_ number: UInt8, _ value: UInt64) -> [UInt8] {
        [number << 3 | 1] + withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// CRC32C, bit by bit.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { rest, _ in rest >> 1 ^ (rest & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
    }
}

/// A connection of somebody who need not follow any rule.
final class RawConnection {
    private let descriptor: Int32
    private(set) var received: [UInt8] = []
    /// Whether the other side has hung up.
    private(set) var isClosed = false

    init(to endpoint: Endpoint) throws {
        guard case .tcp(_, let port) = endpoint else { throw HarnessFailure("\(endpoint) is not TCP") }
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw HarnessFailure("cannot connect to \(endpoint): errno \(errno)") }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) {
        // A coordinator that has hung up already takes nothing more; its complaint is what counts.
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Reads what is there, for at most so long, until a condition holds or the other side hangs up.
    func read(within seconds: Double, until condition: () -> Bool = { false }) {
        let end = DispatchTime.now() + seconds
        while !isClosed, !condition(), DispatchTime.now() < end {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 50) > 0 else { continue }
            var piece = [UInt8](repeating: 0, count: 4_096)
            let count = recv(descriptor, &piece, piece.count, 0)
            if count > 0 { received += piece[..<count] } else { isClosed = true }
        }
    }

    /// The frames that have arrived whole: kinds with payloads.
    var frames: [(kind: UInt8, payload: [UInt8])] {
        var found: [(kind: UInt8, payload: [UInt8])] = []
        var rest = received[...]
        while rest.count >= 32 {
            let start = rest.startIndex
            let count = rest[(start + 8)..<(start + 12)].reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 32 + count else { break }
            found.append((rest[start + 6], Array(rest[(start + 32)..<(start + 32 + count)])))
            rest = rest.dropFirst(32 + count)
        }
        return found
    }

    /// The complaint's code and text; nil where the last frame is none.
    var complaint: (code: UInt8, text: String)? {
        guard let last = frames.last, last.kind == 3, last.payload.count > 2, last.payload[0] == 1 << 3 else {
            return nil
        }
        return (last.payload[1], String(decoding: last.payload.dropFirst(2), as: UTF8.self))
    }
}
