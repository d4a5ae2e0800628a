import LeaseholdModel
import LeaseholdPlatform

/// The one thread of the load: it speaks for the clients of a leg and, where there is one, for the rack controller.
final class LoadLoop {
    private let readiness: Readiness
    private let rack: StubRack?
    private var clients: [any LoadedClient] = []
    private var buffer = [UInt8](repeating: 0, count: 262_144)
    private var stops = false
    private var times = LegTimes()
    /// Not measured, so that caches and queues are as they will be.
    private static let warmUpNanoseconds: UInt64 = 300_000_000

    init(rack: StubRack?) throws {
        self.rack = rack
        readiness = try Readiness()
        if let rack { try readiness.add(rack.socket.descriptor, as: 0) }
    }

    /// What a leg has shown.
    struct Leg {
        let times: LegTimes
        let seconds: Double
        /// Processor time within the window, of the server and of this process.
        let serverSeconds: Double
        let loadSeconds: Double
    }

    /// Runs so many clients in a closed loop, to the end of their last operation.
    func run(
        _ clients: [any LoadedClient], seconds: Double, server: Int32, isReady: () -> Bool = { true }
    ) throws -> Leg {
        self.clients = clients
        for (position, client) in clients.enumerated() {
            try readiness.add(client.socket.descriptor, as: position + 1)
        }
        stops = false
        times = LegTimes()
        try turn(until: isReady)
        let begin = LoadLoop.now() + LoadLoop.warmUpNanoseconds
        let end = begin + UInt64(seconds * 1e9)
        times.window = begin..<end
        for client in clients { try client.begin(at: LoadLoop.now()) }
        try turn { LoadLoop.now() >= begin }
        let (server0, load0) = (processor(server), processor(Machine.ownProcess))
        try turn { LoadLoop.now() >= end }
        let (server1, load1) = (processor(server), processor(Machine.ownProcess))
        stops = true
        try turn { clients.allSatisfy(\.isDone) }
        for client in clients { readiness.remove(client.socket.descriptor) }
        self.clients = []
        return Leg(times: times, seconds: seconds, serverSeconds: server1 - server0, loadSeconds: load1 - load0)
    }

    /// Goes on until it is so; a minute without is too long for anything here.
    func turn(until isSo: () -> Bool) throws {
        let start = LoadLoop.now()
        while !isSo() {
            try readiness.wait(milliseconds: 1) { try take($0) }
            let now = LoadLoop.now()
            try rack?.beat(at: now)
            guard now - start < 60_000_000_000 else { throw CountFailure("the load waited a minute in vain") }
        }
    }

    private func take(_ number: Int) throws {
        try buffer.withUnsafeMutableBytes { buffer in
            if number == 0, let rack {
                let count = try rack.socket.receive(into: buffer)
                try rack.take(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
            } else if number - 1 < clients.count {
                let client = clients[number - 1]
                let count = try client.socket.receive(into: buffer)
                try client.take(
                    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]), at: LoadLoop.now(),
                    stops: stops, into: &times)
            }
        }
    }

    private func processor(_ process: Int32) -> Double { Machine.processorSeconds(of: process) }

    static func now() -> UInt64 { UInt64(Clocks.boot().nanoseconds) }
}
