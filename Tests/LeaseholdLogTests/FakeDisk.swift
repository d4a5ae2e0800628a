import LeaseholdLog

/// A disk in memory that forgets what was not synced, and fails when it is told to.
///
/// It has a page cache: `current` is what a running system reads, `durable` what is left after power loss. Names have
/// the same two lives. A failed sync behaves as on Linux: the pages count as clean, though they never reached the disk.
final class FakeDisk: LogStorage {
    /// How the n-th operation goes wrong.
    enum Fault: CaseIterable {
        /// Power is lost before it.
        case crash
        /// It answers EIO; a sync drops what it should have kept.
        case inputOutput
        /// It answers ENOSPC.
        case noSpace
        /// A write stops half way; anything else answers as for `inputOutput`.
        case short
    }

    struct File: Equatable {
        var current: [UInt8]
        var durable: [UInt8]
        /// Sectors that a sync would write.
        var dirty: Set<Int> = []
    }

    /// A change of names that power loss may undo, together with all later ones.
    enum NameChange: Equatable {
        case link(LogPlace, String, Int)
        case unlink(LogPlace, String)
        case move(LogPlace, String, LogPlace, String)

        func touches(_ place: LogPlace) -> Bool {
            switch self {
            case .link(let there, _, _), .unlink(let there, _): there == place
            case .move(let from, _, let to, _): from == place || to == place
            }
        }
    }

    struct Name: Hashable {
        let place: LogPlace
        let name: String
    }

    /// Everything that a disk is, so that a test can go back to it.
    struct State: Equatable {
        var files: [File] = []
        var names: [Name: Int] = [:]
        var durableNames: [Name: Int] = [:]
        var pending: [NameChange] = []
    }

    var state = State()
    /// Operations so far, and which of them goes wrong.
    private(set) var operationCount = 0
    var failingOperation: Int?
    var fault = Fault.crash
    private(set) var isDown = false
    private(set) var performed: [StorageOperation] = []

    // Lies, each of which the checker must notice.
    var ignoresSync = false
    var ignoresDirectorySync = false
    /// Whether reading before recovery drops what the disk never got; a filesystem may not oblige.
    var dropsCacheBeforeReading = true

    private let sector = LogLimits.alignmentByteCount

    func failure(_ kind: StorageFailure.Kind, _ operation: String) -> StorageFailure {
        StorageFailure(kind: kind, attempt: operation)
    }

    func perform(_ operation: StorageOperation) throws(StorageFailure) {
        operationCount += 1
        guard !isDown else { throw failure(.other, "no power") }
        performed.append(operation)
        guard operationCount == failingOperation else { return try carryOut(operation) }
        switch fault {
        case .crash:
            isDown = true
            throw failure(.other, "power lost")
        case .inputOutput: try fail(operation, .inputOutput)
        case .noSpace: try fail(operation, .noSpace)
        case .short:
            if case .write(let file, let offset, let bytes) = operation {
                try write(file, offset: offset, bytes: Array(bytes[..<(bytes.count / 2)]))
                throw failure(.short, "write")
            }
            try fail(operation, .inputOutput)
        }
    }

    private func fail(_ operation: StorageOperation, _ kind: StorageFailure.Kind) throws(StorageFailure) {
        if case .sync(let file) = operation, let id = state.names[name(file)] { state.files[id].dirty = [] }
        throw failure(kind, "\(operation)".prefix(40).description)
    }

    private func carryOut(_ operation: StorageOperation) throws(StorageFailure) {
        switch operation {
        case .prepare(let number, let byteCount):
            create(number.temporaryName, [UInt8](repeating: 0, count: byteCount))
        case .write(let file, let offset, let bytes): try write(file, offset: offset, bytes: bytes)
        case .sync(let file): if !ignoresSync { sync(try id(file)) }
        case .publish(let number): try move(.live, number.temporaryName, .live, number.fileName)
        case .archive(let number): try move(.live, number.fileName, .archive, number.fileName)
        case .syncDirectory(let place):
            guard !ignoresDirectorySync else { return }
            let last = state.pending.lastIndex { $0.touches(place) }
            settleNames(last.map { $0 + 1 } ?? 0)
        case .discardTemporaries:
            for name in state.names.keys.filter({ $0.name.hasSuffix(".tmp") }).sorted(by: { $0.name < $1.name }) {
                state.names[name] = nil
                state.pending.append(.unlink(name.place, name.name))
            }
        case .saveTorn(let number, let bytes): create(number.tornName, bytes)
        }
    }

    // MARK: Files

    private func name(_ file: LogFile) -> Name {
        switch file {
        case .segment(let number): Name(place: .live, name: number.fileName)
        case .temporary(let number): Name(place: .live, name: number.temporaryName)
        }
    }

    private func id(_ file: LogFile) throws(StorageFailure) -> Int {
        guard let id = state.names[name(file)] else { throw failure(.notFound, name(file).name) }
        return id
    }

    private func create(_ name: String, _ bytes: [UInt8]) {
        state.files.append(File(current: bytes, durable: bytes))
        state.names[Name(place: .live, name: name)] = state.files.count - 1
        state.pending.append(.link(.live, name, state.files.count - 1))
    }

    private func write(_ file: LogFile, offset: Int, bytes: [UInt8]) throws(StorageFailure) {
        let id = try id(file)
        guard !bytes.isEmpty else { return }
        state.files[id].current.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        for dirty in offset / sector...(offset + bytes.count - 1) / sector { state.files[id].dirty.insert(dirty) }
    }

    private func sync(_ id: Int) {
        for dirty in state.files[id].dirty { keep(dirty, of: id) }
        state.files[id].dirty = []
    }

    private func keep(_ dirty: Int, of id: Int) {
        let range = dirty * sector..<min((dirty + 1) * sector, state.files[id].current.count)
        state.files[id].durable.replaceSubrange(range, with: state.files[id].current[range])
    }

    // MARK: Names

    private func move(
        _ from: LogPlace, _ name: String, _ to: LogPlace, _ newName: String
    ) throws(StorageFailure) {
        guard let id = state.names.removeValue(forKey: Name(place: from, name: name)) else {
            throw failure(.notFound, name)
        }
        state.names[Name(place: to, name: newName)] = id
        state.pending.append(.move(from, name, to, newName))
    }

    /// Makes the first so many changes of names durable.
    private func settleNames(_ count: Int) {
        for change in state.pending.prefix(count) {
            switch change {
            case .link(let place, let name, let id): state.durableNames[Name(place: place, name: name)] = id
            case .unlink(let place, let name): state.durableNames[Name(place: place, name: name)] = nil
            case .move(let from, let name, let to, let newName):
                let id = state.durableNames.removeValue(forKey: Name(place: from, name: name))
                state.durableNames[Name(place: to, name: newName)] = id
            }
        }
        state.pending.removeFirst(count)
    }

    // MARK: Power loss

    /// The sectors that were written and not synced, in order of file and place.
    var unsyncedSectors: [(file: Int, sector: Int)] {
        state.files.indices.flatMap { file in state.files[file].dirty.sorted().map { (file, $0) } }
    }

    /// Power is lost: of the unsynced sectors those chosen are kept, and so many of the pending changes of names.
    func losePower(keeping isKept: (Int) -> Bool, nameChanges: Int = 0) {
        for (position, dirty) in unsyncedSectors.enumerated() where isKept(position) {
            keep(dirty.sector, of: dirty.file)
        }
        for file in state.files.indices {
            state.files[file].current = state.files[file].durable
            state.files[file].dirty = []
        }
        settleNames(min(nameChanges, state.pending.count))
        state.names = state.durableNames
        state.pending = []
        restart()
    }

    /// The process is started again, on the same running system.
    func restart() {
        isDown = false
        failingOperation = nil
        performed = []
    }

    // MARK: Reading

    func settleBeforeReading() throws(StorageFailure) {
        guard !ignoresSync else { return }
        for (name, id) in state.names where name.place == .live && name.name.hasSuffix(".segment") {
            sync(id)
            if dropsCacheBeforeReading { state.files[id].current = state.files[id].durable }
        }
    }

    func listSegments() throws(StorageFailure) -> [SegmentFile] {
        state.names.compactMap { name, id in
            SegmentNumber(fileName: name.name).map {
                SegmentFile(number: $0, place: name.place, byteCount: state.files[id].current.count)
            }
        }
    }

    func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        guard let id = state.names[Name(place: file.place, name: file.number.fileName)] else {
            throw failure(.notFound, file.number.fileName)
        }
        return Array(state.files[id].current[range.clamped(to: 0..<state.files[id].current.count)])
    }

    // MARK: Tampering

    /// Changes the bytes of a published segment, in the cache and on the disk alike.
    func tamper(_ segment: UInt64, _ place: LogPlace = .live, _ change: (inout [UInt8]) -> Void) {
        let name = Name(place: place, name: SegmentNumber(rawValue: segment).fileName)
        guard let id = state.names[name] else { preconditionFailure("no \(name)") }
        change(&state.files[id].current)
        state.files[id].durable = state.files[id].current
    }

    /// The bytes of a live file, by name.
    func bytes(_ name: String, _ place: LogPlace = .live) -> [UInt8]? {
        state.names[Name(place: place, name: name)].map { state.files[$0].current }
    }

    /// The names in one place, in order.
    func names(_ place: LogPlace) -> [String] { state.names.keys.filter { $0.place == place }.map(\.name).sorted() }
}
