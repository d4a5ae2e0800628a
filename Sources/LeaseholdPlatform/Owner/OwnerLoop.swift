internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdModel

/// Why an owner was woken, beside the events of its batch.
package struct Wake: Hashable, Sendable {
    /// Whether the instant that the owner had asked for has come.
    package let isDue: Bool
    /// Whether the process was asked to stop, by its first SIGTERM or SIGINT; the second ends it at once.
    package let isDrainRequested: Bool
    /// Whether a child may have ended: whoever starts children finds out which.
    package let hasChildEnded: Bool
    /// Whether more waits than the batch could take: the owner is behind, and what it has not heard may be there.
    package let mayMoreWait: Bool

    package init(isDue: Bool, isDrainRequested: Bool, hasChildEnded: Bool, mayMoreWait: Bool) {
        self.isDue = isDue
        self.mayMoreWait = mayMoreWait
        self.isDrainRequested = isDrainRequested
        self.hasChildEnded = hasChildEnded
    }
}

/// What an owner wants after a batch.
package enum OwnerStep: Hashable, Sendable {
    /// To be woken by the next event, and at this instant at the latest; `.never` is an instant too.
    case wait(until: BootInstant)
    /// To return from `run`.
    case stop
}

/// The one thread that owns a machine: sleeps until there is something, takes a batch, reads the clocks, hands both on.
///
/// Three things wake it: the mailbox, a timer on CLOCK_BOOTTIME armed at the machine's next deadline, and signals. The
/// order inside a turn is a law (L5): the batch is taken first and the clocks are read then, so that a pause between a
/// heartbeat's arrival and its handling makes it look older, never fresher.
package final class OwnerLoop<Event: Sendable, Class: MailboxClass> {
    private let mailbox: Mailbox<Event, Class>
    private let timer: Descriptor
    private let signals: SignalReader?
    private let clocks: () -> Now
    private let batchCountMax: Int
    private var pulse: Pulse?
    /// What the timer is armed at.
    private var armed = BootInstant.never
    /// What the loop sleeps on: the mailbox, the timer, the signals; poll passes over a negative descriptor.
    private var watched: [pollfd]

    /// Makes the loop of a mailbox's owner; on the thread that will run it.
    ///
    /// - Parameters:
    ///   - mailbox: that no other owner takes from.
    ///   - heedsSignals: whether SIGTERM, SIGINT and SIGCHLD of the process are for this loop; at most one takes them.
    ///   - batchCountMax: how many events to take at once.
    ///   - pulse: tells a manager that turns are taken, when the process was asked to stop, and what it is still owed.
    ///   - clocks: reads both clocks.
    /// - Throws: `SystemFailure` where the kernel has no descriptor left.
    package init(
        _ mailbox: Mailbox<Event, Class>, heedsSignals: Bool, batchCountMax: Int = Limits.batchCountMax,
        pulse: Pulse? = nil, clocks: @escaping () -> Now = Clocks.now
    ) throws(SystemFailure) {
        signals = heedsSignals ? try SignalReader() : nil
        timer = try Descriptor(leasehold_timerfd(), "make", "a timer on CLOCK_BOOTTIME")
        self.mailbox = mailbox
        self.batchCountMax = batchCountMax
        self.pulse = pulse
        self.clocks = clocks
        watched = [mailbox.wakeUp.number, timer.number, signals?.number ?? -1].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
    }

    /// Runs until the owner stops, or `handle` throws; the first turn comes at once, with what waits by then.
    ///
    /// `handle` is given the batch, why it was woken, and both clocks, read after the batch was taken.
    package func run<Failure: Error>(
        _ handle: (_ batch: [Event], _ wake: Wake, _ now: Now) throws(Failure) -> OwnerStep
    ) throws(Failure) {
        var reader = MailboxReader(mailbox)
        var batch: [Event] = []
        var deadline = BootInstant.zero
        var mayMoreWait = true
        arm(deadline, at: .zero)
        while true {
            let isSignalled = sleep(mayMoreWait: mayMoreWait)
            mayMoreWait = reader.take(upTo: batchCountMax, into: &batch)
            let signalled = isSignalled ? readSignals() : (isDrainRequested: false, hasChildEnded: false)
            let now = clocks()
            pulse?.beat(at: now.boot)
            let wake = Wake(
                isDue: deadline <= now.boot, isDrainRequested: signalled.isDrainRequested,
                hasChildEnded: signalled.hasChildEnded, mayMoreWait: mayMoreWait)
            guard wake.isDue || wake.isDrainRequested || wake.hasChildEnded || !batch.isEmpty else {
                arm(deadline, at: now.boot)
                continue
            }
            if wake.isDrainRequested { pulse?.tell(.stopping, at: now.boot) }
            let step = try handle(batch, wake, now)
            batch.removeAll(keepingCapacity: true)
            switch step {
            case .stop: return
            case .wait(let next):
                deadline = next
                arm(next, at: now.boot)
            }
        }
    }

    /// Sleeps until something is there, unless more may wait, and says whether a signal came.
    ///
    /// The wake-up is read back before the mailbox is looked at: what is posted after the look rings anew.
    private func sleep(mayMoreWait: Bool) -> Bool {
        while poll(&watched, 3, mayMoreWait ? 0 : -1) < 0 {
            precondition(errno == EINTR, "an owner cannot sleep: errno \(errno)")
        }
        if watched[0].revents != 0 { leasehold_drain(watched[0].fd) }
        if watched[1].revents != 0 { leasehold_drain(watched[1].fd) }
        return watched[2].revents != 0
    }

    private func readSignals() -> (isDrainRequested: Bool, hasChildEnded: Bool) {
        signals?.read() ?? (false, false)
    }

    /// Arms the timer for the owner and the pulse, if it is not armed so; one that has rung is armed anew.
    private func arm(_ deadline: BootInstant, at now: BootInstant) {
        let next = pulse.map { min(deadline, $0.due) } ?? deadline
        guard next != armed || armed <= now else { return }
        armed = next
        let status = leasehold_timerfd_arm(timer.number, next.nanoseconds)
        precondition(status == 0, "a timer cannot be armed at \(next): errno \(errno)")
    }
}
