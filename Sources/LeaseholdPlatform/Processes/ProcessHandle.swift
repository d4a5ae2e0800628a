internal import CLeaseholdPlatform

/// Holds on a process: while one is open, what is said to it reaches nobody else, though its number be another's by then.
enum ProcessHandle {
    /// Opens one; readable when the process has ended.
    static func open(_ pid: Int32) throws(SystemFailure) -> Descriptor {
        try Descriptor(leasehold_pidfd(pid), "watch", "process \(pid)")
    }

    /// Sends a signal; the number of what went wrong, or 0.
    static func signal(_ handle: borrowing Descriptor, _ signal: Int32) -> Int32 {
        leasehold_pidfd_signal(handle.number, signal)
    }
}
