internal import Glibc
package import LeaseholdLog

extension FileStorage {
    /// Every published segment, live and archived, with the length of its file.
    package func listSegments() throws(StorageFailure) -> [SegmentFile] {
        var files: [SegmentFile] = []
        for place in [LogPlace.live, .archive] {
            for name in try SystemCalls.names(in: directory(place), attempt: "list \(path) (\(place))") {
                guard let number = SegmentNumber(fileName: name) else { continue }
                var status = stat()
                try SystemCalls.check("look at \(name)") { fstatat(directory(place), name, &status, 0) }
                files.append(SegmentFile(number: number, place: place, byteCount: Int(status.st_size)))
            }
        }
        return files
    }

    /// The bytes of a segment in a range; fewer where the file ends earlier.
    package func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        let name = file.number.fileName
        let descriptor = try SystemCalls.check("open \(name)") {
            openat(directory(file.place), name, O_RDONLY | O_CLOEXEC)
        }
        defer { close(descriptor) }
        return try SystemCalls.read(descriptor, range, attempt: "read \(range) of \(name)")
    }

    /// Syncs the live segments and drops them from the page cache, so that the disk itself is read.
    ///
    /// After a failed sync the cache may hold what the disk never got. Archived segments need none of it: each has a
    /// successor that was begun after they were durable.
    package func settleBeforeReading() throws(StorageFailure) {
        for file in try listSegments() where file.place == .live {
            let name = file.number.fileName
            let descriptor = try SystemCalls.check("open \(name)") { openat(live, name, O_RDWR | O_CLOEXEC) }
            defer { close(descriptor) }
            try SystemCalls.checkOnce("sync \(name)") { fsync(descriptor) }
            let number = posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED))
            guard number == 0 else { throw SystemCalls.failure("drop \(name) from the page cache", number) }
        }
    }
}
