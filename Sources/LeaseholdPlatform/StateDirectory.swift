internal import Glibc

/// The directory in which a process keeps what must outlive it.
package enum StateDirectory {
    /// Makes a directory and those above it, for this user alone (0700); one that is there already is left as it is.
    package static func make(_ path: String) throws(SystemFailure) {
        var end = path.startIndex
        while end != path.endIndex {
            end = path[end...].dropFirst().firstIndex(of: "/") ?? path.endIndex
            let part = String(path[..<end])
            guard mkdir(part, 0o700) != 0 else { continue }
            let code = errno
            // Systems answer EISDIR, EROFS or EACCES for a directory above that is there: what it is decides.
            if try isDirectory(part, otherwise: code) { continue }
            throw SystemFailure(operation: "make directory", subject: part, code: ENOTDIR)
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else { throw SystemFailure("use directory", path) }
    }

    private static func isDirectory(_ path: String, otherwise code: Int32) throws(SystemFailure) -> Bool {
        var found = stat()
        guard stat(path, &found) == 0 else {
            throw SystemFailure(operation: "make directory", subject: path, code: code)
        }
        return found.st_mode & S_IFMT == S_IFDIR
    }
}
