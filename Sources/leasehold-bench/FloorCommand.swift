import ArgumentParser
import Glibc

/// `leasehold-bench floor`: the floor of `grants`, as a process of its own.
struct FloorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor",
        abstract: "A server that does nothing but write, sync and answer: the floor that `grants` starts.",
        shouldDisplay: false)

    @Option(help: "The file that it writes.") var file: String
    @Option(help: "Bytes of a request.") var request: Int
    @Option(help: "Bytes of a reply.") var reply: Int
    @Option(help: "Bytes written for a request.") var record: Int

    func run() throws {
        let server = try FloorServer(file: file, requestByteCount: request, replyByteCount: reply)
        print("serving on port \(server.port)")
        fflush(nil)
        try server.serve(recordByteCount: record)
    }
}

/// One thread: reads what has arrived, writes it as one group, syncs, answers.
final class FloorServer {
    let port: UInt16
    private let listener: Int32
    private let file: BareLoop
    private let requestByteCount: Int
    private let reply: [UInt8]
    private let readiness: Readiness
    private var sockets: [Int: (socket: LoopbackSocket, partByteCount: Int)] = [:]
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    /// Listens on any free port.
    init(file path: String, requestByteCount: Int, replyByteCount: Int) throws {
        file = try BareLoop(at: path)
        self.requestByteCount = requestByteCount
        reply = [UInt8](repeating: 0, count: replyByteCount)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = LoopbackSocket.address(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { [listener] in
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) | listen(listener, 4_096) | getsockname(listener, $0, &length)
            }
        }
        guard listener >= 0, status == 0 else { throw CountFailure("cannot listen: errno \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
        readiness = try Readiness()
        try readiness.add(listener, as: Int(listener))
    }

    /// Serves until the process is ended.
    func serve(recordByteCount: Int) throws -> Never {
        while true {
            var asked: [(socket: LoopbackSocket, count: Int)] = []
            try readiness.wait(milliseconds: -1) { number in
                if number == Int(listener) { return try accept() }
                let count = try takeRequests(of: number)
                if count > 0, let socket = sockets[number]?.socket { asked.append((socket, count)) }
            }
            let count = asked.reduce(0) { $0 + $1.count }
            guard count > 0 else { continue }
            // In whole sectors behind a header, as the log writes its groups.
            let byteCount = (128 + count * recordByteCount + 511) / 512 * 512
            try file.writeAndSync([UInt8](repeating: 1, count: byteCount))
            for (socket, count) in asked { for _ in 0..<count { try socket.send(reply) } }
        }
    }

    private func accept() throws {
        while true {
            let accepted = Glibc.accept(listener, nil, nil)
            guard accepted >= 0 else { return }
            sockets[Int(accepted)] = (LoopbackSocket(accepted: accepted), 0)
            try readiness.add(accepted, as: Int(accepted))
        }
    }

    private func takeRequests(of number: Int) throws -> Int {
        guard let (socket, partByteCount) = sockets[number] else { return 0 }
        do {
            let total = partByteCount + (try buffer.withUnsafeMutableBytes { try socket.receive(into: $0) })
            sockets[number]?.partByteCount = total % requestByteCount
            return total / requestByteCount
        } catch {
            // A client that is done.
            readiness.remove(socket.descriptor)
            sockets[number] = nil
            return 0
        }
    }
}
