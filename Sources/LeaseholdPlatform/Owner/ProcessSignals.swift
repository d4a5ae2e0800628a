internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdModel

/// SIGTERM, SIGINT and SIGCHLD of this process: they interrupt nobody, the owner reads them in its turn.
///
/// The first SIGTERM or SIGINT asks to drain. The second ends the process at once, even if its owner hangs.
package enum ProcessSignals {
    /// Takes over what the signals would do by themselves, SIGPIPE included; the first thing that a server does.
    ///
    /// It does not matter on which thread, or which thread a signal hits later.
    package static func heed() {
        let number = leasehold_heed_signals()
        precondition(number >= 0, "signals cannot be heeded: errno \(errno)")
    }

    /// Waits for a request to drain, so long at most, and leaves it for the owner; for servers without one yet.
    package static func isStopRequested(within span: Span) -> Bool {
        heed()
        let deadline = Clocks.boot() + span
        while !leasehold_is_stop_requested() {
            let left = deadline - Clocks.boot()
            guard left > .zero else { return false }
            var watched = pollfd(fd: leasehold_heed_signals(), events: Int16(POLLIN), revents: 0)
            // A child that ended rings as well, and keeps ringing until an owner looks.
            poll(&watched, 1, Int32(clamping: left.wholeMilliseconds + 1))
            if watched.revents != 0, !leasehold_is_stop_requested() { return false }
        }
        return true
    }
}

/// The owner's reader of signals; one reader a process.
final class SignalReader {
    /// For poll.
    let number: Int32

    init() throws(SystemFailure) {
        number = leasehold_heed_signals()
        guard number >= 0 else { throw SystemFailure("make", "an eventfd") }
    }

    /// What signals have said since the last time.
    func read() -> (isDrainRequested: Bool, hasChildEnded: Bool) {
        // First, so that a signal during the look rings anew.
        leasehold_drain(number)
        return (leasehold_take_stop(), leasehold_take_child())
    }
}
