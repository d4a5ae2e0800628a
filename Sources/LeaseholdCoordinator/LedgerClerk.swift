package import LeaseholdLog
package import LeaseholdModel
package import LeaseholdPlatform
package import LeaseholdProtocol

/// Keeps the ledger: takes in durable records, signs heads, and answers what is asked of the log.
///
/// All that it keeps can be made again from the log, and is where it is not there or not right: tiles save time, the log
/// is the truth. So the one thing that it must never do, sign a head that is not of this log, it can see before it does.
package struct LedgerClerk {
    /// What the clerk is about.
    enum Stage {
        /// It reads the log from where the tiles end, or from the first record on.
        case reading(RecordReader<FileStorage>)
        /// It takes what it is handed.
        case following
        /// Something went wrong with its files: it begins again at that time, counted from its next turn where it is nil.
        case standing(reason: String, until: BootInstant?)
        /// This log has lost what its key has signed: the process is about to end.
        case lost
    }

    /// Records that are read at once, so that nobody waits long for another turn.
    static let sliceRecordCount = 16_384
    /// A head is signed at most so often.
    private static let signingInterval = Span.seconds(1)
    /// And kept on the disk at most so often: agents keep each one that they are shown.
    private static let keepingInterval = Span.seconds(10)
    /// How long it stands still before it begins again.
    private static let standingTime = Span.seconds(30)
    /// When the owner is told again what it had no room for.
    private static let tellingInterval = Span.milliseconds(100)
    /// Why a question is not answered while it reads.
    static let readingReason = "the ledger is being read from the log"

    let identity: LogIdentity
    let storage: FileStorage
    let files: LedgerDirectory
    private let pace: CalendarPace
    /// Tells the owner; false where it has no room.
    let tell: (CoordinatorEvent) -> Bool
    /// What the owner had no room for, in order.
    private var untold: [CoordinatorEvent] = []
    let answer: (Asker, Reply) -> Void

    var stage: Stage
    private(set) var tiler = LedgerTiler()
    /// Where the log ended behind the last record of the tiler, while it follows.
    private(set) var tail: LogTail
    /// The newest durable end that it was told of.
    private(set) var goal: LogTail
    /// The restores of the log, as far as the book that follows it has come.
    package var restores: [LogRestore] = []
    /// The head on the disk, as long as the tree has not come to it.
    private var awaited: LedgerHead?
    /// The newest head; nil while none was signed in this start.
    package private(set) var signed: SignedHead?
    private var signedAt = BootInstant.zero
    private var keptAt = BootInstant.zero
    /// The head on the disk.
    private var kept: SignedHead?
    /// What the owner was last told of the ledger's trouble.
    private var toldTrouble: String?
    /// Heads that were found to be of this log, so that each is looked at once.
    var soundHeads: Set<HeadText> = []
    /// Heads that peers have kept and nobody has looked at yet, each with the first that showed it.
    var shownHeads: [HeadText: ConnectionID] = [:]
    /// Those of them that only the tree can judge, and that wait for it.
    var heldHeads: [HeadText: ConnectionID] = [:]
    var searches: [LedgerSearch] = []
    /// Questions that wait for their turn, or for the next head.
    var questions: [LedgerQuestion] = []
    /// Pages of the log that are wanted; one is read a turn.
    var pages: [LedgerQuestion] = []
    var rememberedOwnerships: [LedgerOwnership] = []
    /// Leases that one tenant may have, for its records to be told from others'.
    let ownedLeaseCountMax: Int
    private(set) var signedCount: UInt64 = 0
    /// Records that it has read from the log.
    package private(set) var readCount: UInt64 = 0

    /// Whether its tree has every record that it was told of.
    package var isFollowing: Bool {
        if case .following = stage { true } else { false }
    }

    /// A clerk of a log that ends here; it begins with its first turn.
    package init(
        of log: LogIdentity, _ storage: FileStorage, files: LedgerDirectory, tail: LogTail, pace: CalendarPace,
        ownedLeaseCountMax: Int = LedgerLimits.ownedLeaseCountMax, tell: @escaping (CoordinatorEvent) -> Bool,
        answer: @escaping (Asker, Reply) -> Void
    ) {
        identity = log
        self.storage = storage
        self.files = files
        self.pace = pace
        self.ownedLeaseCountMax = ownedLeaseCountMax
        self.tell = tell
        self.answer = answer
        self.tail = tail
        goal = tail
        stage = .standing(reason: "it has not begun", until: .zero)
    }

    // MARK: Records

    /// Takes what has become durable.
    package mutating func follow(_ groups: Follower.Groups) {
        goal = groups.tail
        guard case .following = stage, goal.head.index > tiler.index else { return }
        let first = goal.head.index.rawValue + 1 - UInt64(groups.records.count)
        guard first == tiler.index.rawValue + 1 else {
            stage = .reading(RecordReader(of: identity, storage, at: tail))
            return
        }
        attempt { clerk throws(LedgerDirectoryFailure) in
            for record in groups.records { try clerk.append(.leaf(of: record)) }
            clerk.tail = clerk.goal
        }
    }

    private mutating func append(_ leaf: LedgerHash) throws(LedgerDirectoryFailure) {
        var full: [LedgerTile] = []
        tiler.append(leaf) { full.append($0) }
        for tile in full { try files.write(tile) }
        guard let awaited, awaited.index == tiler.index else { return }
        self.awaited = nil
        let root = tiler.frontier.root
        guard root == awaited.root else {
            lose("it has the root \(awaited.root) at record \(awaited.index), and the log's is \(root)", by: nil)
            return
        }
    }

    /// Does some of what is to be done; returns when it wants the next turn.
    package mutating func work(at now: Now) -> BootInstant {
        judgeHeads()
        let hasPage = answerPage()
        let next = advance(at: now)
        tellUntold()
        if hasPage { return .zero }
        return untold.isEmpty ? next : min(next, now.boot + LedgerClerk.tellingInterval)
    }

    private mutating func advance(at now: Now) -> BootInstant {
        switch stage {
        case .lost: return .never
        case .standing(let reason, let until):
            guard let until else {
                let again = now.boot + LedgerClerk.standingTime
                stage = .standing(reason: reason, until: again)
                return again
            }
            guard until <= now.boot else { return until }
            attempt { clerk throws(LedgerDirectoryFailure) in try clerk.begin() }
            return .zero
        case .reading:
            attempt { clerk throws(LedgerDirectoryFailure) in try clerk.readOn() }
            return .zero
        case .following: break
        }
        tellTrouble(nil)
        let next = sign(at: now)
        let (hasQuestion, hasSearch) = (answerNext(), workOnSearches())
        // An answer can have found that the tiles are to be made again.
        return hasQuestion || hasSearch || !isFollowing ? .zero : next
    }

    /// Reads a slice of the log.
    private mutating func readOn() throws(LedgerDirectoryFailure) {
        guard case .reading(var reader) = stage else { return }
        let known = tiler.index
        // Of a slice only the hashes are kept: its records can be large.
        var leaves: [LedgerHash] = []
        do throws(RecoveryFailure) {
            try reader.read(through: goal, recordCountMax: LedgerClerk.sliceRecordCount) {
                index, record throws(RecordRefusal) in
                if index > known { leaves.append(.leaf(of: record)) }
            }
        } catch {
            throw .damaged(path: storage.path, reason: "\(error)")
        }
        readCount += UInt64(leaves.count)
        for leaf in leaves { try append(leaf) }
        guard case .reading = stage else { return }
        if reader.head == goal.head.index {
            tail = goal
            stage = .following
        } else {
            stage = .reading(reader)
        }
    }

    // MARK: The beginning

    /// Begins where the kept head says, if the tiles and the log bear it out; otherwise with the first record.
    private mutating func begin() throws(LedgerDirectoryFailure) {
        kept = try files.keptHead().head
        let head = kept?.head
        tiler = LedgerTiler()
        awaited = nil
        if let head, head.index > .zero, head.incarnation == goal.logIncarnation {
            if let contradiction = LedgerClerk.contradiction(of: head, with: goal) {
                return lose(contradiction, by: nil)
            }
            if let (restored, reader) = try restored(at: head) {
                tiler = restored
                stage = .reading(reader)
                return
            }
            awaited = head
        }
        try readFromFirst()
    }

    private mutating func readFromFirst() throws(LedgerDirectoryFailure) {
        do throws(RecoveryFailure) {
            stage = .reading(try RecordReader(of: identity, storage, from: RecordIndex.zero.next))
        } catch {
            throw .damaged(path: storage.path, reason: "\(error)")
        }
    }

    /// The tree at a head from the tiles and the leaves behind the last one, and who reads on from there; nil where they
    /// do not make the head's root.
    private func restored(
        at head: LedgerHead
    ) throws(LedgerDirectoryFailure) -> (LedgerTiler, RecordReader<FileStorage>)? {
        let last = head.index.rawValue
        let full = last - last % UInt64(LedgerLimits.tileHashCount)
        var rest: [LedgerHash] = []
        var reader: RecordReader<FileStorage>
        do throws(RecoveryFailure) {
            reader = try RecordReader(of: identity, storage, from: RecordIndex(rawValue: min(full + 1, last)))
            while reader.head < head.index {
                try reader.read(through: goal, recordCountMax: 1) { index, record throws(RecordRefusal) in
                    if index.rawValue > full { rest.append(.leaf(of: record)) }
                }
            }
        } catch {
            throw .damaged(path: storage.path, reason: "\(error)")
        }
        // A head stands at the end of a group: one that does not is of another log.
        guard reader.head == head.index else { return nil }
        var tiles = files
        do throws(LedgerDirectoryFailure) {
            let tiler = try LedgerTiler(at: head.index, rest: rest, tiles: &tiles)
            return tiler.frontier.root == head.root ? (tiler, reader) : nil
        } catch {
            if case .damaged = error { return nil }
            throw error
        }
    }

    /// What a head of a log's own key says against the log; nil where it says nothing, or only the tree can tell.
    static func contradiction(of head: LedgerHead, with tail: LogTail) -> String? {
        let end = tail.head
        if head.incarnation > tail.logIncarnation {
            return
                "head \(head.index) is of incarnation \(head.incarnation), this log is \(tail.logIncarnation): another restore of "
                + "it, with a later clock, has served"
        }
        guard head.incarnation == tail.logIncarnation else { return nil }
        if head.index > end.index { return "head \(head.index) was signed, and the log ends at record \(end.index)" }
        guard head.index == end.index, head.chain != end.chain else { return nil }
        return "head \(head.index) has the chain \(head.chain), the log has \(end.chain)"
    }

    // MARK: Heads

    /// Signs a head where there are new records, and keeps the newest, each when it is time; returns when it is again.
    private mutating func sign(at now: Now) -> BootInstant {
        var next = BootInstant.never
        if tiler.index > signed?.head.index ?? .zero {
            let due = signed == nil ? now.boot : signedAt + LedgerClerk.signingInterval
            if due <= now.boot { signNewest(at: now) } else { next = due }
        }
        if kept != signed {
            let due = keptAt + LedgerClerk.keepingInterval
            guard due <= now.boot else { return min(next, due) }
            keptAt = now.boot
            keep()
        }
        return next
    }

    private mutating func signNewest(at now: Now) {
        let head = SignedHead(
            LedgerHead(
                cluster: identity.cluster, log: identity.logID, index: tail.head.index, root: tiler.frontier.root,
                chain: tail.head.chain, incarnation: tail.logIncarnation, reign: tail.reign,
                at: pace.now(now).calendar), by: files.signer)
        signed = head
        signedAt = now.boot
        signedCount += 1
        // One that finds no room is followed by the next.
        if untold.isEmpty, let text = HeadText(head.text) {
            _ = tell(.headSigned(ShownHead(index: head.head.index, text: text)))
        }
    }

    /// Keeps the newest head on the disk.
    mutating func keep() {
        guard let signed, kept != signed else { return }
        attempt { clerk throws(LedgerDirectoryFailure) in
            try clerk.files.keep(signed)
            clerk.kept = signed
        }
    }

    // MARK: Trouble

    /// Stands still for a while where something goes wrong.
    mutating func attempt(_ action: (inout LedgerClerk) throws(LedgerDirectoryFailure) -> Void) {
        do throws(LedgerDirectoryFailure) { try action(&self) } catch { stand("\(error)") }
    }

    /// Makes the tiles again, all of them, from the first record on.
    mutating func remake(because reason: String) {
        stand(reason)
        awaited = signed?.head
        tiler = LedgerTiler()
        attempt { clerk throws(LedgerDirectoryFailure) in try clerk.readFromFirst() }
    }

    /// Stands still for a while, and begins again from its files then.
    mutating func stand(_ reason: String) {
        if case .lost = stage { return }
        stage = .standing(reason: reason, until: nil)
        tellTrouble(reason)
        refuseAll(.notServing(reason: reason))
    }

    /// This log has lost records that its own key has signed, by a head that somebody has kept; nil is its directory.
    mutating func lose(_ reason: String, by witness: ConnectionID?) {
        if case .lost = stage { return }
        stage = .lost
        untold.append(.headWitnessed(witness, .contradicts(reason: reason)))
        refuseAll(.logLost(reason: reason))
    }

    private mutating func refuseAll(_ refusal: Refusal) {
        for asker in searches.map(\.asked.asker) + questions.map(\.asker) {
            answer(asker, .refused(refusal))
        }
        (searches, questions) = ([], [])
    }

    private mutating func tellTrouble(_ reason: String?) {
        guard reason != toldTrouble else { return }
        toldTrouble = reason
        untold.append(.ledgerStands(reason: reason))
    }

    /// Tells what proves nothing, where there is room to.
    mutating func tellUnsigned(_ reason: String, by witness: ConnectionID) {
        guard untold.count < Limits.logQuestionCountMax else { return }
        untold.append(.headWitnessed(witness, .unsigned(reason: reason)))
    }

    private mutating func tellUntold() {
        guard !untold.isEmpty else { return }
        untold.removeFirst(untold.firstIndex { !tell($0) } ?? untold.count)
    }
}
