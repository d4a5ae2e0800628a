package import LeaseholdLog
package import LeaseholdModel
import LeaseholdPlatform
package import LeaseholdProtocol

/// What is made of heads that others have kept: agents, clients, tenants who sign them.
extension LedgerClerk {
    /// What a head that the log's key has signed is to the log.
    package enum Standing: Hashable {
        /// A part of it.
        case sound
        /// Of an earlier incarnation, and of what a declared restore has given up.
        case leftBehind
        /// It proves that this log has lost records, by this.
        case contradicting(reason: String)
        /// Only the tree can tell, and it is not made yet.
        case unknown
    }

    /// Takes a head that an agent has kept; it is looked at in the next turn.
    ///
    /// Where more different ones wait than there can be agents, one that waits for the tree makes room.
    package mutating func takeShown(_ head: HeadText, by witness: ConnectionID) {
        guard !soundHeads.contains(head), heldHeads[head] == nil else { return }
        shownHeads[head] = shownHeads[head] ?? witness
    }

    /// Looks at the heads that were shown: each that is not of this log is told (L9).
    mutating func judgeHeads() {
        if isFollowing {
            shownHeads.merge(heldHeads) { shown, _ in shown }
            heldHeads = [:]
        }
        guard !shownHeads.isEmpty else { return }
        let shown = shownHeads
        shownHeads = [:]
        for (text, witness) in shown {
            let head: LedgerHead
            do throws(LedgerRefusal) {
                let signed = try SignedHead(text: Array(text.text.utf8))
                try signed.check([files.signer.key])
                head = signed.head
            } catch {
                tellUnsigned("\(error)", by: witness)
                continue
            }
            switch standing(of: head) {
            case .sound, .leftBehind:
                if soundHeads.count == Limits.logQuestionCountMax { soundHeads = [] }
                soundHeads.insert(text)
            case .contradicting(let reason): lose(reason, by: witness)
            case .unknown:
                if heldHeads.count == Limits.connectionCountMax, let any = heldHeads.keys.first { heldHeads[any] = nil }
                heldHeads[text] = witness
            }
        }
    }

    /// Looks at both signatures under a head and at the head: the request goes on to the owner with what was found.
    package mutating func look(at signed: CountersignedHead, _ key: RequestKey?, from asker: Asker) {
        var signed = signed
        if let head = signed.check(against: files.signer.key) {
            switch standing(of: head) {
            case .sound: break
            case .leftBehind: signed.standing = .bad(reason: "head \(head.index) is of what a restore left behind")
            case .contradicting(let reason):
                lose(reason, by: asker.connection)
                return answer(asker, .refused(.logLost(reason: reason)))
            case .unknown: return answer(asker, .refused(.notServing(reason: LedgerClerk.readingReason)))
            }
        }
        let envelope = RequestEnvelope(key: key, request: .countersignHead(signed))
        guard !tell(.requestArrived(asker, envelope)) else { return }
        answer(asker, .refused(.overloaded(retryAfter: Limits.overloadedRetry)))
    }

    // MARK: Judgement

    /// What a head that the log's key has signed is to the log.
    package mutating func standing(of head: LedgerHead) -> Standing {
        if let contradiction = LedgerClerk.contradiction(of: head, with: goal) {
            return .contradicting(reason: contradiction)
        }
        guard let isKept = restores.haveKept(head.index, of: head.incarnation, in: goal.logIncarnation) else {
            return .unknown
        }
        if !isKept, head.index > goal.head.index { return .leftBehind }
        guard case .following = stage, head.index <= tiler.index else { return .unknown }
        guard head.index > .zero else { return .sound }
        return root(of: head, isKept: isKept)
    }

    /// What the root of a head, up to the last record of the tree, is to the tree.
    private mutating func root(of head: LedgerHead, isKept: Bool) -> Standing {
        let newest = tiler.frontier
        var prover = LedgerProver(tiler, tiles: files)
        do throws(LedgerDirectoryFailure) {
            let root = try prover.root(at: head.index)
            if root == head.root { return .sound }
            let path = try prover.consistency(from: head.index, to: newest.index)
            do throws(LedgerRefusal) {
                // Damaged tiles make another root too: one is believed that the newest root, by the same hashes, rests on.
                try LedgerPath.checkConsistency(
                    from: head.index, root: root, to: newest.index, root: newest.root, path: path)
                guard isKept else { return .leftBehind }
                return .contradicting(
                    reason: "head \(head.index) has the root \(head.root), and the log's is \(root)")
            } catch {
                remake(because: "its tiles do not make the root of record \(head.index): \(error)")
            }
        } catch {
            remake(because: "\(error)")
        }
        return .unknown
    }
}

extension [LogRestore] {
    /// Whether a record of an earlier incarnation must be a part of a log that has come to be by these restores, the newest
    /// of which began incarnation `now`.
    ///
    /// Nil where the first reign since that restore is not known yet. Of an incarnation that this log does not come from,
    /// another restore of one of its backups, nothing is concluded.
    package func haveKept(_ index: RecordIndex, of incarnation: UInt32, in now: UInt32) -> Bool? {
        guard incarnation != now else { return true }
        guard let next = first(where: { $0.logIncarnation > incarnation }) else { return nil }
        // Where the book has forgotten restores, the first after this record may be one of them.
        if count >= Limits.restoreCountMax, next == self[0] { return false }
        let isOfThisLog = incarnation <= Reign.zero.logIncarnation || contains { $0.logIncarnation == incarnation }
        return isOfThisLog && index <= next.kept
    }
}
