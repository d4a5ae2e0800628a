/// A mistake planted in the model, each at the one place where the rule lives that it breaks: look for `mistake == .`.
enum Mistake: String, CaseIterable, Sendable {
    case waitOneUnitShort
    case anchoredAtReceipt
    case epochNotLower
    case nowBeforeBatch
    case oldConnectionRead
    case reportBeforeHelloCounted
    case renewalCountedWithoutEcho
    case keepWaitsW
    case keepRemainderRoundedUp
    case keepBoundMovesEarlier
    case keepBoundCountedAfterReboot
    case keepTrustsCalendar
    case startIgnoresDeadline
    case guardDeathLeavesWork
    case evictionOnNodeClock
    case restartCountsNoRenewal
    case emptyReportCloses
    case unseenEpochNotRaised
    case retiredBeforeProcessesGone
    case retiredBeforeDurable
    case epochForgottenByDeath
    case restoredWithoutQuarantine
    case strangerGrantable
    case standbyWaitsW
    case validityBeforeHeartbeat
    case validityFromAnswer

    /// What is done wrong, for the table.
    var text: String {
        switch self {
        case .waitOneUnitShort: "the coordinator waits W - 1"
        case .anchoredAtReceipt: "a hold runs from the receipt of its renewal"
        case .epochNotLower: "the agent takes a grant whose epoch is not lower, instead of higher"
        case .nowBeforeBatch: "the coordinator reads its clock before it takes a batch"
        case .oldConnectionRead: "the agent reads an old connection after a newer one was welcomed"
        case .reportBeforeHelloCounted: "a report counts that was sent before the hello to this coordinator"
        case .renewalCountedWithoutEcho: "a heartbeat is evidence though it echoes no renewal"
        case .keepWaitsW: "a silent keep partition is free after W"
        case .keepRemainderRoundedUp: "the remaining term that the bound of a keep grant allows is rounded up"
        case .keepBoundMovesEarlier: "a later renewal moves the bound of a keep grant earlier"
        case .keepBoundCountedAfterReboot: "the bound of a keep grant counts after a reboot of the coordinator"
        case .keepTrustsCalendar: "the remaining term is the calendar's, the bound of the grant does not cap it"
        case .startIgnoresDeadline: "the guard starts work whose deadline has passed"
        case .guardDeathLeavesWork: "the work outlives its guard"
        case .evictionOnNodeClock: "K is measured on the node's own clock and not divided by 1 - rho"
        case .restartCountsNoRenewal: "a coordinator that has restarted does not wait for holds of before"
        case .emptyReportCloses: "a report that does not list an epoch closes it, though its highest is lower"
        case .unseenEpochNotRaised: "the retirement of an epoch that never arrived raises nothing"
        case .retiredBeforeProcessesGone: "a retirement is acknowledged when it is ordered"
        case .retiredBeforeDurable: "the retirement of an epoch that never arrived is acknowledged, not journaled"
        case .epochForgottenByDeath: "the highest epoch does not survive the agent's death"
        case .restoredWithoutQuarantine: "a restored coordinator grants on a node that has seen what its log has lost"
        case .strangerGrantable: "a node is granted on while it lists a grant that the log has lost"
        case .standbyWaitsW: "a new leader waits W"
        case .validityBeforeHeartbeat: "a leader looks at its validity before it takes the heartbeat"
        case .validityFromAnswer: "the validity of a leader counts from the answer to its transaction"
        }
    }

    /// The law whose breach the search looks for.
    var law: Law {
        switch self {
        case .epochNotLower: .epochsGrow
        case .emptyReportCloses, .unseenEpochNotRaised: .theWait
        case .renewalCountedWithoutEcho: .suspicion
        case .retiredBeforeDurable: .retirement
        case .waitOneUnitShort, .anchoredAtReceipt, .nowBeforeBatch, .oldConnectionRead, .reportBeforeHelloCounted,
            .keepWaitsW, .keepRemainderRoundedUp, .keepBoundMovesEarlier, .keepBoundCountedAfterReboot,
            .keepTrustsCalendar, .startIgnoresDeadline, .guardDeathLeavesWork, .evictionOnNodeClock,
            .restartCountsNoRenewal, .retiredBeforeProcessesGone, .epochForgottenByDeath, .restoredWithoutQuarantine,
            .strangerGrantable, .standbyWaitsW, .validityBeforeHeartbeat, .validityFromAnswer:
            .oneHolder
        }
    }
}
