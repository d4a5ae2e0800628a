/// The records that wait for the disk, in order; taken a group at a time.
struct PendingRecords: Sendable {
    private var records: [[UInt8]] = []
    private var taken = 0
    /// Bytes that wait, with the length in front of each record.
    private(set) var byteCount = 0

    /// Records that wait.
    var count: Int { records.count - taken }
    var isEmpty: Bool { count == 0 }

    /// Lets records wait behind the others.
    mutating func append(_ arrived: [[UInt8]], byteCount arrivedByteCount: Int) {
        if isEmpty {
            records = arrived
            taken = 0
        } else {
            records.append(contentsOf: arrived)
        }
        byteCount += arrivedByteCount
    }

    /// The next group, without taking it: as many records as the bounds allow, and never none.
    func nextGroup(byteCountMax: Int) -> (range: Range<Int>, byteCount: Int) {
        var end = taken
        var total = 0
        while end < records.count, end - taken < LogLimits.groupRecordCountMax {
            let more = LogLimits.recordPrefixByteCount + records[end].count
            if end > taken, total + more > byteCountMax { break }
            total += more
            end += 1
        }
        return (taken..<end, total)
    }

    /// The records of a group.
    subscript(_ range: Range<Int>) -> ArraySlice<[UInt8]> { records[range] }

    /// Forgets a group that was handed to the disk; compacts when most of the array is spent.
    mutating func take(_ group: (range: Range<Int>, byteCount: Int)) {
        taken = group.range.upperBound
        byteCount -= group.byteCount
        if taken == records.count {
            records = []
            taken = 0
        } else if taken > records.count / 2 {
            records.removeFirst(taken)
            taken = 0
        }
    }
}
