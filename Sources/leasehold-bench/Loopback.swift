import CLeaseholdBench
import Glibc

/// A TCP connection to this machine; writing waits until the bytes are taken, reading never waits.
///
/// The picture to keep in mind: what a client in C would do, so that the load costs as little as it can beside a server
/// that shares the processors with it.
final class LoopbackSocket {
    let descriptor: Int32

    /// Connects to a port.
    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw CountFailure("no socket: errno \(errno)") }
        var address = LoopbackSocket.address(port)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw CountFailure("cannot connect to port \(port): errno \(errno)") }
        LoopbackSocket.sendAtOnce(descriptor)
    }

    /// Takes over a connection.
    init(accepted descriptor: Int32) {
        self.descriptor = descriptor
        LoopbackSocket.sendAtOnce(descriptor)
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try send($0) }
    }

    func send(_ bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count {
            let count = Glibc.send(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
            guard count > 0 else { throw CountFailure("a connection broke in writing: errno \(errno)") }
            done += count
        }
    }

    /// What has arrived, as much as the buffer takes; 0 where nothing has.
    func receive(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 { return count }
        guard count < 0, errno == EAGAIN || errno == EINTR else {
            throw CountFailure("the other side hung up: errno \(count == 0 ? 0 : errno)")
        }
        return 0
    }

    /// Everything until the other side hangs up, as text; waits for it.
    func readToEnd() -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func sendAtOnce(_ descriptor: Int32) {
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    }
}

/// Sleeps until one of many descriptors is readable.
final class Readiness {
    private let descriptor: Int32
    private var numbers = [UInt64](repeating: 0, count: 1_024)

    init() throws {
        descriptor = leasehold_epoll()
        guard descriptor >= 0 else { throw CountFailure("no epoll: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Watches a descriptor; it is called by this number.
    func add(_ watched: Int32, as number: Int) throws {
        guard leasehold_epoll_add(descriptor, watched, UInt64(number)) == 0 else {
            throw CountFailure("cannot watch a connection: errno \(errno)")
        }
    }

    /// Forgets a descriptor.
    func remove(_ watched: Int32) { leasehold_epoll_remove(descriptor, watched) }

    /// Waits so long at most and calls with the number of everything that is readable.
    func wait(milliseconds: Int32, _ body: (Int) throws -> Void) throws {
        let count = leasehold_epoll_wait(descriptor, &numbers, Int32(numbers.count), milliseconds)
        guard count >= 0 || errno == EINTR else { throw CountFailure("cannot wait: errno \(errno)") }
        for position in 0..<max(0, Int(count)) { try body(Int(numbers[position])) }
    }
}
