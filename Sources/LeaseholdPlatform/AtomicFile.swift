internal import Glibc
internal import LeaseholdLog

/// Small files that are there whole or not at all: settings, markers, what another process should read.
package enum AtomicFile {
    /// Replaces a file's contents: durable when it returns; whoever reads sees the old contents or the new ones.
    ///
    /// The contents go to `PATH.new`, are synced, take the file's name, and the directory is synced.
    package static func write(_ contents: [UInt8], to path: String) throws(SystemFailure) {
        let draft = path + ".new"
        do throws(SystemFailure) {
            let file = try Descriptor(opening: draft, O_WRONLY | O_CREAT | O_TRUNC)
            try file.writeAll(contents, path: draft)
            guard fsync(file.number) == 0 else { throw SystemFailure("sync", draft) }
            guard rename(draft, path) == 0 else { throw SystemFailure("rename to", path) }
        } catch {
            unlink(draft)
            throw error
        }
        try syncDirectory(of: path)
    }

    /// The contents of a file.
    package static func read(_ path: String) throws(SystemFailure) -> [UInt8] {
        let file = try Descriptor(opening: path, O_RDONLY)
        return try file.readAll(path: path)
    }

    /// Gives a file another name of the same directory; durable when it returns, and what had that name is gone.
    package static func move(_ path: String, to other: String) throws(SystemFailure) {
        guard rename(path, other) == 0 else { throw SystemFailure("rename", "\(path) to \(other)") }
        try syncDirectory(of: other)
    }

    /// Removes a file, where there is one; durable when it returns.
    package static func remove(_ path: String) throws(SystemFailure) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemFailure("remove", path) }
        try syncDirectory(of: path)
    }

    /// The names in a directory, in any order.
    package static func names(in path: String) throws(SystemFailure) -> [String] {
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        do throws(StorageFailure) { return try SystemCalls.names(in: directory.number, attempt: "list \(path)") } catch
        {
            throw SystemFailure(operation: "list", subject: path, code: error.errorNumber)
        }
    }

    /// Makes durable that a name stands in its directory, or does not any more.
    package static func syncDirectory(of path: String) throws(SystemFailure) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = try Descriptor(opening: parent, O_RDONLY | O_DIRECTORY)
        guard fsync(directory.number) == 0 else { throw SystemFailure("sync", parent) }
    }
}

extension Descriptor {
    /// Writes all of it at the current offset.
    borrowing func writeAll(_ contents: [UInt8], path: String) throws(SystemFailure) {
        var rest = contents[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR {
                throw SystemFailure("write", path)
            }
        }
    }

    /// Reads from the current offset to the end.
    borrowing func readAll(path: String) throws(SystemFailure) -> [UInt8] {
        var contents: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while true {
            let got = piece.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
            if got == 0 { return contents }
            if got > 0 {
                contents += piece[..<got]
            } else if errno != EINTR {
                throw SystemFailure("read", path)
            }
        }
    }
}
