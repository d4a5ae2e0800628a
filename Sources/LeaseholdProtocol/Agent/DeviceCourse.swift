package import LeaseholdModel

/// Which steps an agent takes at the devices of a grant.
package struct DevicePlan: Hashable, Sendable {
    /// In the order in which they are taken: those that make ready, and those that take away what work has left.
    package let steps: [DeviceStep]
    /// What the steps of simulated devices are: the guard does all of it.
    package static let none = DevicePlan([])

    /// A plan of these steps, whose order is that of the steps themselves.
    package init(_ steps: Set<DeviceStep>) { self.steps = steps.sorted() }

    /// Whether nothing is done at devices, so that one grant can follow another at once.
    var isEmpty: Bool { steps.isEmpty }
}

/// How far the steps at the devices of one grant have come.
///
/// The picture to keep in mind is the housekeeper's list on the door of a room: one list before a guest, another after.
/// Each line is ticked in ink, before its work and after it, so whoever finds the list goes on with it. A line that
/// cannot be ticked keeps the room closed.
struct DeviceCourse: Hashable, Sendable {
    /// Whether the work is over and what it left is being taken away.
    private(set) var isLeaving = false
    /// What is done, in the order in which it was.
    private(set) var done: [CertifiedStep] = []
    /// How often the next step has failed.
    private(set) var failureCount: UInt32 = 0
    /// The step that is carried out at this moment, in this life of the agent.
    var underWay: DeviceStep?
    /// Why the next step failed when it was last tried; the GPUs get no other work until it is done.
    private(set) var failure: String?
    /// When it failed first.
    private(set) var failedSince: CalendarInstant?
    /// When it is tried again.
    var retryAt = BootInstant.zero
    /// Until when work that is made ready for may begin, by the grant's own order.
    var startBy = BootInstant.zero
    /// Whether what was made ready is gone, or may be, and nobody has asked for the work since: the next renewal does.
    var isStale = false
    /// Whether the work is over, and the step under way is the last of those that made ready for it.
    var mustLeave = false

    /// What is to be done next for a grant; nil when nothing is left.
    ///
    /// What makes ready is of two parts: one before the guard holds the grant, and one after. The first is over once the
    /// guard holds it, whatever another version of this program would have done before.
    func next(of plan: DevicePlan, for grant: GuardedGrant, isGuarded: Bool) -> DeviceStep? {
        plan.steps.first {
            $0.isLeaving == isLeaving && (isLeaving || $0.isGuarded == isGuarded) && !hasDone($0)
                && $0.isMeant(for: grant)
        }
    }

    /// Whether a step is done, of those before the work or of those after it.
    func hasDone(_ step: DeviceStep) -> Bool { done.contains { $0.step == step } }

    /// The work is over: from here on what it left is taken away.
    mutating func leave() {
        guard !isLeaving else { return }
        let before = done
        self = DeviceCourse()
        done = before
        isLeaving = true
    }

    /// Work is made ready for anew: what ran is gone, and perhaps what had been made ready with it.
    mutating func prepareAnew() {
        guard !isLeaving else { return }
        let startBy = startBy
        self = DeviceCourse()
        self.startBy = startBy
    }

    /// A step was begun, now or in an earlier life; the first of the second list is where that is taken up.
    ///
    /// One that makes ready and was done before is done anew, and with it all that come after it.
    mutating func begin(_ step: DeviceStep) {
        if step.isLeaving { leave() } else if !isLeaving { done.removeAll { $0.step >= step } }
    }

    /// It failed once more for the same reason.
    mutating func failAgain() { failureCount += failureCount == .max ? 0 : 1 }

    /// A step came to something, after so many failures.
    mutating func end(_ step: DeviceStep, _ outcome: StepOutcome, after failures: UInt32, at instant: CalendarInstant) {
        guard step.isLeaving == isLeaving, !hasDone(step) else { return }
        switch outcome {
        case .done(let evidence):
            done.append(CertifiedStep(step: step, doneAt: instant, failureCount: failures, evidence: evidence))
            (failure, failedSince, failureCount) = (nil, nil, 0)
        case .failed(let reason):
            (failure, failedSince, failureCount) = (reason, failedSince ?? instant, failures)
        }
    }
}

/// A grant whose devices are not as they have to be, because a step at them fails.
package struct StuckGrant: Hashable, Sendable {
    package let grant: GuardedGrant
    package let step: DeviceStep
    package let reason: String
    /// When it failed first.
    package let since: CalendarInstant
}
