import LeaseholdBroker
package import LeaseholdLog
package import LeaseholdModel
package import LeaseholdPlatform

/// What a restore has made.
package struct RestoredLog: Sendable {
    package let identity: LogIdentity
    /// The last record of the backup, which is the last of the log.
    package let head: LogHead
    /// The incarnation that the backup's log ended in, and that in which it goes on.
    package let before: UInt32
    package let logIncarnation: UInt32
    /// The reign that the next start begins: above every one that the lost part can have had (L4).
    package let nextReign: Reign
    /// Nodes that nothing is granted on until their agents have reported (L9).
    package let quarantinedCount: Int
    /// What the log's heads are signed with from now on.
    package let key: LedgerKey
}

extension CheckedBackup {
    /// The incarnation in which a restore makes its log go on.
    package func incarnation(
        at now: CalendarInstant, isClockVouchedFor: Bool
    ) throws(RestoreRefusal) -> UInt32 {
        try header.incarnation(at: now, lastRecord: book.lastInstant, isClockVouchedFor: isClockVouchedFor)
    }

    /// Makes the log again, with a key, in a directory that is empty or not there yet, or has what a broken-off restore has
    /// left.
    ///
    /// `logIncarnation` is one that was asked for, and the second that it names is over: so restores by one clock, one after
    /// the other, are two incarnations, and the later is the higher one.
    package func restore(
        stateDirectory: String, as logIncarnation: UInt32, signer: LedgerSigner?,
        telling: (BackupStep) -> Void = { _ in }
    ) throws(LogDirectoryFailure) -> RestoredLog {
        guard let nextReign = book.reign.following(in: logIncarnation) else {
            preconditionFailure("incarnation \(logIncarnation) restores a log of reign \(book.reign)")
        }
        let holder: LockHolder
        do throws(SystemFailure) {
            holder = try LockHolder.current(role: "restore", incarnation: .random())
        } catch {
            throw .lock(error)
        }
        let identity = header.identity
        var key: LedgerKey?
        try LogDirectory.restore(
            at: stateDirectory, backup, recovered, as: logIncarnation, holder: holder, telling: telling
        ) { () throws(LogDirectoryFailure) in
            do throws(LedgerDirectoryFailure) {
                key = try LedgerDirectory.settleKey(
                    signer, in: stateDirectory, cluster: identity.cluster, log: identity.logID)
            } catch {
                throw .ledger(error)
            }
        }
        guard let key else { preconditionFailure("a log is restored without its key") }
        let nodes = book.statusView.nodes
        return RestoredLog(
            identity: identity, head: header.tail.head, before: header.tail.logIncarnation,
            logIncarnation: logIncarnation, nextReign: nextReign,
            quarantinedCount: nodes.total - nodes.notDelivered, key: key)
    }
}
