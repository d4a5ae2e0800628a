package import LeaseholdModel

/// What recovery or verification found in a log, as far as it read.
package struct LogReport: Hashable, Sendable {
    package internal(set) var segmentCount = 0
    /// Valid frames, segment headers included.
    package internal(set) var frameCount = 0
    package internal(set) var recordCount = 0
    /// Valid bytes, zeros and torn tails not counted.
    package internal(set) var byteCount = 0
    package internal(set) var head = LogHead.empty
    /// The highest reign of any frame.
    package internal(set) var reign = Reign.zero
    package internal(set) var logIncarnation: UInt32 = 0
    package internal(set) var end = LogEnd.sealed
    /// The snapshot that it began with; nil where it began with the first record.
    package internal(set) var snapshot: RecordIndex?
    /// Snapshots that were passed over, and why; newer than the one that it began with.
    package internal(set) var unusable: [SnapshotFailure] = []

    /// A report before anything was read.
    package init() {}
}

/// How a log ends.
package enum LogEnd: Hashable, Sendable {
    /// A seal or a segment's header stands behind the last record and proves it.
    case sealed
    /// The last group, from this index on, is whole, and nothing behind it proves it.
    case unsealed(from: RecordIndex)
    /// A declared cut: something stands behind the last whole frame that a crash can have left there (L8).
    case cut(TornTail)
}

/// What a declared cut leaves out.
package struct TornTail: Hashable, Sendable {
    package let segment: SegmentNumber
    /// Where the tail begins; everything before it counts.
    package let offset: Int
    /// From there to the last byte that is not zero, in whole sectors.
    package let byteCount: Int
    /// The index of the first record that may have stood there.
    package let index: RecordIndex
    /// Why the frame there does not count.
    package let fault: FrameFault

    package init(segment: SegmentNumber, offset: Int, byteCount: Int, index: RecordIndex, fault: FrameFault) {
        self.segment = segment
        self.offset = offset
        self.byteCount = byteCount
        self.index = index
        self.fault = fault
    }
}

extension LogEnd: CustomStringConvertible {
    package var description: String {
        switch self {
        case .sealed: "sealed"
        case .unsealed(let index): "whole, not sealed from record \(index) on"
        case .cut(let tail): "\(tail)"
        }
    }
}

extension TornTail: CustomStringConvertible {
    package var description: String {
        "torn tail of \(byteCount) bytes cut at offset \(offset) of segment \(segment), before record \(index): \(fault)"
    }
}

/// A log that recovery has read to its end: where to go on, and what to do before.
package struct RecoveredLog: Hashable, Sendable {
    package let identity: LogIdentity
    package let report: LogReport
    package let tail: LogTail
    /// Segments beside the identity, ascending.
    package let live: [SegmentNumber]
    package let repair: LogRepair

    package init(
        identity: LogIdentity, report: LogReport, tail: LogTail, live: [SegmentNumber], repair: LogRepair
    ) {
        self.identity = identity
        self.report = report
        self.tail = tail
        self.live = live
        self.repair = repair
    }
}

/// What an offline check of a log found.
package struct LogVerdict: Hashable, Sendable {
    /// What is good, up to the first damage or to the end.
    package let report: LogReport
    /// The first damage, if there is any.
    package let refusal: LogRefusal?

    package init(report: LogReport, refusal: LogRefusal?) {
        self.report = report
        self.refusal = refusal
    }
}

extension LogVerdict {
    /// Whether nothing is damaged and nothing is torn.
    package var isGood: Bool {
        guard refusal == nil else { return false }
        switch report.end {
        case .sealed, .unsealed: return true
        case .cut: return false
        }
    }
}
