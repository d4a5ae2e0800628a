package import LeaseholdLog
package import LeaseholdModel

/// A disk in memory that forgets what was not synced, and fails when it is told to.
///
/// It has a page cache: `current` is what a running system reads, `durable` what is left after power loss. Names have
/// the same two lives. A failed sync behaves as on Linux: the pages count as clean, though they never reached the disk.
package final class SimulatedDisk: LogStorage {
    /// How the n-th operation goes wrong.
    package enum Fault: CaseIterable, Sendable {
        /// Power is lost before it, or half way through where it makes a file.
        case crash
        /// It answers EIO; a sync drops what it should have kept.
        case inputOutput
        /// It answers ENOSPC.
        case noSpace
        /// It answers EROFS, as after the filesystem met an error.
        case readOnly
        /// A write stops half way; anything else answers as for `inputOutput`.
        case short
    }

    /// How the n-th write goes wrong while the disk says that all is well.
    package enum Lie: Hashable, Sendable {
        /// A bit of what was written is another.
        case flippedBit(Int)
        /// A sector of what was written is full of zeros.
        case zeroedSector(Int)
        /// All of it lies at this sector of its file, and nothing where it should.
        case misdirected(sector: Int)
    }

    /// Everything that a disk is, so that one can go back to it.
    package var state = DiskState()
    /// Operations so far.
    package private(set) var operationCount = 0
    /// Which operation goes wrong; nil for none.
    package var failingOperation: Int?
    /// How it goes wrong.
    package var fault = Fault.crash
    /// Which operation is lied about, and how; nothing but a write is.
    package var lie: (operation: Int, Lie)?
    /// Whether power was lost; nothing is carried out any more.
    package private(set) var isDown = false
    /// Whether the operation that goes wrong has been asked for.
    package var hasFailed: Bool { failingOperation.map { operationCount >= $0 } ?? false }
    /// What was asked for since the process started, in order, unless it is not to be remembered.
    package private(set) var performed: [StorageOperation] = []
    /// Whether `performed` is kept; a long run does without it.
    package var remembersOperations = true

    /// Whether there is no room for another segment.
    package var isFull = false

    // Lies, each of which a checker must notice.

    /// Whether syncs of files do nothing.
    package var ignoresSync = false
    /// Whether syncs of directories do nothing.
    package var ignoresDirectorySync = false
    /// Whether reading before recovery drops what the disk never got; a filesystem may not oblige.
    package var dropsCacheBeforeReading = true

    private let sector = LogLimits.alignmentByteCount

    /// An empty disk.
    package init() {}

    private func failure(_ kind: StorageFailure.Kind, _ attempt: String) -> StorageFailure {
        StorageFailure(kind: kind, attempt: attempt)
    }

    /// Carries one operation out, unless it is the one that goes wrong.
    package func perform(_ operation: StorageOperation) throws(StorageFailure) {
        operationCount += 1
        guard !isDown else { throw failure(.other, "no power") }
        if remembersOperations { performed.append(operation) }
        guard operationCount == failingOperation else { return try carryOut(operation) }
        switch fault {
        case .crash:
            isDown = true
            leaveHalf(of: operation)
            throw failure(.other, "power lost")
        case .inputOutput: try fail(operation, .inputOutput)
        case .noSpace: try fail(operation, .noSpace)
        case .readOnly: try fail(operation, .readOnly)
        case .short:
            if case .write(let file, let offset, let bytes) = operation {
                try write(file, offset: offset, bytes: Array(bytes[..<(bytes.count / 2)]))
                throw failure(.short, "write")
            }
            try fail(operation, .inputOutput)
        }
    }

    private func fail(_ operation: StorageOperation, _ kind: StorageFailure.Kind) throws(StorageFailure) {
        if case .sync(let file) = operation, let id = state.names[DiskState.Name(file)] { state.drop(id) }
        if case .syncSnapshot(let index) = operation { state.drop(try id(index)) }
        throw failure(kind, "\(operation)".prefix(40).description)
    }

    /// What power loss leaves of a file that was being made, under the name that it bears until it is whole.
    private func leaveHalf(of operation: StorageOperation) {
        switch operation {
        case .prepare(let number, let byteCount):
            state.create(number.temporaryName, [UInt8](repeating: 0, count: byteCount / 2))
        case .saveTorn(let number, let bytes):
            state.create(number.tornName + ".tmp", Array(bytes[..<(bytes.count / 2)]))
        // A snapshot's operations are small: what is half done is half of its file.
        case .write, .sync, .publish, .archive, .syncDirectory, .discardTemporaries, .beginSnapshot, .appendSnapshot,
            .syncSnapshot, .publishSnapshot, .dropSnapshot, .removeSnapshot:
            break
        }
    }

    private func carryOut(_ operation: StorageOperation) throws(StorageFailure) {
        switch operation {
        case .prepare(let number, let byteCount):
            guard !isFull else { throw failure(.noSpace, "prepare \(number.temporaryName)") }
            state.create(number.temporaryName, [UInt8](repeating: 0, count: byteCount))
        case .write(let file, let offset, let bytes): try write(file, offset: offset, bytes: bytes)
        case .sync(let file): if !ignoresSync { state.sync(try id(file), sector: sector) }
        case .publish(let number): try move(.live, number.temporaryName, .live, number.fileName)
        case .archive(let number): try move(.live, number.fileName, .archive, number.fileName)
        case .syncDirectory(let place): if !ignoresDirectorySync { state.settleNames(in: place) }
        case .discardTemporaries: state.unlink { $0.hasSuffix(".tmp") }
        case .saveTorn(let number, let bytes): state.create(number.tornName, bytes)
        case .beginSnapshot(let index): state.create(SnapshotName(index).temporaryName, [], in: .snapshots)
        case .appendSnapshot(let index, let offset, let bytes):
            try write(id(index), offset: offset, bytes: bytes)
        case .syncSnapshot(let index): if !ignoresSync { state.sync(try id(index), sector: sector) }
        case .publishSnapshot(let index):
            let name = SnapshotName(index)
            try move(.snapshots, name.temporaryName, .snapshots, name.fileName)
        case .dropSnapshot(let index): state.unlink { $0 == SnapshotName(index).temporaryName }
        case .removeSnapshot(let index): state.unlink { $0 == SnapshotName(index).fileName }
        }
    }

    /// The temporary file of a snapshot.
    private func id(_ index: RecordIndex) throws(StorageFailure) -> Int {
        let name = SnapshotName(index).temporaryName
        guard let id = state.names[DiskState.Name(place: .snapshots, name: name)] else {
            throw failure(.notFound, name)
        }
        return id
    }

    private func id(_ file: LogFile) throws(StorageFailure) -> Int {
        let name = DiskState.Name(file)
        guard let id = state.names[name] else { throw failure(.notFound, name.name) }
        return id
    }

    private func write(_ file: LogFile, offset: Int, bytes: [UInt8]) throws(StorageFailure) {
        try write(id(file), offset: offset, bytes: bytes)
    }

    private func write(_ id: Int, offset: Int, bytes: [UInt8]) throws(StorageFailure) {
        guard !bytes.isEmpty else { return }
        var bytes = bytes
        var offset = offset
        if let lie, lie.operation == operationCount {
            switch lie.1 {
            case .flippedBit(let bit): bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            case .zeroedSector(let number): zero(&bytes, number)
            case .misdirected(let target): offset = target * sector
            }
        }
        let end = min(offset + bytes.count, state.files[id].current.count)
        state.files[id].current.replaceSubrange(offset..<max(offset, end), with: bytes)
        for dirty in offset / sector...(offset + bytes.count - 1) / sector { state.files[id].dirty.insert(dirty) }
    }

    private func zero(_ bytes: inout [UInt8], _ number: Int) {
        for position in number * sector..<min((number + 1) * sector, bytes.count) { bytes[position] = 0 }
    }

    private func move(
        _ from: LogPlace, _ name: String, _ to: LogPlace, _ newName: String
    ) throws(StorageFailure) {
        guard state.move(from, name, to, newName) else { throw failure(.notFound, name) }
    }

    // MARK: Power loss

    /// The sectors that were written and not synced, in order of file and place.
    package var unsyncedSectors: [(file: Int, sector: Int)] {
        state.files.indices.flatMap { file in state.files[file].dirty.sorted().map { (file, $0) } }
    }

    /// The sectors of which a failed sync left open whether the disk has them, in order of file and place.
    package var droppedSectors: [(file: Int, sector: Int)] {
        state.files.indices.flatMap { file in state.files[file].dropped.sorted().map { (file, $0) } }
    }

    /// It turns out which of the dropped sectors the failed sync had written.
    package func settleDropped(keeping isKept: (Int) -> Bool) {
        for (position, dropped) in droppedSectors.enumerated() where isKept(position) {
            state.keep(dropped.sector, of: dropped.file, sector: sector)
        }
    }

    /// Power is lost: of the unsynced sectors those chosen are kept, and so many of the pending changes of names.
    package func losePower(keeping isKept: (Int) -> Bool, nameChanges: Int = 0) {
        for (position, dirty) in unsyncedSectors.enumerated() where isKept(position) {
            state.keep(dirty.sector, of: dirty.file, sector: sector)
        }
        state.forgetCache(nameChanges: nameChanges)
        restart()
    }

    /// The process is started again, on the same running system.
    package func restart() {
        isDown = false
        failingOperation = nil
        performed = []
    }

    // MARK: Reading

    /// Syncs what is there, and drops from the cache what a failed sync never wrote.
    package func settleBeforeReading() throws(StorageFailure) {
        guard !ignoresSync else { return }
        for file in try listSegments() where file.place == .live {
            guard let id = state.names[DiskState.Name(place: file.place, name: file.number.fileName)] else { continue }
            state.sync(id, sector: sector)
            guard dropsCacheBeforeReading else { continue }
            state.files[id].current = state.files[id].durable
            state.files[id].dropped = []
        }
    }

    /// Every published segment, in the order of a hash table, because readers must not mind.
    package func listSegments() throws(StorageFailure) -> [SegmentFile] {
        state.names.compactMap { name, id in
            SegmentNumber(fileName: name.name).map {
                SegmentFile(number: $0, place: name.place, byteCount: state.files[id].current.count)
            }
        }
    }

    /// The bytes of a segment as a running system sees them.
    package func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        guard let id = state.names[DiskState.Name(place: file.place, name: file.number.fileName)] else {
            throw failure(.notFound, file.number.fileName)
        }
        return Array(state.files[id].current[range.clamped(to: 0..<state.files[id].current.count)])
    }

    /// Every published snapshot, in the order of a hash table.
    package func listSnapshots() throws(StorageFailure) -> [RecordIndex] {
        state.names.keys.filter { $0.place == .snapshots }.compactMap { SnapshotName(fileName: $0.name)?.index }
    }

    /// The bytes of a snapshot as a running system sees them.
    package func readSnapshot(_ index: RecordIndex, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        let name = DiskState.Name(place: .snapshots, name: SnapshotName(index).fileName)
        guard let id = state.names[name] else { throw failure(.notFound, name.name) }
        return Array(state.files[id].current[range.clamped(to: 0..<state.files[id].current.count)])
    }

    /// Drops a snapshot from the cache.
    package func settleSnapshot(_ index: RecordIndex) throws(StorageFailure) {
        let name = DiskState.Name(place: .snapshots, name: SnapshotName(index).fileName)
        guard let id = state.names[name] else { throw failure(.notFound, name.name) }
        if dropsCacheBeforeReading { state.files[id].current = state.files[id].durable }
    }

    // MARK: Tampering

    /// Changes the bytes of a published segment, in the cache and on the disk alike.
    package func tamper(_ segment: UInt64, _ place: LogPlace = .live, _ change: (inout [UInt8]) -> Void) {
        let name = DiskState.Name(place: place, name: SegmentNumber(rawValue: segment).fileName)
        guard let id = state.names[name] else { preconditionFailure("no \(name)") }
        change(&state.files[id].current)
        state.files[id].durable = state.files[id].current
    }

    /// Changes the bytes of a file, in the cache and on the disk alike.
    package func tamper(_ name: String, _ place: LogPlace, _ change: (inout [UInt8]) -> Void) {
        guard let id = state.names[DiskState.Name(place: place, name: name)] else { preconditionFailure("no \(name)") }
        change(&state.files[id].current)
        state.files[id].durable = state.files[id].current
    }

    /// The bytes of a file, by name.
    package func bytes(_ name: String, _ place: LogPlace = .live) -> [UInt8]? {
        state.names[DiskState.Name(place: place, name: name)].map { state.files[$0].current }
    }

    /// The names in one place, in order.
    package func names(_ place: LogPlace) -> [String] {
        state.names.keys.filter { $0.place == place }.map(\.name).sorted()
    }
}

extension SimulatedDisk {
    /// Power is lost in the middle of whatever was under way: any of the unsynced sectors and names may have made it.
    func losePowerByChance(_ chance: inout Chance) {
        let share = chance.below(101)
        let kept = unsyncedSectors.map { _ in chance.percent(share) }
        losePower(keeping: { kept[$0] }, nameChanges: chance.below(state.pending.count + 1))
    }
}
