import Foundation
package import LeaseholdBroker
package import LeaseholdLog
package import LeaseholdModel
package import LeaseholdPlatform

/// What a check of a snapshot found.
package struct SnapshotVerdict: CustomStringConvertible {
    package let index: RecordIndex
    /// Bytes before its end; nil where it is damaged.
    package let byteCount: Int?
    /// What is wrong with it; nil when it is the book of the records before it.
    package let complaint: String?

    /// A snapshot as it was read, beside the digest of the book that the log tells at its record.
    init(index: RecordIndex, result: Result<ChunkSum, SnapshotFailure>, replayed: UInt64?) {
        self.index = index
        switch result {
        case .success(let sum):
            byteCount = sum.byteCount
            complaint =
                if let replayed, replayed != sum.bookDigest {
                    "L14: snapshot \(index) is a book of digest \(hexadecimal(sum.bookDigest)), and the log tells "
                        + hexadecimal(replayed)
                } else if replayed == nil {
                    "snapshot \(index) was taken after a record that the log does not have"
                } else {
                    nil
                }
        case .failure(let failure):
            byteCount = nil
            complaint = "\(failure)"
        }
    }

    package var description: String {
        complaint.map { "\(index) unusable: \($0)" } ?? "\(index) whole, \(byteCount ?? 0) bytes"
    }
}

/// What a check of a log found, and the book that the log tells.
package struct LogVerification {
    package let identity: LogIdentity
    package let verdict: LogVerdict
    package let book: LeaseBook
    /// Ascending by record.
    package let snapshots: [SnapshotVerdict]

    package init(identity: LogIdentity, verdict: LogVerdict, book: LeaseBook, snapshots: [SnapshotVerdict]) {
        self.identity = identity
        self.verdict = verdict
        self.book = book
        self.snapshots = snapshots
    }

    /// What is damaged or torn, of the log before any snapshot; nil when every byte is accounted for.
    package var damage: String? {
        guard verdict.isGood else { return verdict.refusal.map { "\($0)" } ?? "\(verdict.report.end)" }
        return snapshots.lazy.compactMap(\.complaint).first
    }

    /// How the check ends for whoever asked for it; nil when every byte is accounted for.
    ///
    /// A damaged snapshot loses no record: the next start reads more of the log.
    package var end: ProcessEnd? {
        damage.map { ProcessEnd(verdict.isGood ? .world : verdict.refusal?.endStatus ?? .dataLost, $0) }
    }

    /// For people, a line each.
    package var lines: [String] {
        let report = verdict.report
        let status = book.statusView
        return [
            "cluster   \(identity.cluster)",
            "log       \(identity.logID)",
            "segments  \(report.segmentCount)",
            "frames    \(report.frameCount)",
            "records   \(report.recordCount)",
            "head      \(report.head.index) \(report.head.chain)",
            "end       \(report.end)",
        ] + snapshots.map { "snapshot  \($0)" } + [
            "book      \(hexadecimal(book.digest())): \(status.gpus.leased) of \(status.gpus.total) GPUs leased, "
                + "leases \(status.leases.waitlisted) waiting, \(status.leases.confirmed) confirmed, "
                + "\(status.leases.starting) starting, \(status.leases.active) active, \(status.leases.ending) ending"
        ]
    }

    /// For scripts: one JSON object on one line; 64-bit numbers as strings, like everywhere.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Face(self)), as: UTF8.self)
    }

    /// The object that scripts read.
    private struct Face: Encodable {
        let cluster: String
        let log: String
        let segments: Int
        let frames: Int
        let records: Int
        let headIndex: String
        let headChain: String
        let bookDigest: String
        let snapshots: [String]
        let gpus: [String: Int]
        let leases: [String: Int]
        let isGood: Bool
        let damage: String?

        init(_ verification: LogVerification) {
            let report = verification.verdict.report
            let status = verification.book.statusView
            cluster = verification.identity.cluster
            log = verification.identity.logID.description
            segments = report.segmentCount
            frames = report.frameCount
            records = report.recordCount
            headIndex = report.head.index.description
            headChain = report.head.chain.description
            bookDigest = hexadecimal(verification.book.digest())
            snapshots = verification.snapshots.map(\.index.description)
            gpus = ["leased": status.gpus.leased, "total": status.gpus.total]
            leases = [
                "waiting": status.leases.waitlisted, "confirmed": status.leases.confirmed,
                "starting": status.leases.starting, "active": status.leases.active, "ending": status.leases.ending,
            ]
            isGood = verification.verdict.isGood
            damage = verification.damage
        }
    }
}
