import Foundation
import LeaseholdBroker
import LeaseholdLog
import LeaseholdModel

// What is said of backups: facts for people, and one JSON object for scripts, 64-bit numbers as strings like everywhere.

extension CheckedBackup {
    /// For people, names beside values.
    package var facts: [(name: String, value: String)] {
        let status = book.statusView
        return [
            ("cluster", header.identity.cluster),
            ("log", "\(header.identity.logID)"),
            ("taken at", header.takenAt.rfc3339),
            ("index", "\(header.tail.head.index)"),
            ("chain", "\(header.tail.head.chain)"),
            ("reign", "\(header.tail.reign)"),
            ("incarnation", "\(header.tail.logIncarnation)"),
            ("records", "\(report.recordCount) in \(report.segmentCount) segments, \(report.byteCount) bytes"),
            ("book digest", hexadecimal(book.digest())),
            ("nodes", "\(status.nodes.total)"),
            ("GPUs", "\(status.gpus.total), \(status.gpus.leased) leased"),
            ("tenants", "\(status.tenantCount)"),
            (
                "leases",
                "\(status.leases.confirmed) confirmed, \(status.leases.starting) starting, \(status.leases.active) active, "
                    + "\(status.leases.ending) ending"
            ),
        ]
    }

    /// For scripts: one JSON object on one line.
    package func json() throws -> String { try BackupFace.json(BackupFace(self)) }
}

extension RestoredLog {
    /// For people: what was done, what it means, and what to do next.
    ///
    /// `isKeyKnown` says that whoever restores has given the key that heads were signed with before.
    package func lines(stateDirectory: String, isKeyKnown: Bool) -> [String] {
        [
            "restored log \(identity.logID) of cluster \(identity.cluster) to record \(head.index), chain \(head.chain)",
            "what came after record \(head.index) is gone: what was granted, changed or released since never happened",
            "the log goes on as incarnation \(logIncarnation), after \(before); its next reign is \(nextReign)",
            "every node is quarantined until its agent has reported: \(quarantinedCount) of them; what a node holds that "
                + "this log does not have is retired there",
            isKeyKnown
                ? "heads of incarnation \(before) up to record \(head.index) stay provable; later ones are of what is gone"
                : "heads are signed by the key \(key.text) from now on; unless it is the one of before, those of before can be "
                    + "checked with the old one alone; keep a copy of \(stateDirectory)/ledger/key elsewhere",
            "next: leasehold-coordinator run --state-dir \(stateDirectory), with the settings of before",
        ]
    }

    /// For scripts: one JSON object on one line.
    package func json(stateDirectory: String) throws -> String {
        try BackupFace.json(RestoreFace(self, stateDirectory))
    }
}

/// The object that scripts read of a backup.
private struct BackupFace: Encodable {
    let cluster: String
    let log: String
    let takenAt: String
    let headIndex: String
    let headChain: String
    let reign: String
    let logIncarnation: String
    let records: String
    let segments: Int
    let byteCount: String
    let bookDigest: String
    let nodes: Int
    let gpus: [String: Int]
    let tenants: Int
    let leases: [String: Int]

    init(_ backup: CheckedBackup) {
        let (header, status) = (backup.header, backup.book.statusView)
        cluster = header.identity.cluster
        log = "\(header.identity.logID)"
        takenAt = header.takenAt.rfc3339
        headIndex = "\(header.tail.head.index)"
        headChain = "\(header.tail.head.chain)"
        reign = "\(header.tail.reign)"
        logIncarnation = "\(header.tail.logIncarnation)"
        records = "\(backup.report.recordCount)"
        segments = backup.report.segmentCount
        byteCount = "\(backup.report.byteCount)"
        bookDigest = hexadecimal(backup.book.digest())
        nodes = status.nodes.total
        gpus = ["leased": status.gpus.leased, "total": status.gpus.total]
        tenants = status.tenantCount
        leases = [
            "confirmed": status.leases.confirmed, "starting": status.leases.starting, "active": status.leases.active,
            "ending": status.leases.ending,
        ]
    }

    static func json(_ face: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(face), as: UTF8.self)
    }
}

/// The object that scripts read of a restore.
private struct RestoreFace: Encodable {
    let cluster: String
    let log: String
    let stateDirectory: String
    let headIndex: String
    let headChain: String
    let logIncarnationBefore: String
    let logIncarnation: String
    let nextReign: String
    let quarantinedNodes: Int

    init(_ restored: RestoredLog, _ stateDirectory: String) {
        cluster = restored.identity.cluster
        log = "\(restored.identity.logID)"
        self.stateDirectory = stateDirectory
        headIndex = "\(restored.head.index)"
        headChain = "\(restored.head.chain)"
        logIncarnationBefore = "\(restored.before)"
        logIncarnation = "\(restored.logIncarnation)"
        nextReign = "\(restored.nextReign)"
        quarantinedNodes = restored.quarantinedCount
    }
}
