internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdModel

/// A child that has ended and been reaped.
package struct ExitedProcess: Hashable, Sendable {
    /// The number that it had; free for another process now.
    package let pid: Int32
    /// The exit status, or 128 and the number of the signal that ended it.
    package let status: Int32

    package init(pid: Int32, status: Int32) {
        self.pid = pid
        self.status = status
    }
}

/// Why a tenant's process was not started; nothing of it is left.
package enum StartFailure: Error, Hashable, Sendable {
    /// The instant until which it might start had passed when it was about to (L5).
    case tooLate
    case system(SystemFailure)
}

extension StartFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLate: "the deadline passed before the work was started"
        case .system(let failure): "\(failure)"
        }
    }
}

/// Tenants' processes: children of the guard, each with a process group of its own.
///
/// The kernel kills them when the *thread* that started them ends, however it ends (PR_SET_PDEATHSIG). So a guard
/// starts them from a thread that lives as long as it does itself. That holds for the child itself, not for processes
/// which it starts in turn: those die with their group, which takes a living guard.
package enum TenantProcesses {
    /// Starts a simulated tenant's work on its GPUs; each of them must be occupied by it.
    ///
    /// The work runs in the forked child itself: a few pages instead of a runtime, so that one machine can carry the
    /// tenants of thousands of nodes. Before it may begin, its number stands in the device file, so that no work ever
    /// runs that a later guard could not find.
    ///
    /// - Parameters:
    ///   - work: what to mark, where.
    ///   - deadline: of CLOCK_BOOTTIME; the child itself looks at the clock, and does not start from then on (L5).
    /// - Returns: the process, which runs.
    /// - Throws: `StartFailure`, and then there is no process.
    package static func start(
        _ work: TenantWork, notAfter deadline: BootInstant
    ) throws(StartFailure) -> ProcessIdentity {
        var order = work.order
        return try start("work", notAfter: deadline) { child, gate in
            leasehold_hold_work(&order, deadline.nanoseconds, &child, &gate)
        } recording: { identity in
            work.file.record(identity, for: work.grant)
        }
    }

    /// Starts an executable as a tenant's process; its standard streams are closed to it.
    ///
    /// - Parameters:
    ///   - executable: a path; `PATH` is not searched.
    ///   - arguments: without the name that comes first.
    ///   - environment: `NAME=value` each.
    ///   - deadline: of CLOCK_BOOTTIME; it does not start from then on.
    ///   - record: is called with the process before it may begin.
    /// - Returns: the process, which runs.
    /// - Throws: `StartFailure`, and then there is no process.
    package static func start(
        executable: String, arguments: [String], environment: [String] = [], notAfter deadline: BootInstant = .never,
        recording record: (ProcessIdentity) -> Void = { _ in }
    ) throws(StartFailure) -> ProcessIdentity {
        var texts = ([executable] + arguments).map { strdup($0) }
        var settings = environment.map { strdup($0) }
        defer { (texts + settings).forEach { free($0) } }
        texts.append(nil)
        settings.append(nil)
        return try start(executable, notAfter: deadline) { child, gate in
            leasehold_hold_executable(executable, texts, settings, deadline.nanoseconds, &child, &gate)
        } recording: {
            record($0)
        }
    }

    private static func start(
        _ subject: String, notAfter deadline: BootInstant, hold: (inout pid_t, inout Int32) -> Int32,
        recording record: (ProcessIdentity) -> Void
    ) throws(StartFailure) -> ProcessIdentity {
        var child: pid_t = 0
        var gate: Int32 = -1
        let heldCode = hold(&child, &gate)
        guard heldCode == 0 else {
            throw .system(SystemFailure(operation: "fork", subject: subject, code: heldCode))
        }
        // A child that was killed at the gate has no start time any more; the gate will say so.
        let identity = ProcessIdentity(livingWithPID: child) ?? ProcessIdentity(pid: child, startTick: 0)
        record(identity)
        let code = leasehold_let_go(child, gate)
        guard code != ETIME else { throw .tooLate }
        guard code == 0 else { throw .system(SystemFailure(operation: "start", subject: subject, code: code)) }
        return identity
    }

    /// Kills a child that has not been reaped, and everything in its process group; `reap` tells when it is gone.
    package static func kill(pid: Int32) {
        precondition(pid > 1, "killing process \(pid)")
        // No such group means that all of it is gone already.
        guard Glibc.kill(-pid, SIGKILL) != 0, errno != ESRCH else { return }
        preconditionFailure("killing process group \(pid): errno \(errno)")
    }

    /// Reaps every child that has ended, and stops reaping when none is left.
    ///
    /// Every child there is: in a process that runs site programs too, their exit statuses would be lost to it.
    package static func reap() -> [ExitedProcess] {
        var exited: [ExitedProcess] = []
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            if pid > 0 {
                let signal = status & 0x7F
                exited.append(ExitedProcess(pid: pid, status: signal == 0 ? status >> 8 & 0xFF : 128 + signal))
            } else if pid == 0 || errno != EINTR {
                return exited
            }
        }
    }
}
