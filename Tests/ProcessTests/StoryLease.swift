import LeaseholdModel
import ProcessHarness

/// A record as the watch shows it.
struct StoryEvent {
    let index: Int
    let at: CalendarInstant
    let word: String
    /// The lease that it is about.
    let lease: String?

    init(_ object: [String: Any]) throws {
        index = number(object["index"])
        at = try instant(object["at"])
        word = object["word"] as? String ?? ""
        lease = object["lease"] as? String
    }
}

/// A lease, or a part of one, as the list shows it in JSON.
struct StoryLease {
    let id: String
    let tenant: String
    let state: String
    let isDegraded: Bool
    /// Within one of which it must lie; nil where there is no such bound.
    let within: String?
    let window: Range<Int64>
    /// GPUs as a bit mask, by node.
    let placements: [Int: Int]
    /// Paths of its nodes; none where there are too many to be named.
    let nodeNames: [String]

    init(_ object: [String: Any]) throws {
        id = object["id"] as? String ?? ""
        tenant = object["tenant"] as? String ?? ""
        state = object["state"] as? String ?? ""
        isDegraded = object["degraded"] as? Bool ?? false
        within = object["within"] as? String
        window = try instant(object["startsAt"]).nanoseconds..<instant(object["endsAt"]).nanoseconds
        guard let places = object["placements"] as? [String: Any], let nodes = places["nodeIds"] as? [Any],
            let masks = places["gpuMasks"] as? [Any], nodes.count == masks.count
        else { throw HarnessFailure("a lease without its places: \(id)") }
        placements = Dictionary(uniqueKeysWithValues: zip(nodes.map(number), masks.map(number)))
        nodeNames = places["nodeNames"] as? [String] ?? []
    }

    /// All parts of all leases, those that have ended too.
    static func all(of cluster: LocalCluster) throws -> [StoryLease] {
        try jsonLines(cluster.must("lease", "list", "--all", "-o", "json")).map(StoryLease.init)
    }

    /// The same GPU promised to two leases at one instant, a sentence each.
    static func doublePromises(in leases: [StoryLease]) -> [String] {
        pairs(of: leases.filter { $0.state != "cancelled" }).compactMap { left, right in
            guard left.window.overlaps(right.window), let node = shared(left, right) else { return nil }
            return "\(left.id) and \(right.id) have a GPU of node \(node) in common at one instant"
        }
    }

    /// Every two of them.
    static func pairs(of leases: [StoryLease]) -> [(StoryLease, StoryLease)] {
        leases.indices.flatMap { first in
            leases[(first + 1)...].map { (leases[first], $0) }
        }
    }

    /// A node on which two leases have a GPU in common; nil where there is none.
    static func shared(_ left: StoryLease, _ right: StoryLease) -> Int? {
        left.placements.first { node, mask in mask & (right.placements[node] ?? 0) != 0 }?.key
    }
}

/// An instant of protobuf's JSON.
private func instant(_ value: Any?) throws -> CalendarInstant {
    guard let text = value as? String, let instant = CalendarInstant(text: text, now: .never) else {
        throw HarnessFailure("no instant: \(value ?? "nothing")")
    }
    return instant
}
