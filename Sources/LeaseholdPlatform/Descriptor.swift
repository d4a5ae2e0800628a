internal import Glibc

/// An open file descriptor with one owner; closed when the owner is done with it.
struct Descriptor: ~Copyable, Sendable {
    /// The number, for calls that take one.
    let number: Int32

    /// Takes over an open descriptor; a negative number is the failure of the call that made it.
    init(_ number: Int32, _ operation: String, _ subject: String) throws(SystemFailure) {
        guard number >= 0 else { throw SystemFailure(operation, subject) }
        self.number = number
    }

    /// Opens a file; closed on exec.
    init(opening path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemFailure) {
        try self.init(open(path, flags | O_CLOEXEC, mode), "open", path)
    }

    deinit { close(number) }
}
