import LeaseholdBroker
import LeaseholdModel

/// The rest of the lives of all leases on the calendar, as the log of 18 months holds it.
extension FullBook {
    /// Every lease begins, is active, lapses and is retired, each at its own instant, in the order of these; how many
    /// records that is, and the seconds that it takes.
    mutating func live() -> (recordCount: Int, seconds: Double) {
        var records: [(at: CalendarInstant, record: Record)] = []
        for offset in 0..<booked.recordCount {
            let id = LeaseID(RecordIndex(rawValue: firstBooked.rawValue + UInt64(offset)))
            guard let lease = book.lease(id), lease.state == .confirmed || lease.state == .starting else { continue }
            let (from, until) = (max(lease.part.startsAt, book.lastInstant), lease.part.endsAt)
            if lease.state == .confirmed {
                let begun = LeaseBegun(reign: book.reign, keepBound: nil, keepBoot: FullBook.boot)
                records.append((from, .leaseBegun(id, begun)))
            }
            records.append((from + .seconds(1), .leaseActivated(id)))
            records.append((until, .leaseEnding(id, cause: .lapsed)))
            let nodes = lease.part.placements.map(\.node)
            records.append((until + .seconds(30), .partitionsRetired(id, nodes: nodes, proof: .acknowledged)))
        }
        records.sort { $0.at < $1.at }
        let elapsed = FullBook.seconds { for (at, record) in records { enter(record, at: at) } }
        return (records.count, elapsed)
    }
}
