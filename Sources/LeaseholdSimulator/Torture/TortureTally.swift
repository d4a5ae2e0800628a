import LeaseholdLog

/// What became of one state.
enum TortureOutcome {
    case refused(RecoveryFailure)
    /// So many records came back, all of them as they were appended unless `complaint` says otherwise.
    case recovered(count: Int, isCut: Bool, complaint: String?)
}

/// The states of one class, counted by what became of them.
package struct TortureTally: Sendable {
    /// A state of which recovery made what it must not.
    package struct Breach: Sendable {
        /// What happened.
        package enum Kind: String, Sendable {
            case silentLoss = "silent loss"
            case falseRefusal = "false refusal"
        }
        package let kind: Kind
        package let state: TortureCase
        /// What was expected and what came.
        package let words: String
    }

    package private(set) var stateCount = 0
    /// Refused with a reason.
    package private(set) var refusedCount = 0
    /// Cut and declared, and nothing but the last unsealed group with it.
    package private(set) var cutCount = 0
    /// All that was acknowledged is there.
    package private(set) var harmlessCount = 0
    /// Byte for byte the log of an earlier moment: no reader of this one copy can tell, the agents can (L9).
    package private(set) var untoldCount = 0
    package private(set) var silentLossCount = 0
    package private(set) var falseRefusalCount = 0
    /// Records that were compared with those appended.
    package private(set) var comparisonCount = 0
    /// The first case in the order of trying, which is from small to large; nil before any.
    package private(set) var smallest: TortureCase?
    /// The first case that went wrong.
    package private(set) var breach: Breach?

    /// Before any state.
    package init() {}

    /// Whether every state went as it must.
    package var isClean: Bool { silentLossCount == 0 && falseRefusalCount == 0 }

    /// Takes in what a later part of the same class has counted.
    package mutating func add(_ other: TortureTally) {
        stateCount += other.stateCount
        refusedCount += other.refusedCount
        cutCount += other.cutCount
        harmlessCount += other.harmlessCount
        untoldCount += other.untoldCount
        silentLossCount += other.silentLossCount
        falseRefusalCount += other.falseRefusalCount
        comparisonCount += other.comparisonCount
        smallest = smallest ?? other.smallest
        breach = breach ?? other.breach
    }

    mutating func addComparisons(_ count: Int) { comparisonCount += count }

    /// Judges a state by the rule that holds for it.
    ///
    /// Of `acknowledged` records, `proven` stand before the last unsealed group; `isEarlierMoment` is asked only where
    /// all else speaks for a silent loss.
    mutating func judge(
        _ outcome: TortureOutcome, by rule: TortureRule, acknowledged: Int, proven: Int,
        state: @autoclosure () -> TortureCase, isEarlierMoment: @autoclosure () -> Bool = false
    ) {
        stateCount += 1
        if smallest == nil { smallest = state() }
        switch outcome {
        case .refused(let failure):
            switch rule {
            case .proven, .mixed: refusedCount += 1
            case .crash, .unchanged, .tail, .behind: fail(.falseRefusal, state(), "refused: \(failure)")
            }
        case .recovered(let count, _, let complaint?):
            fail(.silentLoss, state(), "\(count) records recovered: \(complaint)")
        case .recovered(let count, let isCut, nil):
            guard TortureTally.isAllowed(count, isCut, by: rule, acknowledged: acknowledged, proven: proven) else {
                if !isCut, rule.permitsEarlierMoment, isEarlierMoment() {
                    untoldCount += 1
                } else {
                    let said = isCut ? "a cut was declared" : "nothing was said"
                    fail(
                        .silentLoss, state(),
                        "\(acknowledged) records acknowledged, \(proven) of them proven, \(count) recovered; \(said)")
                }
                return
            }
            if isCut { cutCount += 1 } else { harmlessCount += 1 }
        }
    }

    private static func isAllowed(
        _ count: Int, _ isCut: Bool, by rule: TortureRule, acknowledged: Int, proven: Int
    ) -> Bool {
        switch rule {
        case .crash, .behind: count >= acknowledged
        case .unchanged: count >= acknowledged && !isCut
        case .proven: false
        case .tail, .mixed: isCut && count >= proven
        }
    }

    private mutating func fail(_ kind: Breach.Kind, _ state: TortureCase, _ words: String) {
        switch kind {
        case .silentLoss: silentLossCount += 1
        case .falseRefusal: falseRefusalCount += 1
        }
        if breach == nil { breach = Breach(kind: kind, state: state, words: words) }
    }
}

extension TortureRule {
    /// Whether a state of this rule may happen to be what the log once was; damage to proven bytes never is.
    fileprivate var permitsEarlierMoment: Bool {
        switch self {
        case .tail, .mixed: true
        case .crash, .unchanged, .proven, .behind: false
        }
    }
}
