internal import CLeaseholdPlatform
internal import Glibc

/// The kernel said no: what was tried, on what, and the errno.
package struct SystemFailure: Error, Hashable, Sendable {
    /// What was tried, as a verb: `open`, `lock`, `map`.
    package let operation: String
    /// The path, or what stands for one.
    package let subject: String
    /// The errno.
    package let code: Int32

    package init(operation: String, subject: String, code: Int32) {
        self.operation = operation
        self.subject = subject
        self.code = code
    }

    /// The failure of the call that has just returned; reads errno, so nothing may lie in between.
    init(_ operation: String, _ subject: String) {
        self.init(operation: operation, subject: subject, code: errno)
    }

    /// The errno's name: `ENOSPC`; the number where it has none.
    package var name: String {
        guard let name = leasehold_errno_name(code) else { return "errno \(code)" }
        return String(cString: name)
    }

    /// Whether there is nothing of that name; anything else says that nobody knows whether there is.
    package var isAbsence: Bool { code == ENOENT }

    /// What to do about it; nil where the message says enough.
    package var advice: String? {
        switch code {
        case EACCES, EPERM, EROFS: "run as a user who may write there, or choose another directory"
        case ENOSPC, EDQUOT: "free some space, or choose another directory"
        case ENOTDIR: "a part of the path is a file; choose another directory"
        case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
        case EAGAIN where operation == "fork": "raise the limit of processes (ulimit -u)"
        default: nil
        }
    }
}

extension SystemFailure: CustomStringConvertible {
    /// One sentence: `cannot open /var/lib/x: Permission denied (EACCES); run as …`.
    package var description: String {
        let sentence = "cannot \(operation) \(subject): \(String(cString: strerror(code))) (\(name))"
        guard let advice else { return sentence }
        return "\(sentence); \(advice)"
    }
}
