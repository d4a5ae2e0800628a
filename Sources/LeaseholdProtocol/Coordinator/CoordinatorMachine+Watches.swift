import LeaseholdBroker
import LeaseholdModel

/// The last records, so that a watch can resume: a ring of a fixed count.
struct EventHistory: Equatable, Sendable {
    private var entries: [LogEntry] = []
    /// Where the next entry goes once the ring is full.
    private var next = 0
    /// The index of the newest entry.
    private(set) var newest: RecordIndex

    init(after index: RecordIndex) { newest = index }

    /// The index of the oldest entry that is kept, or of the one to come.
    var oldest: RecordIndex { RecordIndex(rawValue: newest.rawValue + 1 - UInt64(entries.count)) }

    mutating func append(_ entry: LogEntry) {
        precondition(entry.index == newest.next, "history at \(newest), entry \(entry.index)")
        newest = entry.index
        if entries.count < Limits.eventHistoryCountMax {
            entries.append(entry)
        } else {
            entries[next] = entry
            next = (next + 1) % Limits.eventHistoryCountMax
        }
    }

    /// The entry at an index that is kept.
    subscript(index: RecordIndex) -> LogEntry {
        let age = Int(newest.rawValue - index.rawValue)
        precondition(index <= newest && age < entries.count, "history from \(oldest) to \(newest), asked \(index)")
        return entries[(next + entries.count - 1 - age) % entries.count]
    }
}

/// A client's watch on the records.
struct Watch: Hashable, Sendable {
    let asker: Asker
    let principal: Principal
    let filter: EventFilter
    /// The index of the next record to look at.
    var next: RecordIndex
}

extension CoordinatorMachine {
    /// Starts a watch; what it asks for and is durable already follows at once.
    mutating func addWatch(
        _ filter: EventFilter, of principal: Principal, for asker: Asker, into out: inout CoordinatorBuffer
    ) {
        let next = filter.from ?? head.index.next
        guard next >= history.oldest else {
            out.observed(.refused(.historyTrimmed(oldest: history.oldest)), to: asker, applied: head.index)
            return
        }
        guard watches.count < Limits.watchCountMax else {
            out.now(.turnAway(asker, .overloaded(retryAfter: Limits.overloadedRetry)))
            return
        }
        watches.append(Watch(asker: asker, principal: principal, filter: filter, next: next))
        out.observed(.watching(from: next), to: asker, applied: head.index)
        feedWatches(into: &out)
    }

    /// Sends every watch the durable records that it has not seen.
    mutating func feedWatches(into out: inout CoordinatorBuffer) {
        for position in watches.indices {
            var watch = watches[position]
            if watch.next < history.oldest {
                // It fell behind what is kept: said, and ended, rather than skipped over.
                out.observed(
                    .refused(.historyTrimmed(oldest: history.oldest)), to: watch.asker, applied: head.index)
                watch.next = RecordIndex(rawValue: .max)
            }
            while watch.next <= head.index {
                let entry = history[watch.next]
                watch.next = watch.next.next
                guard watch.filter.admits(entry), book.isVisible(entry, to: watch.principal) else { continue }
                out.observed(.event(book.event(for: entry)), to: watch.asker, applied: head.index)
            }
            watches[position] = watch
        }
        watches.removeAll { $0.next.rawValue == .max }
    }
}

extension EventFilter {
    /// Whether the filter lets a record through.
    fileprivate func admits(_ entry: LogEntry) -> Bool {
        // What is said of the whole is said of its parts, and who asks for the whole hears of them.
        if let lease { return entry.lease.map { $0 == lease || $0.whole == lease || $0 == lease.whole } ?? false }
        return !leasesOnly || entry.lease != nil
    }
}
