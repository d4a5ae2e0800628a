package import LeaseholdLog
package import LeaseholdModel

/// Records that are decoded together: few enough that the first are soon there and little of the log is in memory, and
/// so many that their handover costs nothing.
package struct RecordBatch: Sendable {
    /// Records at which it is full.
    package static let countMax = 128

    private let first: RecordIndex
    private var records: [[UInt8]] = []
    private var byteCount = 0

    /// A batch without records; its first one will have this index.
    package init(first: RecordIndex) { self.first = first }

    /// Whether it is to be decoded as it is.
    package var isFull: Bool {
        records.count >= RecordBatch.countMax || byteCount >= LogLimits.decodedTogetherByteCountMax
    }

    /// Takes the next record.
    package mutating func append(_ record: [UInt8]) {
        records.append(record)
        byteCount += record.count
    }

    /// The records' entries up to the first that is none.
    package var entries: (good: [LogEntry], refusal: RecordRefusal?) {
        var good: [LogEntry] = []
        good.reserveCapacity(records.count)
        var index = first
        for record in records {
            do throws(RecordRefusal) { good.append(try RecordCodec.entry(at: index, record)) } catch {
                return (good, error)
            }
            index = index.next
        }
        return (good, nil)
    }
}
