private import CLeaseholdPlatform
internal import Glibc
package import LeaseholdLog
internal import LeaseholdModel

/// The log's storage operations on a directory of files: the interpreter that meets the real disk.
///
/// It holds no rule about the log. Every call's answer is looked at; a sync is never made twice for one order (L7).
package final class FileStorage {
    /// The name of the directory for full segments, in the log's directory.
    package static let archiveName = "archive"
    /// The name of the directory for snapshots, in the log's directory.
    package static let snapshotsName = "snapshots"
    /// Groups from this size on are on their way to the disk before they are synced.
    private static let earlyWritingByteCountMin = 8_192
    /// How much of a segment that is being prepared is written before it is synced: more at once would stand in front of
    /// the log's own groups.
    private static let preparedAtOnceByteCount = 262_144

    /// The log's directory, for messages.
    package let path: String
    let live: Int32
    let archive: Int32
    /// `none` in a log that has had no snapshot, until the first one is begun.
    var snapshots: Int32
    /// The temporary file of a snapshot that is being written.
    var draft: (index: RecordIndex, descriptor: Int32)?
    /// Open files that the log writes to: the current segment and, for a moment, the next one.
    private var descriptors: [LogFile: Int32] = [:]
    private var preparation: SegmentPreparation?

    /// Opens the directory and its archive, which must exist, and that of the snapshots, if there is one.
    package init(path: String) throws(StorageFailure) {
        var opened: [Int32] = []
        do throws(StorageFailure) {
            for name in [".", FileStorage.archiveName, FileStorage.snapshotsName] {
                opened.append(try FileStorage.open("\(path)/\(name)", mayLack: name == FileStorage.snapshotsName))
            }
        } catch {
            for descriptor in opened { close(descriptor) }
            throw error
        }
        self.path = path
        (live, archive, snapshots) = (opened[0], opened[1], opened[2])
    }

    static func open(_ path: String, mayLack: Bool = false) throws(StorageFailure) -> Int32 {
        do throws(StorageFailure) {
            return try SystemCalls.check("open \(path)") { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        } catch {
            guard mayLack, error.kind == .notFound else { throw error }
            return none
        }
    }

    /// No directory.
    static let none: Int32 = -1

    deinit {
        if let preparation { _ = preparation.result(waiting: true) }
        for descriptor in descriptors.values { close(descriptor) }
        if let draft { close(draft.descriptor) }
        if snapshots != FileStorage.none { close(snapshots) }
        close(archive)
        close(live)
    }

    func directory(_ place: LogPlace) -> Int32 {
        switch place {
        case .live: live
        case .archive: archive
        case .snapshots: snapshots
        }
    }

    private func name(_ file: LogFile) -> String {
        switch file {
        case .segment(let number): number.fileName
        case .temporary(let number): number.temporaryName
        }
    }

    private func descriptor(_ file: LogFile) throws(StorageFailure) -> Int32 {
        if let descriptor = descriptors[file] { return descriptor }
        let name = name(file)
        let descriptor = try SystemCalls.check("open \(name)") { openat(live, name, O_RDWR | O_CLOEXEC) }
        descriptors[file] = descriptor
        return descriptor
    }

    private func closeFile(_ file: LogFile) {
        guard let descriptor = descriptors.removeValue(forKey: file) else { return }
        close(descriptor)
    }
}

extension FileStorage: LogStorage {
    /// Carries out one operation, wholly, before it returns.
    package func perform(_ operation: StorageOperation) throws(StorageFailure) {
        switch operation {
        case .prepare(let number, let byteCount):
            closeFile(.temporary(number))
            try FileStorage.prepare(number.temporaryName, byteCount: byteCount, in: live)
        case .write(let file, let offset, let bytes):
            let descriptor = try descriptor(file)
            let name = name(file)
            try bytes.withUnsafeBufferPointer { bytes throws(StorageFailure) in
                try SystemCalls.write(
                    UnsafeRawBufferPointer(bytes), to: descriptor, at: offset,
                    attempt: "write \(bytes.count) bytes at \(offset) of \(name)")
            }
            // While the disk takes a large group, the log folds it into the chain; for a small one the call costs more.
            if bytes.count >= FileStorage.earlyWritingByteCountMin {
                leasehold_begin_writing(descriptor, Int64(offset), Int64(bytes.count))
            }
        case .sync(let file):
            let descriptor = try descriptor(file)
            try SystemCalls.checkOnce("sync \(name(file))") { fdatasync(descriptor) }
        case .publish(let number):
            try rename(number.temporaryName, in: live, to: number.fileName, in: live)
            // The file stays open under its new name: the next write needs no look-up.
            descriptors[.segment(number)] = descriptors.removeValue(forKey: .temporary(number))
        case .archive(let number):
            closeFile(.segment(number))
            try rename(number.fileName, in: live, to: number.fileName, in: archive)
        case .syncDirectory(let place):
            try SystemCalls.checkOnce("sync directory \(path) (\(place))") { fsync(directory(place)) }
        case .discardTemporaries: try discardTemporaries()
        case .saveTorn(let number, let bytes):
            try FileStorage.replace(number.tornName, with: bytes, in: live)
        case .beginSnapshot, .appendSnapshot, .syncSnapshot, .publishSnapshot, .dropSnapshot, .removeSnapshot:
            try performOnSnapshot(operation)
        }
    }

    /// Prepares a segment on a thread of its own; anything else, and where no thread is to be had, at once.
    package func performAside(_ number: OperationNumber, _ operation: StorageOperation) -> StorageResult? {
        guard case .prepare(let segment, let byteCount) = operation else { return attempt(operation) }
        closeFile(.temporary(segment))
        let live = live
        preparation = SegmentPreparation(number) {
            do throws(StorageFailure) {
                try FileStorage.prepare(segment.temporaryName, byteCount: byteCount, in: live)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        return preparation == nil ? attempt(operation) : nil
    }

    /// The preparation that has ended, if one has; waits for it if asked to.
    package func endedAside(waiting: Bool) -> (number: OperationNumber, result: StorageResult)? {
        guard let preparation, let result = preparation.result(waiting: waiting) else { return nil }
        self.preparation = nil
        return (preparation.number, result)
    }

    private func attempt(_ operation: StorageOperation) -> StorageResult {
        do throws(StorageFailure) {
            try perform(operation)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func rename(
        _ name: String, in source: Int32, to newName: String, in target: Int32
    ) throws(StorageFailure) {
        try SystemCalls.check("rename \(name) to \(newName)") { renameat(source, name, target, newName) }
    }

    private func discardTemporaries() throws(StorageFailure) {
        for directory in [live, snapshots] where directory != FileStorage.none {
            for name in try SystemCalls.names(in: directory, attempt: "list \(path)") where name.hasSuffix(".tmp") {
                try SystemCalls.check("remove \(name)") { unlinkat(directory, name, 0) }
            }
        }
    }

    /// Allocates a file, writes it full of zeros and syncs it, piece by piece: later writes then change no metadata and find space.
    private static func prepare(_ name: String, byteCount: Int, in directory: Int32) throws(StorageFailure) {
        let descriptor = try SystemCalls.check("create \(name)") {
            openat(directory, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        }
        defer { close(descriptor) }
        do throws(StorageFailure) {
            try allocate(byteCount, of: descriptor, name)
            let zeros = [UInt8](repeating: 0, count: min(byteCount, preparedAtOnceByteCount))
            var offset = 0
            while offset < byteCount {
                let count = min(zeros.count, byteCount - offset)
                try zeros.withUnsafeBufferPointer { zeros throws(StorageFailure) in
                    try SystemCalls.write(
                        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(zeros)[..<count]), to: descriptor,
                        at: offset, attempt: "write \(count) zeros at \(offset) of \(name)")
                }
                try SystemCalls.checkOnce("sync zeros at \(offset) of \(name)") { fdatasync(descriptor) }
                offset += count
            }
            try SystemCalls.checkOnce("sync \(name)") { fsync(descriptor) }
        } catch {
            // Half a file holds space that the log may need.
            unlinkat(directory, name, 0)
            throw error
        }
    }

    private static func allocate(_ byteCount: Int, of descriptor: Int32, _ name: String) throws(StorageFailure) {
        while true {
            switch posix_fallocate(descriptor, 0, off_t(byteCount)) {
            // A filesystem that cannot allocate ahead finds its space while the zeros are written.
            case 0, EOPNOTSUPP, EINVAL: return
            case EINTR: continue
            case let number: throw SystemCalls.failure("allocate \(byteCount) bytes for \(name)", number)
            }
        }
    }

    /// Writes a small file aside, syncs it and gives it its name; the caller syncs the directory.
    static func replace(_ name: String, with bytes: [UInt8], in directory: Int32) throws(StorageFailure) {
        let temporary = name + ".tmp"
        let descriptor = try SystemCalls.check("create \(temporary)") {
            openat(directory, temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        }
        defer { close(descriptor) }
        try bytes.withUnsafeBufferPointer { bytes throws(StorageFailure) in
            try SystemCalls.write(
                UnsafeRawBufferPointer(bytes), to: descriptor, at: 0,
                attempt: "write \(bytes.count) bytes of \(temporary)")
        }
        try SystemCalls.checkOnce("sync \(temporary)") { fsync(descriptor) }
        try SystemCalls.check("rename \(temporary) to \(name)") { renameat(directory, temporary, directory, name) }
    }
}
