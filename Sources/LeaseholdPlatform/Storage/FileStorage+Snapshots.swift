internal import Glibc
package import LeaseholdLog
package import LeaseholdModel

extension FileStorage {
    /// Carries out what is about a snapshot.
    func performOnSnapshot(_ operation: StorageOperation) throws(StorageFailure) {
        switch operation {
        case .beginSnapshot(let index):
            closeDraft()
            try openSnapshots()
            let name = SnapshotName(index).temporaryName
            let descriptor = try SystemCalls.check("create \(name)") {
                openat(snapshots, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
            }
            draft = (index, descriptor)
        case .appendSnapshot(let index, let offset, let bytes):
            let descriptor = try draftDescriptor(index)
            try bytes.withUnsafeBufferPointer { bytes throws(StorageFailure) in
                try SystemCalls.write(
                    UnsafeRawBufferPointer(bytes), to: descriptor, at: offset,
                    attempt: "write \(bytes.count) bytes at \(offset) of \(SnapshotName(index).temporaryName)")
            }
        case .syncSnapshot(let index):
            let descriptor = try draftDescriptor(index)
            try SystemCalls.checkOnce("sync \(SnapshotName(index).temporaryName)") { fsync(descriptor) }
        case .publishSnapshot(let index):
            closeDraft()
            let name = SnapshotName(index)
            try SystemCalls.check("rename \(name.temporaryName) to \(name.fileName)") {
                renameat(snapshots, name.temporaryName, snapshots, name.fileName)
            }
        case .dropSnapshot(let index):
            closeDraft()
            let name = SnapshotName(index).temporaryName
            if unlinkat(snapshots, name, 0) != 0, errno != ENOENT {
                throw SystemCalls.failure("remove \(name)", errno)
            }
        case .removeSnapshot(let index):
            let name = SnapshotName(index).fileName
            try SystemCalls.check("remove \(name)") { unlinkat(snapshots, name, 0) }
        case .prepare, .write, .sync, .publish, .archive, .syncDirectory, .discardTemporaries, .saveTorn:
            preconditionFailure("\(operation) is not about a snapshot")
        }
    }

    /// Makes the directory in a log that was made before there were snapshots; not when the log is opened, because that
    /// needs no space.
    private func openSnapshots() throws(StorageFailure) {
        guard snapshots == FileStorage.none else { return }
        let name = FileStorage.snapshotsName
        try LogDirectory.makeDirectory(name, in: live, path: "\(path)/\(name)")
        snapshots = try FileStorage.open("\(path)/\(name)")
    }

    private func draftDescriptor(_ index: RecordIndex) throws(StorageFailure) -> Int32 {
        guard let draft, draft.index == index else {
            throw StorageFailure(kind: .notFound, attempt: "write to \(SnapshotName(index).temporaryName)")
        }
        return draft.descriptor
    }

    private func closeDraft() {
        if let draft { close(draft.descriptor) }
        draft = nil
    }

    /// Every published snapshot, by the record after which it was taken.
    package func listSnapshots() throws(StorageFailure) -> [RecordIndex] {
        guard snapshots != FileStorage.none else { return [] }
        return try SystemCalls.names(in: snapshots, attempt: "list \(path)/\(FileStorage.snapshotsName)")
            .compactMap { SnapshotName(fileName: $0)?.index }
    }

    /// The bytes of a snapshot in a range; fewer where the file ends earlier.
    package func readSnapshot(_ index: RecordIndex, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        let name = SnapshotName(index).fileName
        let descriptor = try SystemCalls.check("open \(name)") {
            openat(snapshots, name, O_RDONLY | O_CLOEXEC)
        }
        defer { close(descriptor) }
        return try SystemCalls.read(descriptor, range, attempt: "read \(range) of \(name)")
    }

    /// Drops a snapshot from the page cache, so that the disk itself is read; it was synced before it had its name.
    package func settleSnapshot(_ index: RecordIndex) throws(StorageFailure) {
        let name = SnapshotName(index).fileName
        let descriptor = try SystemCalls.check("open \(name)") { openat(snapshots, name, O_RDONLY | O_CLOEXEC) }
        defer { close(descriptor) }
        let number = posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED))
        guard number == 0 else { throw SystemCalls.failure("drop \(name) from the page cache", number) }
    }
}
