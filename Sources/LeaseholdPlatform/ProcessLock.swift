internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdModel

/// Who holds a lock, as it stands in the lock's file for the next one to read.
package struct LockHolder: Hashable, Sendable, CustomStringConvertible {
    /// What the process is: `coordinator`, `agent`, `guard`.
    package let role: String
    /// Its number, in that boot.
    package let pid: Int32
    /// Which start of the process it is.
    package let incarnation: Incarnation
    /// The boot in which it took the lock.
    package let boot: BootID

    package init(role: String, pid: Int32, incarnation: Incarnation, boot: BootID) {
        self.role = role
        self.pid = pid
        self.incarnation = incarnation
        self.boot = boot
    }

    /// This process.
    package static func current(role: String, incarnation: Incarnation) throws(SystemFailure) -> LockHolder {
        LockHolder(role: role, pid: getpid(), incarnation: incarnation, boot: try .current())
    }

    package var description: String { "\(role), process \(pid), incarnation \(incarnation), boot \(boot)" }
}

/// Why a lock was not got.
package enum LockFailure: Error, Hashable, Sendable {
    /// Another process has it; what its file says of the holder.
    case held(path: String, by: String)
    case system(SystemFailure)
}

extension LockFailure: CustomStringConvertible {
    /// One sentence, with the holder.
    package var description: String {
        switch self {
        case .held(let path, let holder): "\(path) is in use by \(holder)"
        case .system(let failure): "\(failure)"
        }
    }
}

/// Holds a lock file for as long as it lives; the kernel gives the lock up when the process ends, however it ends.
///
/// The lock belongs to the open file, not to the process, so that no other close of the same file loses it. The file
/// stays when the lock is given up: removing it would let two processes lock two files of one name.
package struct ProcessLock: ~Copyable, Sendable {
    /// The lock file.
    package let path: String
    private let descriptor: Descriptor

    /// Locks a file, making it if need be, and writes the holder into it; waits no longer than a dying holder lingers.
    package static func acquire(path: String, describing holder: LockHolder) throws(LockFailure) -> ProcessLock {
        let descriptor = try open(path)
        if let other = try lock(descriptor, path: path, for: holder) { throw .held(path: path, by: other) }
        return ProcessLock(path: path, descriptor: descriptor)
    }

    /// How long a lock may still be held by a child of a process that is gone, forked and not yet rid of its files.
    private static let lingering = Span.milliseconds(250)

    private static func open(_ path: String) throws(LockFailure) -> Descriptor {
        do throws(SystemFailure) {
            return try Descriptor(opening: path, O_RDWR | O_CREAT)
        } catch {
            throw .system(error)
        }
    }

    /// Locks and signs the file; where another has it, reads what that one wrote.
    private static func lock(
        _ descriptor: borrowing Descriptor, path: String, for holder: LockHolder
    ) throws(LockFailure) -> String? {
        let end = Clocks.boot() + lingering
        var code = leasehold_lock(descriptor.number)
        while code == EAGAIN, Clocks.boot() < end {
            poll(nil, 0, 5)
            code = leasehold_lock(descriptor.number)
        }
        do throws(SystemFailure) {
            if code == 0 {
                guard ftruncate(descriptor.number, 0) == 0 else { throw SystemFailure("write", path) }
                try descriptor.writeAll(Array("\(holder)\n".utf8), path: path)
                return nil
            }
            guard code == EAGAIN else { throw SystemFailure(operation: "lock", subject: path, code: code) }
            let text = String(decoding: try descriptor.readAll(path: path), as: UTF8.self)
            let line = text.prefix { !$0.isNewline }
            // Between the lock and the signature the file says nothing.
            return line.isEmpty ? "a process that has just started" : String(line)
        } catch {
            throw .system(error)
        }
    }

    private init(path: String, descriptor: consuming Descriptor) {
        self.path = path
        self.descriptor = descriptor
    }
}
