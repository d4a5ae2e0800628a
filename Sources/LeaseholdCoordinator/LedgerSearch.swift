import LeaseholdLog
package import LeaseholdModel
import LeaseholdPlatform
package import LeaseholdProtocol

/// A walk over the log for the records about one tenant, a slice at a time.
struct LedgerSearch {
    /// What the records are for.
    enum Purpose {
        /// A proof of the one record that was asked for.
        case inclusion(of: RecordIndex)
        case export
    }

    let asker: Asker
    let purpose: Purpose
    /// The head that everything is proved under.
    let head: SignedHead
    var exporter: LedgerExporter
    var reader: RecordReader<FileStorage>

    /// Records that one export looks at, beginning with the first that was wanted: the asker shows how it goes on.
    static let recordCountMax: UInt64 = 262_144
    /// Tenants whose leases are remembered between two exports.
    static let rememberedCountMax = 4

    /// Looks at a slice of records; whether it has looked at all.
    mutating func readOn(through end: LogTail) throws(RecoveryFailure) -> Bool {
        try reader.read(through: end, recordCountMax: LedgerClerk.sliceRecordCount) {
            index, record throws(RecordRefusal) in
            do throws(LedgerRefusal) { try exporter.take(index, record) } catch {
                throw RecordRefusal(reason: "\(error)")
            }
        }
        return exporter.isComplete
    }
}

// MARK: Answers

extension LedgerClerk {
    /// Takes a question; it is answered in a later turn, one that takes long in several.
    package mutating func take(_ question: LogQuestion, from asker: Asker, of principal: Principal) {
        if case .page(let place) = question { return answer(asker, page(at: place)) }
        guard case .following = stage else {
            return answer(asker, .refused(.notServing(reason: "the ledger is being read from the log")))
        }
        guard questions.count < Limits.logQuestionCountMax else {
            return answer(asker, .refused(.overloaded(retryAfter: Limits.overloadedRetry)))
        }
        questions.append((question, asker, principal))
    }

    /// Answers the first question that can be; whether another one can.
    ///
    /// One about the newest head waits for the head that has all that its asker knows of: within a second.
    mutating func answerNext() -> Bool {
        guard let signed else { return false }
        let isNewest = signed.head.index == tiler.index
        let canBe = { (entry: (LogQuestion, Asker, Principal)) in isNewest || !entry.0.isAboutNewest }
        guard let position = questions.firstIndex(where: canBe) else { return false }
        let (question, asker, principal) = questions.remove(at: position)
        consider(question, from: asker, of: principal, signed)
        return questions.contains(where: canBe)
    }

    private mutating func consider(
        _ question: LogQuestion, from asker: Asker, of principal: Principal, _ signed: SignedHead
    ) {
        do throws(Refusal) {
            switch question {
            case .head: show(signed.text, through: signed.head.index, under: signed, to: asker)
            case .inclusion(let record, let text):
                let head = try under(text, signed)
                guard record <= head.head.index else {
                    throw .invalid(field: "record", value: "\(record)", expected: "1 to \(head.head.index)")
                }
                if principal.role == .tenant {
                    try search(principal.name, record...record, .inclusion(of: record), under: head, for: asker)
                } else {
                    try prove(record, try bytes(of: record), under: head, to: asker)
                }
            case .consistency(let older, let newer):
                try extend(try own(older), to: try under(newer, signed), for: asker)
            case .export(let tenant, let first, let text):
                let head = try under(text, signed)
                guard first <= head.head.index else {
                    throw .invalid(field: "from", value: "\(first)", expected: "1 to \(head.head.index)")
                }
                let last = RecordIndex(
                    rawValue: min(head.head.index.rawValue, first.rawValue + LedgerSearch.recordCountMax - 1))
                try search(tenant, first...last, .export, under: head, for: asker)
            case .page: preconditionFailure("a page is read without the ledger")
            }
        } catch {
            answer(asker, .refused(error))
        }
    }

    /// Works on the search that was begun first; whether there is more to do.
    mutating func workOnSearches() -> Bool {
        guard !searches.isEmpty else { return false }
        do throws(RecoveryFailure) {
            guard try searches[0].readOn(through: tail) else { return true }
        } catch {
            stand("\(storage.path): \(error)")
            return true
        }
        let search = searches.removeFirst()
        remember(search.exporter.ownership)
        do throws(Refusal) { try finish(search) } catch { answer(search.asker, .refused(error)) }
        return !searches.isEmpty
    }

    /// What a head that somebody has kept is to this log.
    package enum Standing {
        /// A part of it, or of what a declared restore has left behind.
        case sound
        case wrong(HeadVerdict)
        /// Only the tree can tell, and it is not made yet.
        case unknown
    }

    /// What a head that somebody has kept is to this log.
    package mutating func standing(of text: HeadText) -> Standing {
        let head: LedgerHead
        do throws(LedgerRefusal) {
            let signed = try SignedHead(text: Array(text.text.utf8))
            try signed.check([files.signer.key])
            head = signed.head
        } catch {
            return .wrong(.unsigned(reason: "\(error)"))
        }
        if let contradiction = LedgerClerk.contradiction(of: head, with: goal) {
            return .wrong(.contradicts(reason: contradiction))
        }
        guard head.incarnation == goal.logIncarnation, head.index > .zero else { return .sound }
        guard case .following = stage, head.index <= tiler.index else { return .unknown }
        return root(of: head)
    }

    /// What the root of a head, up to the last record of the tree, is to the tree.
    private mutating func root(of head: LedgerHead) -> Standing {
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
                return .wrong(
                    .contradicts(reason: "head \(head.index) has the root \(head.root), and the log's is \(root)"))
            } catch {
                remake(because: "its tiles do not make the root of record \(head.index): \(error)")
            }
        } catch {
            remake(because: "\(error)")
        }
        return .unknown
    }

    // MARK: Proofs

    /// The head to prove something under: the one that the asker has, or the newest.
    private mutating func under(_ text: HeadText?, _ newest: SignedHead) throws(Refusal) -> SignedHead {
        guard let text else { return newest }
        return try own(text)
    }

    /// A head that the asker has, if it is one of this log.
    private mutating func own(_ text: HeadText) throws(Refusal) -> SignedHead {
        let head: SignedHead
        do throws(LedgerRefusal) {
            head = try SignedHead(text: Array(text.text.utf8))
            try head.check([files.signer.key])
            guard head.head.index > .zero, head.head.index <= tiler.index else {
                throw LedgerRefusal.outsideHead(head.head.index, head: tiler.index)
            }
        } catch {
            throw .invalid(field: "head", value: "\(error)", expected: "a head signed by \(files.signer.key.name)")
        }
        switch root(of: head.head) {
        case .sound: return head
        case .wrong(let verdict):
            if head.head.incarnation == goal.logIncarnation { _ = tell(.headWitnessed(nil, verdict)) }
            throw .invalid(
                field: "head", value: "\(head.head.index) of incarnation \(head.head.incarnation)",
                expected: "a head whose records the log still has; what a restore left behind is gone")
        case .unknown: throw .notServing(reason: "the ledger is being made again from the log")
        }
    }

    /// A record as written.
    private mutating func bytes(of record: RecordIndex) throws(Refusal) -> [UInt8] {
        var bytes: [UInt8]?
        do throws(RecoveryFailure) {
            var reader = try RecordReader(of: identity, storage, from: record)
            while reader.head < record {
                try reader.read(through: tail, recordCountMax: 1) { index, found throws(RecordRefusal) in
                    if index == record { bytes = found }
                }
            }
        } catch {
            stand("\(storage.path): \(error)")
        }
        guard let bytes else { throw .notServing(reason: "record \(record) cannot be read") }
        return bytes
    }

    private mutating func prove(
        _ record: RecordIndex, _ bytes: [UInt8], under head: SignedHead, to asker: Asker
    ) throws(Refusal) {
        let proof = try proved { prover throws(LedgerDirectoryFailure) in
            let path = try prover.inclusion(of: record, under: head.head.index)
            return .inclusion(head, LedgerRecord(index: record, bytes: bytes, path: path))
        }
        show(String(decoding: proof.text, as: UTF8.self), through: record, under: head, to: asker)
    }

    private mutating func extend(_ older: SignedHead, to newer: SignedHead, for asker: Asker) throws(Refusal) {
        guard older.head.index <= newer.head.index else {
            throw .invalid(
                field: "from", value: "head \(older.head.index)", expected: "a head up to \(newer.head.index)")
        }
        let proof = try proved { prover throws(LedgerDirectoryFailure) in
            let path = try prover.consistency(from: older.head.index, to: newer.head.index)
            return .consistency(older: older, newer: newer, path: path)
        }
        show(String(decoding: proof.text, as: UTF8.self), through: newer.head.index, under: newer, to: asker)
    }

    /// A proof that holds; one that does not says that a tile is damaged, and all of them are made again.
    private mutating func proved(
        _ make: (inout LedgerProver<LedgerDirectory>) throws(LedgerDirectoryFailure) -> LedgerProof
    ) throws(Refusal) -> LedgerProof {
        var prover = LedgerProver(tiler, tiles: files)
        let reason: String
        do throws(LedgerDirectoryFailure) {
            let proof = try make(&prover)
            do throws(LedgerRefusal) {
                try proof.check([files.signer.key])
                return proof
            } catch {
                reason = "a proof from its tiles does not hold: \(error)"
            }
        } catch {
            reason = "\(error)"
        }
        remake(because: reason)
        throw .notServing(reason: "the ledger is being made again from the log")
    }

    private func show(_ text: String, through: RecordIndex, under head: SignedHead, to asker: Asker) {
        let shown = LogShown(text: text, key: files.signer.key.text, through: through, head: head.head.index)
        answer(asker, .shown(shown))
    }

    // MARK: Pages

    /// A page of the log up to where it is known to be durable.
    private func page(at place: BackupPlace) -> Reply {
        var pager = BackupPager(of: identity, storage)
        do throws(PageRefusal) { return .backupPage(try pager.page(at: place, before: goal)) } catch {
            switch error {
            case .outside(_, let end):
                return .refused(
                    .invalid(field: "saveBackup", value: "\(place)", expected: "a place in the log before \(end)"))
            case .failure(let failure): return .refused(.notServing(reason: "the log cannot be read: \(failure)"))
            }
        }
    }

    // MARK: Searches

    private mutating func search(
        _ tenant: String, _ range: ClosedRange<RecordIndex>, _ purpose: LedgerSearch.Purpose, under head: SignedHead,
        for asker: Asker
    ) throws(Refusal) {
        guard searches.count < Limits.logQuestionCountMax else {
            throw .overloaded(retryAfter: Limits.overloadedRetry)
        }
        let known = rememberedOwnerships.first { $0.tenant == tenant && $0.index < range.lowerBound }
        let exporter = LedgerExporter(
            known ?? LedgerOwnership(of: tenant), range: range, byteCountMax: Limits.shownTextByteCountMax)
        do throws(RecoveryFailure) {
            let reader = try RecordReader(of: identity, storage, from: exporter.ownership.index.next)
            searches.append(
                LedgerSearch(asker: asker, purpose: purpose, head: head, exporter: exporter, reader: reader))
        } catch {
            stand("\(storage.path): \(error)")
            throw .notServing(reason: "the log cannot be read")
        }
    }

    private mutating func finish(_ search: LedgerSearch) throws(Refusal) {
        switch search.purpose {
        case .inclusion(let record):
            guard let found = search.exporter.records.first else {
                let name = search.exporter.ownership.tenant
                throw .notAllowed(principal: "tenant/\(name)", action: "prove record \(record), which is not about it")
            }
            try prove(record, found.bytes, under: search.head, to: search.asker)
        case .export:
            let proof = try proved { prover throws(LedgerDirectoryFailure) in
                try search.exporter.export(under: search.head, provedBy: &prover)
            }
            show(
                String(decoding: proof.text, as: UTF8.self), through: search.exporter.last, under: search.head,
                to: search.asker)
        }
    }

    /// Keeps what was learned of a tenant, so that the next piece of its export need not begin with the first record.
    private mutating func remember(_ ownership: LedgerOwnership) {
        rememberedOwnerships.removeAll { $0.tenant == ownership.tenant }
        if rememberedOwnerships.count == LedgerSearch.rememberedCountMax { rememberedOwnerships.removeFirst() }
        rememberedOwnerships.append(ownership)
    }
}

extension LogQuestion {
    /// Whether it is answered with the newest head.
    fileprivate var isAboutNewest: Bool {
        switch self {
        case .head, .inclusion(_, under: nil), .consistency(_, to: nil), .export(_, _, under: nil): true
        case .inclusion, .consistency, .export, .page: false
        }
    }
}
