package import LeaseholdModel

/// Whoever makes something of a log: of a snapshot's pieces, and of the records behind them.
package protocol LogFollower {
    /// What was made so far does not count; everything comes again from the beginning.
    mutating func restart()
    /// The next piece of a snapshot, at once or by and by.
    mutating func take(piece: [UInt8]) throws(RecordRefusal)
    /// All pieces have come; they stand for the records up to the snapshot's.
    mutating func finish(_ header: SnapshotHeader, bookDigest: UInt64) throws(RecordRefusal)
    /// Comes to the end of the snapshot; throws where its pieces are not what it says.
    mutating func settleSnapshot() throws(RecordRefusal)
    /// The next record, at once or by and by: whoever is behind says of which record a refusal is.
    mutating func take(_ index: RecordIndex, _ record: [UInt8]) throws(RecordRefusal)
    /// Comes to the last record that was taken.
    mutating func settle() throws(RecordRefusal)
}

extension LogScan {
    /// Reads the newest snapshot that is whole, and what the log has behind it; without one, all of the log.
    ///
    /// A snapshot that is damaged, or cannot be read, is passed over for the one before: the records that it stands for
    /// are all there. What was wrong with it stands in the report.
    package static func recover(
        _ identity: LogIdentity, _ reader: inout some LogReader, following follower: inout some LogFollower
    ) throws(RecoveryFailure) -> RecoveredLog {
        var scan = LogScan(identity: identity)
        for index in try snapshots(identity, &reader) {
            follower.restart()
            switch scan.recover(&reader, fromSnapshot: index, following: &follower) {
            case .success(let outcome): return try outcome.get()
            case .failure(let failure): scan.report.unusable.append(failure)
            }
        }
        follower.restart()
        return try scan.recover(&reader, from: nil, following: &follower)
    }

    /// Reads a snapshot and the log behind it, while the follower builds; what was found in the log counts only if the
    /// snapshot does.
    private func recover(
        _ reader: inout some LogReader, fromSnapshot index: RecordIndex, following follower: inout some LogFollower
    ) -> Result<Result<RecoveredLog, RecoveryFailure>, SnapshotFailure> {
        do throws(SnapshotFailure) {
            let found = try LogScan.pieces(of: index, reader, identity, following: &follower)
            var scan = self
            var outcome: Result<RecoveredLog, RecoveryFailure>
            do throws(RecoveryFailure) {
                outcome = .success(try scan.recover(&reader, from: found.header, following: &follower))
            } catch {
                outcome = .failure(error)
            }
            try LogScan.settle(index, found.sum, &follower)
            return .success(outcome)
        } catch {
            return .failure(error)
        }
    }

    private mutating func recover(
        _ reader: inout some LogReader, from snapshot: SnapshotHeader?, following follower: inout some LogFollower
    ) throws(RecoveryFailure) -> RecoveredLog {
        try recover(&reader, from: snapshot) { index, record throws(RecordRefusal) in
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
        let found = try pieces(of: index, reader, identity, following: &follower)
        try settle(index, found.sum, &follower)
        return found
    }

    private static func pieces(
        of index: RecordIndex, _ reader: some LogReader, _ identity: LogIdentity,
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

    private static func settle(
        _ index: RecordIndex, _ sum: ChunkSum, _ follower: inout some LogFollower
    ) throws(SnapshotFailure) {
        do throws(RecordRefusal) { try follower.settleSnapshot() } catch {
            throw .damaged(index, offset: sum.byteCount, .content(error.reason))
        }
    }
}
