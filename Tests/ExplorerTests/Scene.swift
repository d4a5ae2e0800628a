/// One set of bounds of the model, with the mistakes that it must tell.
struct Scene: Sendable {
    let name: String
    /// What happens in it.
    let text: String
    let bounds: Bounds
    /// How many worlds the right protocol reaches.
    let stateCount: Int
    let mistakes: [Mistake]
}

extension Scene {
    /// All scenes, the ones that explain the others first.
    static let all: [Scene] = [
        fence, longFence, succession, node, keep, keepRestart, keepRestore, sessions, retirement, echo, standby,
        longStandby, restore, fork,
    ]

    private static let fence = Scene(
        name: "fence", text: "drift, pauses, loss, reordering and repetition in one session",
        bounds: Bounds(hold: 2, grants: 2, messages: 3, chances: [.duplicate: 1]),
        stateCount: 303_111,
        mistakes: [
            .waitOneUnitShort, .anchoredAtReceipt, .nowBeforeBatch, .epochNotLower, .startIgnoresDeadline,
            .evictionOnNodeClock,
        ])

    private static let longFence = Scene(
        name: "fence, longer", text: "the same with T = 3 and K = 2",
        bounds: Bounds(hold: 3, eviction: 2, grants: 2, messages: 3, chances: [.duplicate: 1]),
        stateCount: 1_816_365,
        mistakes: [.waitOneUnitShort])

    private static let succession = Scene(
        name: "succession", text: "three grants after each other",
        bounds: Bounds(hold: 2, grants: 3, messages: 3),
        stateCount: 959_476,
        mistakes: [.waitOneUnitShort])

    private static let node = Scene(
        name: "node", text: "agent, guard and node die; the work goes on, goes along, or comes back by a renewal",
        bounds: Bounds(
            hold: 2, grants: 2, messages: 2, connections: 2,
            chances: [.agentDeath: 1, .guardDeath: 1, .nodeReboot: 1]),
        stateCount: 1_441_516,
        mistakes: [.guardDeathLeavesWork])

    private static let keep = Scene(
        name: "keep", text: "keep: the work runs to the end of its term, and the calendar steps",
        bounds: Bounds(hold: 1, term: 3, grants: 2, messages: 2, chances: [.calendarStep: 2]),
        stateCount: 3_428_070,
        mistakes: [.keepWaitsW, .keepRemainderRoundedUp, .keepBoundMovesEarlier, .keepTrustsCalendar])

    private static let keepRestart = Scene(
        name: "keep, restarts", text: "keep: the coordinator dies, or reboots",
        bounds: Bounds(
            hold: 1, term: 2, grants: 2, messages: 2, connections: 2,
            chances: [.coordinatorDeath: 1, .coordinatorReboot: 1]),
        stateCount: 1_028_194,
        mistakes: [.keepBoundCountedAfterReboot])

    private static let keepRestore = Scene(
        name: "keep, restore", text: "keep: the log goes back, and the bound in the record of a grant still counts",
        bounds: Bounds(hold: 1, term: 2, grants: 2, messages: 2, connections: 2, chances: [.restore: 1]),
        stateCount: 1_157_860,
        mistakes: [])

    private static let sessions = Scene(
        name: "sessions", text: "new connections, old ones still open, late reports, the coordinator dies",
        bounds: Bounds(
            hold: 2, grants: 2, messages: 3, connections: 2, reportsAgain: true, chances: [.coordinatorDeath: 1]),
        stateCount: 3_268_852,
        mistakes: [.restartCountsNoRenewal, .emptyReportCloses])

    private static let retirement = Scene(
        name: "retirement", text: "retirement in steps, the agent dies between them, orders are repeated",
        bounds: Bounds(
            hold: 2, grants: 3, messages: 2, connections: 2, chances: [.agentDeath: 1, .duplicate: 1]),
        stateCount: 5_577_240,
        mistakes: [.unseenEpochNotRaised, .retiredBeforeProcessesGone, .retiredBeforeDurable])

    private static let echo = Scene(
        name: "echo", text: "regular heartbeats in both directions' silence",
        bounds: Bounds(grants: 0, messages: 3, echo: Bounds.Echo()),
        stateCount: 13_297,
        mistakes: [.renewalCountedWithoutEcho])

    private static let standby = Scene(
        name: "standby", text: "a standby takes over at any time, the old leader goes on while it is valid",
        bounds: Bounds(hold: 1, validity: 1, grants: 2, messages: 2, connections: 2),
        stateCount: 2_578_428,
        mistakes: [.standbyWaitsW, .validityBeforeHeartbeat, .validityFromAnswer])

    private static let longStandby = Scene(
        name: "standby, longer", text: "the same with V = 2",
        bounds: Bounds(hold: 1, validity: 2, grants: 2, messages: 2, connections: 2),
        stateCount: 6_263_086,
        mistakes: [.standbyWaitsW])

    private static let restore = Scene(
        name: "restore", text: "the log goes back to any earlier point, with the record of its reign or without",
        bounds: Bounds(
            hold: 2, grants: 2, messages: 2, connections: 2, reportsAgain: true,
            chances: [.restore: 1, .agentDeath: 1]),
        stateCount: 3_613_331,
        mistakes: [
            .restoredWithoutQuarantine, .oldConnectionRead, .reportBeforeHelloCounted, .epochForgottenByDeath,
        ])

    private static let fork = Scene(
        name: "fork", text: "the log goes back and grows again, and the coordinator dies before the node reports",
        bounds: Bounds(
            hold: 2, grants: 2, messages: 2, connections: 2, logGrows: true,
            chances: [.restore: 1, .coordinatorDeath: 1]),
        stateCount: 6_052_977,
        mistakes: [.strangerGrantable])
}
