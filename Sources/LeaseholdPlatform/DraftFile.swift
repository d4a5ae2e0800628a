internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdLog

/// A large file on its way: written aside under `PATH.new`, read again, and given its name when all of it is there.
///
/// Nobody else writes the same draft: it is locked for as long as it is open. What is left of one that was broken off is
/// written over by the next.
package final class DraftFile {
    /// Why there is no draft, or no file of it.
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case storage(StorageFailure)
        /// The file is there, and is not to be replaced.
        case exists(path: String)
        /// What has the name is no file of one name: a link, a device, a directory; it is left alone.
        case notPlain(path: String)
        /// Somebody else writes it.
        case inUse(path: String)

        package var description: String {
            switch self {
            case .storage(let failure): failure.description
            case .exists(let path): "\(path) is there already"
            case .notPlain(let path): "\(path) is not a plain file"
            case .inUse(let path): "\(path) is being written by another process"
            }
        }
    }

    /// The name that it gets.
    package let path: String
    private let draftPath: String
    private let mayReplace: Bool
    private let descriptor: Int32
    /// Bytes written so far.
    private var byteCount = 0
    private var isPublished = false

    /// Begins a draft; `mayReplace` says whether a file of its name may go.
    package init(path: String, mayReplace: Bool) throws(Failure) {
        self.path = path
        self.mayReplace = mayReplace
        draftPath = path + ".new"
        // The last of its parts: until it is ours there is no draft, and nothing to clean up.
        descriptor = try DraftFile.own(draftPath, for: path, mayReplace: mayReplace)
    }

    /// Opens a draft, locks and empties it; one that has meanwhile got its name is nobody's draft any more.
    private static func own(_ draftPath: String, for path: String, mayReplace: Bool) throws(Failure) -> Int32 {
        try refuseIfThere(path, mayReplace)
        let descriptor: Int32
        do throws(StorageFailure) {
            descriptor = try SystemCalls.check("create \(draftPath)") {
                open(draftPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
            }
        } catch {
            throw error.errorNumber == ELOOP ? .notPlain(path: draftPath) : .storage(error)
        }
        var (ours, named) = (stat(), stat())
        // Nothing is emptied before it is known to be a draft: what an earlier one left has one name, and is a file.
        guard fstat(descriptor, &ours) == 0, isPlain(ours), ours.st_nlink <= 1 else {
            close(descriptor)
            throw .notPlain(path: draftPath)
        }
        let isOurs =
            leasehold_lock(descriptor) == 0 && fstat(descriptor, &ours) == 0 && stat(draftPath, &named) == 0
            && ours.st_ino == named.st_ino
        guard isOurs, fchmod(descriptor, 0o600) == 0, ftruncate(descriptor, 0) == 0 else {
            close(descriptor)
            throw .inUse(path: draftPath)
        }
        return descriptor
    }

    private static func refuseIfThere(_ path: String, _ mayReplace: Bool) throws(Failure) {
        // The name itself, not what it leads to; and where nobody can tell, nothing is put there.
        var status = stat()
        if lstat(path, &status) == 0 {
            guard mayReplace else { throw .exists(path: path) }
            guard isPlain(status) else { throw .notPlain(path: path) }
            return
        }
        guard errno != ENOENT else { return }
        throw .storage(SystemCalls.failure("look for \(path)", errno))
    }

    fileprivate static func isPlain(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }

    deinit {
        if !isPublished { unlink(draftPath) }
        close(descriptor)
    }

    /// Writes behind what is there.
    package func append(_ bytes: [UInt8]) throws(Failure) {
        do throws(StorageFailure) {
            try bytes.withUnsafeBufferPointer { bytes throws(StorageFailure) in
                try SystemCalls.write(
                    UnsafeRawBufferPointer(bytes), to: descriptor, at: byteCount,
                    attempt: "write \(bytes.count) bytes at \(byteCount) of \(draftPath)")
            }
        } catch {
            throw .storage(error)
        }
        byteCount += bytes.count
    }

    /// Makes durable what was written, and drops it from the page cache, so that the disk itself is read from here on.
    package func settle() throws(Failure) {
        do throws(StorageFailure) {
            try SystemCalls.checkOnce("sync \(draftPath)") { fsync(descriptor) }
            let number = posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED))
            guard number == 0 else { throw SystemCalls.failure("drop \(draftPath) from the page cache", number) }
        } catch {
            throw .storage(error)
        }
    }

    /// What was written, to be read.
    package var source: FileSource { FileSource(sharing: descriptor, path: draftPath) }

    /// Gives the file its name; durable when it returns.
    package func publish() throws(Failure) {
        try DraftFile.refuseIfThere(path, mayReplace)
        do throws(StorageFailure) {
            try SystemCalls.check("rename \(draftPath) to \(path)") { rename(draftPath, path) }
            isPublished = true
        } catch {
            throw .storage(error)
        }
        do throws(SystemFailure) { try AtomicFile.syncDirectory(of: path) } catch {
            throw .storage(SystemCalls.failure("sync the directory of \(path)", error.code))
        }
    }
}

/// The bytes of a file that is open for reading.
package final class FileSource: ByteReader {
    private let descriptor: Int32
    private let path: String

    /// Opens a file; what is none, as a pipe that nobody may ever write to, is not waited for.
    package init(path: String) throws(StorageFailure) {
        self.path = path
        descriptor = try SystemCalls.check("open \(path)") { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        var status = stat()
        try SystemCalls.check("look at \(path)") { fstat(descriptor, &status) }
        guard DraftFile.isPlain(status) else { throw StorageFailure(kind: .notPlain, attempt: "read \(path)") }
    }

    fileprivate init(sharing descriptor: Int32, path: String) {
        self.path = path
        self.descriptor = dup(descriptor)
    }

    deinit { close(descriptor) }

    /// The bytes in a range; fewer where the file ends earlier.
    package func read(_ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        try SystemCalls.read(descriptor, range, attempt: "read \(range) of \(path)")
    }

    /// Makes the file this process's own among those that do so too, until it is closed; whether nobody else has it.
    ///
    /// A lock that is shared by no name but the file's own, and writes nothing, so that it holds on a disk that is read only.
    package func claim() throws(StorageFailure) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let number = errno
            if number == EWOULDBLOCK { return false }
            if number == EBADF {
                let why = "a network disk locks only what may be written to, so copy it to a disk of this machine"
                throw SystemCalls.failure("lock \(path) (\(why))", number)
            }
            if number != EINTR { throw SystemCalls.failure("lock \(path)", number) }
        }
        return true
    }
}
