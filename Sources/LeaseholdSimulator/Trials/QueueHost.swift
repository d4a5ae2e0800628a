import LeaseholdModel

/// What is free of a node, as the trials compare it.
package struct HostRoom: Sendable {
    /// The name of its GPUs' kind.
    package let kind: String
    /// Thousandths of a core and MiB.
    package var cpu: Int64
    package var memory: Int64
    /// Free thousandths of each GPU.
    package var shares: [Int]
}

/// What a request has of a host: thousandths of these GPUs, CPU and memory.
struct HostStay {
    let gpus: [Int]
    let share: Int
    let cpu: Int64
    let memory: Int64
}

/// A node of a queue: no calendar, no watts, nobody to promise anything to.
struct QueueHost {
    private(set) var room: HostRoom
    private let empty: HostRoom

    /// The nodes of a fleet, empty.
    static func all(of fleet: FleetDeclaration) -> [QueueHost] {
        fleet.runs.flatMap { run in
            let room = HostRoom(
                kind: run.kind, cpu: Int64(run.cpu.count), memory: Int64(run.memory.count),
                shares: Array(repeating: 1_000, count: Int(run.gpusPerNode)))
            return repeatElement(QueueHost(room: room, empty: room), count: Int(run.count))
        }
    }

    /// Whether it could hold a request if nobody else were there.
    func couldHold(_ arrival: TraceReplay.Arrival) -> Bool { QueueHost.stay(arrival, in: empty, isTight: false) != nil }

    mutating func take(_ stay: HostStay) { move(stay, by: -1) }
    mutating func give(back stay: HostStay) { move(stay, by: 1) }

    private mutating func move(_ stay: HostStay, by sign: Int) {
        room.cpu += Int64(sign) * stay.cpu
        room.memory += Int64(sign) * stay.memory
        for gpu in stay.gpus { room.shares[gpu] += sign * stay.share }
    }

    /// The first host that fits, or the one that has the least left.
    static func choose(
        among hosts: [QueueHost], for arrival: TraceReplay.Arrival, _ policy: TraceReplay.Policy
    ) -> (host: Int, stay: HostStay)? {
        let isTight = policy == .bestFit
        let cpuMax = hosts.map(\.empty.cpu).max() ?? 1
        let gpuMax = Int64(hosts.map(\.empty.shares.count).max() ?? 1) * 1_000
        var best: (left: Int64, host: Int, stay: HostStay)?
        for (number, host) in hosts.enumerated() {
            guard let stay = stay(arrival, in: host.room, isTight: isTight) else { continue }
            guard isTight else { return (number, stay) }
            let gpusLeft = Int64(host.room.shares.reduce(0, +) - stay.gpus.count * stay.share)
            let left = (host.room.cpu - stay.cpu) * gpuMax + gpusLeft * cpuMax
            if left < best?.left ?? .max { best = (left, number, stay) }
        }
        return best.map { ($0.host, $0.stay) }
    }

    /// Where in a host a request would lie: the lowest GPUs, or for a share the one with the least left.
    private static func stay(_ arrival: TraceReplay.Arrival, in room: HostRoom, isTight: Bool) -> HostStay? {
        let ask = arrival.ask
        guard arrival.cpu <= room.cpu, arrival.memory <= room.memory, ask.takes(room.kind) else { return nil }
        let share = ask.unit == .cpu ? 0 : Int(ask.shape.share ?? 1_000)
        let count = ask.unit == .cpu ? 0 : Int(ask.count)
        var fitting = room.shares.indices.filter { count > 0 && room.shares[$0] >= share }
        guard fitting.count >= count else { return nil }
        if isTight { fitting.sort { (room.shares[$0], $0) < (room.shares[$1], $1) } }
        return HostStay(gpus: Array(fitting.prefix(count)), share: share, cpu: arrival.cpu, memory: arrival.memory)
    }
}

extension TrialAsk {
    /// Whether a kind will do.
    func takes(_ kind: String) -> Bool {
        kinds.isEmpty || kinds.contains { $0.split(separator: "|").contains { $0 == kind } }
    }
}

/// What requests are like, to say how much of what is free is of use to them.
struct Yardstick: Sendable {
    private struct Class: Hashable {
        let kinds: [String]
        let gpuCount: Int
        let share: Int
        let cpu: Int64
        let memory: Int64
    }

    private var classes: [(some: Class, ask: TrialAsk, count: Int)] = []
    private var total = 0

    init(_ arrivals: [TraceReplay.Arrival]) {
        var positions: [Class: Int] = [:]
        for arrival in arrivals where arrival.ask.gpuThousandths > 0 {
            let some = Class(
                kinds: arrival.ask.kinds, gpuCount: Int(arrival.ask.count),
                share: Int(arrival.ask.shape.share ?? 1_000),
                cpu: arrival.cpu, memory: arrival.memory)
            total += 1
            if let known = positions[some] {
                classes[known].count += 1
            } else {
                positions[some] = classes.count
                classes.append((some, arrival.ask, 1))
            }
        }
    }

    /// Thousandths of GPUs that are free and that a request, drawn at random, could not use where they are.
    func unusable(of rooms: [HostRoom]) -> Double {
        guard total > 0 else { return 0 }
        var sum = 0
        for room in rooms {
            let free = room.shares.reduce(0, +)
            guard free > 0 else { continue }
            for (some, ask, count) in classes { sum += count * (free - usable(some, ask, room)) }
        }
        return Double(sum) / Double(total)
    }

    private func usable(_ some: Class, _ ask: TrialAsk, _ room: HostRoom) -> Int {
        guard room.cpu >= some.cpu, room.memory >= some.memory, ask.takes(room.kind) else { return 0 }
        let fitting = room.shares.filter { $0 >= some.share }
        return fitting.count >= some.gpuCount ? fitting.reduce(0, +) : 0
    }
}
