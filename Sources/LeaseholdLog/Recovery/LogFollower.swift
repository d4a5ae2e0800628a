package import LeaseholdModel

/// Whoever makes something of a log: of a snapshot's pieces, and of the records behind them.
package protocol LogFollower {
    /// What was made so far does not count; everything comes again from the beginning.
    mutating func restart()
    /// The next piece of a snapshot.
    mutating func take(piece: [UInt8]) throws(RecordRefusal)
    /// All pieces have come; they stand for the records up to the snapshot's.
    mutating func finish(_ header: SnapshotHeader, bookDigest: UInt64) throws(RecordRefusal)
    /// The next record, at once or by and by: whoever is behind says of which record a refusal is.
    mutating func take(_ index: RecordIndex, _ record: [UInt8]) throws(RecordRefusal)
    /// Comes to the last record that was taken.
    mutating func settle() throws(RecordRefusal)
}

extension LogScan {
    /// Reads the newest snapshot that is whole, and what the log has behind it; without one, all of the log.
    ///
    /// A snapshot that is damaged, or cannot be read, is passed over for the one before: the records that it stands for are all there. What
    /// was wrong with it stands in the report.
    package static func recover(
        _ identity: LogIdentity, _ reader: inout some LogReader, following follower: inout some LogFollower
    ) throws(RecoveryFailure) -> RecoveredLog {
        var found: SnapshotHeader?
        var unusable: [SnapshotFailure] = []
        for index in try snapshots(identity, &reader) where found == nil {
            follower.restart()
            do throws(SnapshotFailure) {
                found = try snapshot(index, reader, identity, following: &follower).header
            } catch {
                unusable.append(error)
            }
        }
        if found == nil { follower.restart() }
        var scan = LogScan(identity: identity)
        scan.report.unusable = unusable
        return try scan.recover(&reader, from: found) { index, record throws(RecordRefusal) in
            try follower.take(index, record)
        } settle: { () throws(RecordRefusal) in
            try follower.settle()
        }
    }

    private static func snapshots(
        _ identity: LogIdentity, _ reader: inout some LogReader
    ) throws(RecoveryFailure) -> [RecordIndex] {
        guard identity.kind.hasSnapshots else { return [] }
        do throws(StorageFailure) { return try reader.listSnapshots().sorted(by: >) } catch { throw .storage(error) }
    }

    /// Builds on a snapshot from its first byte to its last; a follower that cannot is to begin anew.
    package static func snapshot(
        _ index: RecordIndex, _ reader: some LogReader, _ identity: LogIdentity,
        following follower: inout some LogFollower
    ) throws(SnapshotFailure) -> (header: SnapshotHeader, sum: ChunkSum) {
        let found = try SnapshotScan.read(index, reader, identity: identity) { piece throws(RecordRefusal) in
            try follower.take(piece: piece)
        }
        do throws(RecordRefusal) { try follower.finish(found.header, bookDigest: found.sum.bookDigest) } catch {
            throw .damaged(index, offset: found.sum.byteCount, .content(error.reason))
        }
        return found
    }
}
