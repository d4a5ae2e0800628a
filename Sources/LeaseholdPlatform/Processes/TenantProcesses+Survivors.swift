internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdModel

/// Why a dead guard's tenants could not be ended; the device file must not be cleared then.
package enum SurvivorFailure: Error, Hashable, Sendable {
    /// A killed process is still there after so long: it hangs in the kernel.
    case livesOn(pid: Int32, after: Span)
    case system(SystemFailure)
}

extension SurvivorFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .livesOn(let pid, let span): "process \(pid) of an earlier guard lives on \(span) after SIGKILL"
        case .system(let failure): "\(failure)"
        }
    }
}

extension TenantProcesses {
    /// Ends what an earlier guard started and the device file still names, and waits until it is gone.
    ///
    /// The kernel has ended those processes with their guard; this is for the case that it has not, and makes sure
    /// before the file is cleared. After a reboot there is nothing to end. All are killed before one is waited for.
    ///
    /// - Parameters:
    ///   - file: of the guard that starts now.
    ///   - boot: this boot.
    ///   - limit: how long to wait for all of them.
    /// - Returns: the processes that were found alive.
    /// - Throws: `SurvivorFailure`, and then one of them may still run.
    package static func endSurvivors(
        in file: DeviceFile, boot: BootID, within limit: Span
    ) throws(SurvivorFailure) -> [ProcessIdentity] {
        guard file.boot == boot else { return [] }
        let survivors = file.holders().compactMap(\.process).filter(\.isAlive)
        for survivor in survivors {
            guard let _ = try handle(of: survivor) else { continue }
            kill(pid: survivor.pid)
        }
        let deadline = Clocks.boot() + limit
        for survivor in survivors {
            guard let handle = try handle(of: survivor) else { continue }
            guard hasEnded(handle, before: deadline) else { throw .livesOn(pid: survivor.pid, after: limit) }
        }
        return survivors
    }

    /// While it is held the number cannot pass to another process unseen; nil if the process has ended.
    private static func handle(of process: ProcessIdentity) throws(SurvivorFailure) -> Descriptor? {
        let handle: Descriptor
        do throws(SystemFailure) {
            handle = try ProcessHandle.open(process.pid)
        } catch {
            guard error.code != ESRCH else { return nil }
            throw .system(error)
        }
        guard process.isAlive else { return nil }
        return handle
    }

    private static func hasEnded(_ handle: borrowing Descriptor, before deadline: BootInstant) -> Bool {
        while true {
            var watched = pollfd(fd: handle.number, events: Int16(POLLIN), revents: 0)
            let left = deadline - Clocks.boot()
            let ready = poll(&watched, 1, Int32(clamping: max(0, left.wholeMilliseconds + 1)))
            if ready > 0 { return true }
            if ready == 0, left <= .zero { return false }
        }
    }
}
