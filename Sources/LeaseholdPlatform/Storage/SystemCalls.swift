internal import Glibc
package import LeaseholdLog

/// The few system calls of the log, each with its failure in words.
package enum SystemCalls {
    /// The failure that the system's error number stands for.
    static func failure(_ attempt: String, _ number: Int32) -> StorageFailure {
        let kind: StorageFailure.Kind =
            switch number {
            case EIO: .inputOutput
            case ENOSPC, EDQUOT: .noSpace
            case EROFS: .readOnly
            case ENOENT: .notFound
            case ENOTDIR: .notDirectory
            case EACCES, EPERM: .notPermitted
            default: .other
            }
        return StorageFailure(kind: kind, attempt: attempt, errorNumber: number)
    }

    /// Makes a call that returns −1 on failure, again if a signal came between.
    @discardableResult
    static func check(_ attempt: @autoclosure () -> String, _ call: () -> Int32) throws(StorageFailure) -> Int32 {
        while true {
            let result = call()
            if result >= 0 { return result }
            let number = errno
            if number != EINTR { throw failure(attempt(), number) }
        }
    }

    /// Makes a call that must not be made again whatever it answers: a sync (L7).
    static func checkOnce(_ attempt: @autoclosure () -> String, _ call: () -> Int32) throws(StorageFailure) {
        guard call() >= 0 else { throw failure(attempt(), errno) }
    }

    /// What one call to write did: so many bytes, or the system's error number.
    package enum Wrote {
        case bytes(Int)
        case failed(Int32)
    }

    /// Writes all bytes, by as many calls as it takes.
    ///
    /// A short write goes on behind what was written; one that makes no progress at all is the end.
    package static func writeWholly(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, attempt: @autoclosure () -> String,
        by write: (UnsafeRawBufferPointer, Int) -> Wrote
    ) throws(StorageFailure) {
        var done = 0
        while done < bytes.count {
            switch write(UnsafeRawBufferPointer(rebasing: bytes[done...]), offset + done) {
            case .bytes(let count) where count > 0: done += count
            case .bytes: throw StorageFailure(kind: .short, attempt: attempt())
            case .failed(EINTR): continue
            case .failed(let number): throw failure(attempt(), number)
            }
        }
    }

    /// Writes all bytes to a file at an offset.
    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int, attempt: @autoclosure () -> String
    ) throws(StorageFailure) {
        try writeWholly(bytes, at: offset, attempt: attempt()) { rest, position in
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(position))
            return count < 0 ? .failed(errno) : .bytes(count)
        }
    }

    /// Reads a range of a file; fewer bytes where the file ends earlier.
    static func read(_ descriptor: Int32, _ range: Range<Int>, attempt: @autoclosure () -> String)
        throws(StorageFailure) -> [UInt8]
    {
        var number: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
            while filled < range.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let count = pread(descriptor, rest.baseAddress, rest.count, off_t(range.lowerBound + filled))
                if count > 0 {
                    filled += count
                } else if count == 0 {
                    return
                } else if errno != EINTR {
                    number = errno
                    return
                }
            }
        }
        guard number == 0 else { throw failure(attempt(), number) }
        return bytes
    }

    /// The names in a directory, without `.` and `..`.
    static func names(in directory: Int32, attempt: @autoclosure () -> String) throws(StorageFailure) -> [String] {
        let copy = try check(attempt()) { openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(copy) else {
            let number = errno
            close(copy)
            throw failure(attempt(), number)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        let number = errno
        guard number == 0 else { throw failure(attempt(), number) }
        return names
    }
}
