/// The bounds of the log by name, each with its reason (L10).
package enum LogLimits {
    /// The sector that disks write whole or not at all; every frame starts on one.
    package static let alignmentByteCount = 512
    /// The largest record: a request frame of 1 MiB and what the coordinator adds to it.
    package static let recordByteCountMax = 2_097_152
    /// Records in one group; more wait for the next, so that the first to ask is not kept waiting for the last.
    package static let groupRecordCountMax = 1_024
    /// Payload that a group gathers before it closes; one larger record makes a group of its own.
    package static let groupByteCountMax = 1_048_576
    /// Payload of any frame: one largest record and its length.
    package static let payloadByteCountMax = recordByteCountMax + recordPrefixByteCount
    /// The length in front of each record.
    package static let recordPrefixByteCount = 4
    /// Records that may wait for the disk; above it the machine refuses and the caller sheds load.
    package static let pendingRecordCountMax = 65_536
    /// Bytes that may wait for the disk.
    package static let pendingByteCountMax = 67_108_864
    /// A coordinator's segment: large enough that rolling is rare, small enough to be read into memory at once.
    package static let coordinatorSegmentByteCount = 67_108_864
    /// An agent journal's segment: a node has little to say and a small disk.
    package static let journalSegmentByteCount = 4_194_304
    /// Bytes at which records that are decoded together are enough: nine such lots are in memory at once, each larger by
    /// less than one record.
    package static let decodedTogetherByteCountMax = 1_048_576
    /// The smallest segment that holds its header, a record and a seal.
    package static let segmentByteCountMin = 4_096
    /// The largest segment: recovery holds one in memory.
    package static let segmentByteCountMax = 1_073_741_824
    /// A cluster's name, which must fit the segment header's only sector.
    package static let clusterNameByteCountMax = 63
    /// After this long without a group the shell reports idleness and the machine seals (L8).
    package static let sealIdleMilliseconds = 10

    /// A piece of a snapshot or a backup: a piece of a book with one lease of the largest kind in it is the longest.
    package static let pieceByteCountMax = 16_777_216
    /// What is read of a snapshot or a backup at one go.
    package static let chunkReadByteCount = 1_048_576
    /// What is written of a snapshot at one go.
    package static let snapshotWriteByteCount = 1_048_576
    /// Snapshots that are kept: the last one, and one for the day when that is damaged.
    package static let snapshotCount = 2

    /// Looks at a log that is in use before the last verdict stands; two are enough where nobody writes.
    package static let verificationCountMax = 16

    /// The largest record of a log with segments of this size: a frame must leave room for header and seal.
    package static func recordByteCountMax(segmentByteCount: Int) -> Int {
        min(recordByteCountMax, segmentByteCount / 2)
    }
}
