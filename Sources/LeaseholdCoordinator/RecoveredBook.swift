package import LeaseholdBroker
package import LeaseholdLog
package import LeaseholdModel
import LeaseholdPlatform

/// The book as its log tells it: evolve over every record, nothing else.
package struct RecoveredBook {
    package private(set) var book = LeaseBook()

    package init() {}

    /// Takes the next record.
    ///
    /// The first one begins anew, because a check of a log in use may read it twice.
    package mutating func take(_ index: RecordIndex, _ bytes: [UInt8]) throws(RecordRefusal) {
        if index == RecordIndex.zero.next { book = LeaseBook() }
        let entry: LogEntry
        do throws(RecordFailure) {
            entry = try RecordCodec.decode(bytes)
        } catch {
            throw RecordRefusal(reason: "\(error)")
        }
        guard entry.index == index else { throw RecordRefusal(reason: "it says that it is record \(entry.index)") }
        if let objection = book.follow(entry) { throw RecordRefusal(reason: objection) }
    }
}
