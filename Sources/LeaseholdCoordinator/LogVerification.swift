import Foundation
package import LeaseholdBroker
package import LeaseholdLog
import LeaseholdModel
package import LeaseholdPlatform

/// What a check of a log found, and the book that the log tells.
package struct LogVerification {
    package let identity: LogIdentity
    package let verdict: LogVerdict
    package let book: LeaseBook

    package init(identity: LogIdentity, verdict: LogVerdict, book: LeaseBook) {
        self.identity = identity
        self.verdict = verdict
        self.book = book
    }

    /// What is damaged or torn; nil when every byte is accounted for.
    package var damage: String? {
        verdict.isGood ? nil : verdict.refusal.map { "\($0)" } ?? "\(verdict.report.end)"
    }

    /// How the check ends for whoever asked for it; nil when every byte is accounted for.
    package var end: ProcessEnd? {
        damage.map { ProcessEnd(verdict.refusal?.endStatus ?? .dataLost, $0) }
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
            "book      \(hexadecimal(book.digest())): \(status.gpus.leased) of \(status.gpus.total) GPUs leased, "
                + "leases \(status.leases.confirmed) confirmed, \(status.leases.starting) starting, \(status.leases.active) active, "
                + "\(status.leases.ending) ending",
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
            gpus = ["leased": status.gpus.leased, "total": status.gpus.total]
            leases = [
                "confirmed": status.leases.confirmed, "starting": status.leases.starting,
                "active": status.leases.active, "ending": status.leases.ending,
            ]
            isGood = verification.verdict.isGood
            damage = verification.damage
        }
    }
}
