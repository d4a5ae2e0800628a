package import LeaseholdModel

/// What kind of log the records belong to; one format, two record types.
package enum LogKind: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// The coordinator's ledger.
    case coordinator = 1
    /// An agent's journal of grants and epochs.
    case journal = 2

    package var description: String {
        switch self {
        case .coordinator: "coordinator"
        case .journal: "journal"
        }
    }

    /// Whether snapshots are taken of what its records make, so that recovery need not read all of them.
    package var hasSnapshots: Bool {
        switch self {
        case .coordinator: true
        case .journal: false
        }
    }

    /// Reads the word that `description` writes; nil for anything else.
    package init?(text: String) {
        guard let kind = LogKind.allCases.first(where: { $0.description == text }) else { return nil }
        self = kind
    }

    /// The size of a segment unless the maker of the log asks for another.
    package var segmentByteCount: Int {
        switch self {
        case .coordinator: LogLimits.coordinatorSegmentByteCount
        case .journal: LogLimits.journalSegmentByteCount
        }
    }
}

/// What a log is from its `init` on: stated in every segment, compared with what the opener expects.
package struct LogIdentity: Hashable, Sendable {
    package let cluster: String
    package let logID: LogID
    package let kind: LogKind
    package let segmentByteCount: Int

    package init(cluster: String, logID: LogID, kind: LogKind, segmentByteCount: Int) {
        self.cluster = cluster
        self.logID = logID
        self.kind = kind
        self.segmentByteCount = segmentByteCount
    }

    /// What is wrong with the values, if anything.
    package var complaint: String? {
        let nameBytes = cluster.utf8.count
        if nameBytes == 0 || nameBytes > LogLimits.clusterNameByteCountMax {
            return "cluster name of \(nameBytes) bytes: expected 1 to \(LogLimits.clusterNameByteCountMax)"
        }
        if cluster.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F }) {
            return "cluster name \(cluster): spaces and control characters are not allowed"
        }
        let sizes = LogLimits.segmentByteCountMin...LogLimits.segmentByteCountMax
        if !sizes.contains(segmentByteCount) || segmentByteCount % 4_096 != 0 {
            return "segment of \(segmentByteCount) bytes: expected a multiple of 4096 from "
                + "\(sizes.lowerBound) to \(sizes.upperBound)"
        }
        return nil
    }
}
