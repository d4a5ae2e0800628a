import LeaseholdModel

/// Takes snapshots and keeps the last two that were read back whole.
///
/// A snapshot is written aside, synced, named, and read again from the disk before anything is built on it. Only then do
/// older ones go, and only what two good ones stand for is said to be covered: should the last one rot, recovery begins
/// with the one before and reads a little more.
package struct SnapshotKeeper<Storage: LogStorage> {
    private let identity: LogIdentity
    private var storage: Storage
    /// Those that were read back whole, the newest last.
    private var good: [SnapshotHeader]

    /// Keeps the snapshots of a log; `used` is the one that recovery has read, if it read one.
    package init(identity: LogIdentity, storage: Storage, used: SnapshotHeader?) {
        self.identity = identity
        self.storage = storage
        self.good = used.map { [$0] } ?? []
    }

    /// The newest snapshot that was read back whole; nil while there is none.
    package var newest: SnapshotHeader? { good.last }

    /// The first segment that recovery would read should the newest snapshot be damaged.
    package var coveredBefore: SegmentNumber {
        good.count < LogLimits.snapshotCount ? .first : good[good.count - LogLimits.snapshotCount].tail.segment
    }

    /// Takes a snapshot; `pieces` hands out what it is made of, and `check` looks at each piece when it is read again.
    ///
    /// Nothing is built on it here: that would be a second book, and two is what a process may hold. `verify` builds.
    package mutating func save(
        _ header: SnapshotHeader, bookDigest: UInt64,
        pieces: (([UInt8]) throws(StorageFailure) -> Void) throws(StorageFailure) -> Void,
        check: ([UInt8]) throws(RecordRefusal) -> Void
    ) throws(SnapshotFailure) -> ChunkSum {
        let index = header.index
        let written: ChunkSum
        do throws(StorageFailure) {
            written = try write(header, bookDigest, pieces)
            try storage.perform(.publishSnapshot(index))
            try storage.perform(.syncDirectory(.snapshots))
            try storage.settleSnapshot(index)
        } catch {
            throw .storage(dropped(index, after: error))
        }
        let found: (header: SnapshotHeader, sum: ChunkSum)
        do throws(SnapshotFailure) {
            found = try SnapshotScan.read(index, storage, identity: identity, each: check)
            guard found.header == header, found.sum == written else { throw .damaged(index, offset: 0, .hash) }
        } catch {
            do throws(StorageFailure) { try storage.perform(.removeSnapshot(index)) } catch { throw .storage(error) }
            throw error
        }
        good = good.filter { $0.index != index } + [header]
        if good.count > LogLimits.snapshotCount { good.removeFirst(good.count - LogLimits.snapshotCount) }
        try removeOthers()
        return written
    }

    private mutating func write(
        _ header: SnapshotHeader, _ bookDigest: UInt64,
        _ pieces: (([UInt8]) throws(StorageFailure) -> Void) throws(StorageFailure) -> Void
    ) throws(StorageFailure) -> ChunkSum {
        let index = header.index
        var writer = ChunkWriter()
        var block = writer.begin(header)
        var offset = 0
        try storage.perform(.beginSnapshot(index))
        try pieces { piece throws(StorageFailure) in
            guard piece.count <= LogLimits.pieceByteCountMax else {
                let limit = LogLimits.pieceByteCountMax
                throw StorageFailure(
                    kind: .other, attempt: "write a piece of \(piece.count) bytes, of which a snapshot takes \(limit)")
            }
            block += writer.piece(piece)
            guard block.count >= LogLimits.snapshotWriteByteCount else { return }
            try storage.perform(.appendSnapshot(index, offset: offset, bytes: block))
            offset += block.count
            block.removeAll(keepingCapacity: true)
        }
        let (end, sum) = writer.end(bookDigest: bookDigest)
        try storage.perform(.appendSnapshot(index, offset: offset, bytes: block + end))
        try storage.perform(.syncSnapshot(index))
        return sum
    }

    /// Gives back the space of half a snapshot, as far as the disk lets; what failed first is what is said.
    private mutating func dropped(_ index: RecordIndex, after failure: StorageFailure) -> StorageFailure {
        do throws(StorageFailure) {
            try storage.perform(.dropSnapshot(index))
            return failure
        } catch {
            return failure
        }
    }

    private mutating func removeOthers() throws(SnapshotFailure) {
        guard good.count == LogLimits.snapshotCount else { return }
        do throws(StorageFailure) {
            for index in try storage.listSnapshots().sorted() where !good.contains(where: { $0.index == index }) {
                try storage.perform(.removeSnapshot(index))
            }
        } catch {
            throw .storage(error)
        }
    }
}
