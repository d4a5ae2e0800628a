import LeaseholdLog
package import LeaseholdModel

/// What a log was asked for and what it said: the law is that what it said survives (L2, L3).
package struct LogWitness: Sendable {
    /// What left for the log, in order.
    package private(set) var appended: [[UInt8]] = []
    /// How many of them the log called durable.
    package private(set) var acknowledged = 0
    /// The chain at each end of a group.
    private var chains: [Int: ChainHash] = [0: .zero]

    /// Before anything was asked.
    package init() {}

    /// A group leaves for the log.
    package mutating func appending(_ group: [[UInt8]]) {
        let before = chains[appended.count] ?? .zero
        appended += group
        chains[appended.count] = ChainFold.chain(after: before, records: group)
    }

    /// The log said that all of it is durable.
    package mutating func acknowledge() { acknowledged = appended.count }

    /// The log was lost with a group under way; recovery has found so many records, and they count from now on.
    package mutating func settle(on count: Int) {
        appended = Array(appended[..<count])
        chains = chains.filter { $0.key <= count }
        acknowledged = count
    }

    /// Whether these are the bytes of the record that was appended there; `position` counts from 0.
    func matches(_ bytes: [UInt8], at position: Int) -> Bool {
        position < appended.count && appended[position] == bytes
    }

    /// What is wrong with a recovered log whose records match, if anything; fewer than were acknowledged is not.
    func complaint(aboutCount count: Int, head: LogHead) -> String? {
        if count > appended.count { return "made up: \(appended.count) appended, \(count) recovered" }
        guard head.index.rawValue == UInt64(count) else { return "head \(head.index) of \(count) records" }
        guard let chain = chains[count] else { return "half a group: \(count) records" }
        return chain == head.chain ? nil : "chain \(head.chain), expected \(chain)"
    }

    /// What is wrong with recovered records and their head, if anything.
    package func complaint(about records: [[UInt8]], head: LogHead) -> String? {
        if records.count < acknowledged { return "lost: \(acknowledged) acknowledged, \(records.count) recovered" }
        if let complaint = complaint(aboutCount: records.count, head: head) { return complaint }
        return records == Array(appended[..<records.count]) ? nil : "changed: a record differs"
    }
}
