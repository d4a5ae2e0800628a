import LeaseholdLog
package import LeaseholdModel

/// Records that nobody waits for: they wait a moment for others, so that one write and one sync serve them all.
///
/// What a node reports of a grant makes such records; written alone, each would hold up the next request for a sync.
package struct RestingRecords {
    private var records: [[UInt8]] = []
    /// When the first of them has rested long enough; never while none rests.
    package private(set) var until = BootInstant.never

    /// Nothing rests.
    package init() {}

    /// Whether there is nothing to write.
    package var isEmpty: Bool { records.isEmpty }

    /// Adds a record behind those that rest.
    package mutating func append(_ record: [UInt8]) { records.append(record) }

    /// Whether all of them may rest on: nobody waits for one, a group holds more, and the first has not rested long enough.
    package mutating func mayRest(at now: BootInstant, isAwaited: Bool) -> Bool {
        guard !isAwaited, records.count < LogLimits.groupRecordCountMax else { return false }
        if until == .never { until = now + CoordinatorSettings.recordRest }
        return now < until
    }

    /// Hands them out to be written, in order; nothing rests after that.
    package mutating func take() -> [[UInt8]] {
        defer { self = RestingRecords() }
        return records
    }
}
