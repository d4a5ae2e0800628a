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
}

extension CheckedBackup {
    /// Makes the log again in a directory that is empty or not there yet.
    ///
    /// Two restores of one backup are two incarnations, if only the clock has gone on between them.
    package func restore(
        stateDirectory: String, at now: CalendarInstant
    ) throws(LogDirectoryFailure) -> RestoredLog {
        guard let logIncarnation = header.nextIncarnation(at: now) else {
            throw .backup(.damaged(offset: 0, .content("its log was restored as often as can be counted")))
        }
        let holder: LockHolder
        do throws(SystemFailure) {
            holder = try LockHolder.current(role: "restore", incarnation: .random())
        } catch {
            throw .lock(error)
        }
        try LogDirectory.restore(
            at: stateDirectory, backup, recovered, as: logIncarnation, holder: holder)
        let nodes = book.statusView.nodes
        return RestoredLog(
            identity: header.identity, head: header.tail.head, before: header.tail.logIncarnation,
            logIncarnation: logIncarnation, nextReign: book.reign.next(in: logIncarnation),
            quarantinedCount: nodes.total - nodes.notDelivered)
    }
}
