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

    let asked: LedgerQuestion
    let purpose: Purpose
    /// The head that everything is proved under.
    let head: SignedHead
    var exporter: LedgerExporter
    var reader: RecordReader<FileStorage>
    /// Why there will be no answer: there is more about the tenant than anybody can take in.
    private(set) var refusal: Refusal?

    init(
        _ asked: LedgerQuestion, _ purpose: Purpose, under head: SignedHead, _ exporter: LedgerExporter,
        _ reader: RecordReader<FileStorage>
    ) {
        (self.asked, self.purpose, self.head, self.exporter, self.reader) = (asked, purpose, head, exporter, reader)
    }

    /// Records that one export looks at, beginning with the first that was wanted: the asker shows how it goes on.
    static let recordCountMax: UInt64 = 262_144
    /// Exports of which is remembered, between two pieces, what they have learned of their tenant.
    static let rememberedCountMax = 4

    /// Looks at a slice of records; whether it has looked at all that it needs.
    mutating func readOn(through end: LogTail) throws(RecoveryFailure) -> Bool {
        var excess: LedgerRefusal?
        try reader.read(through: end, recordCountMax: LedgerClerk.sliceRecordCount) {
            index, record throws(RecordRefusal) in
            guard excess == nil else { return }
            do throws(LedgerRefusal) { try exporter.take(index, record) } catch {
                // That is the tenant's own trouble; all else is that of the log.
                guard case .tooMuch = error else { throw RecordRefusal(reason: "\(error)") }
                excess = error
            }
        }
        if let excess {
            refusal = .invalid(field: "tenant", value: exporter.ownership.tenant ?? "", expected: "\(excess)")
        }
        return exporter.isComplete || refusal != nil
    }
}

/// A question to the ledger that waits for its turn, or for the next head.
struct LedgerQuestion {
    let question: LogQuestion
    let asker: Asker
    let principal: Principal
    /// The last record that was durable when it was asked: a head that is called the newest has it.
    let least: RecordIndex

    /// Whether a head up to this record answers it.
    func isAnswered(by head: LedgerHead) -> Bool { !question.isAboutNewest || head.index >= least }
}

// MARK: Answers

extension LedgerClerk {
    /// Takes a question; it is answered in a later turn, one that takes long in several.
    ///
    /// One about the newest head is answered under one that has the record `least`.
    package mutating func take(
        _ question: LogQuestion, from asker: Asker, of principal: Principal, least: RecordIndex
    ) {
        let isPage = if case .page = question { true } else { false }
        // A page is of the log alone.
        guard isPage || isFollowing else {
            return answer(asker, .refused(.notServing(reason: LedgerClerk.readingReason)))
        }
        let waiting = questions + pages + searches.map(\.asked)
        guard waiting.count < Limits.logQuestionCountMax,
            waiting.count(where: { $0.principal == principal }) < Limits.logQuestionsOfOneCountMax
        else { return answer(asker, .refused(.overloaded(retryAfter: Limits.overloadedRetry))) }
        let asked = LedgerQuestion(question: question, asker: asker, principal: principal, least: least)
        if isPage { pages.append(asked) } else { questions.append(asked) }
    }

    /// Reads the page of the log that was asked for first; whether another one is wanted.
    mutating func answerPage() -> Bool {
        guard !pages.isEmpty else { return false }
        let asked = pages.removeFirst()
        if case .page(let place) = asked.question { answer(asked.asker, page(at: place)) }
        return !pages.isEmpty
    }

    /// Answers the first question that can be; whether another one can.
    ///
    /// One about the newest head waits for the head that has all that its asker knows of: within a second.
    mutating func answerNext() -> Bool {
        guard let signed, let position = questions.firstIndex(where: { $0.isAnswered(by: signed.head) }) else {
            return false
        }
        consider(questions.remove(at: position), signed)
        return questions.contains { $0.isAnswered(by: signed.head) }
    }

    private mutating func consider(_ asked: LedgerQuestion, _ signed: SignedHead) {
        let asker = asked.asker
        do throws(Refusal) {
            switch asked.question {
            case .head: show(signed.text, through: signed.head.index, under: signed, to: asker)
            case .inclusion(let record, let text):
                let head = try under(text, signed, for: asker)
                guard record <= head.head.index else {
                    throw .invalid(field: "record", value: "\(record)", expected: "1 to \(head.head.index)")
                }
                if asked.principal.role == .tenant {
                    try search(
                        asked.principal.name, record...record, .inclusion(of: record), under: head, for: asked)
                } else {
                    try prove(record, try bytes(of: record), under: head, to: asker)
                }
            case .consistency(let older, let newer):
                try extend(try own(older, for: asker), to: try under(newer, signed, for: asker), for: asker)
            case .export(let tenant, let first, let text):
                let head = try under(text, signed, for: asker)
                guard first <= head.head.index else {
                    throw .invalid(field: "from", value: "\(first)", expected: "1 to \(head.head.index)")
                }
                let last = RecordIndex(
                    rawValue: min(head.head.index.rawValue, first.rawValue + LedgerSearch.recordCountMax - 1))
                try search(tenant, first...last, .export, under: head, for: asked)
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
        if search.exporter.ownership.tenant != nil { remember(search.exporter.ownership) }
        do throws(Refusal) { try finish(search) } catch { answer(search.asked.asker, .refused(error)) }
        return !searches.isEmpty
    }

    // MARK: Proofs

    /// The head to prove something under: the one that the asker has, or the newest.
    private mutating func under(
        _ text: HeadText?, _ newest: SignedHead, for asker: Asker
    ) throws(Refusal) -> SignedHead {
        guard let text else { return newest }
        return try own(text, for: asker)
    }

    /// A head that the asker has, if it is one of this log.
    private mutating func own(_ text: HeadText, for asker: Asker) throws(Refusal) -> SignedHead {
        let head: SignedHead
        do throws(LedgerRefusal) {
            head = try SignedHead(text: Array(text.text.utf8))
            try head.check([files.signer.key])
        } catch {
            throw .invalid(field: "head", value: "\(error)", expected: "a head signed by \(files.signer.key.name)")
        }
        switch standing(of: head.head) {
        case .sound where head.head.index > .zero: return head
        case .sound: throw .invalid(field: "head", value: "0", expected: "a head that has a record")
        case .leftBehind:
            throw .invalid(
                field: "head", value: "\(head.head.index) of incarnation \(head.head.incarnation)",
                expected: "a head whose records the log still has; what a restore left behind is gone")
        case .contradicting(let reason):
            lose(reason, by: asker.connection)
            throw .logLost(reason: reason)
        case .unknown: throw .notServing(reason: LedgerClerk.readingReason)
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
        _ tenant: String?, _ range: ClosedRange<RecordIndex>, _ purpose: LedgerSearch.Purpose, under head: SignedHead,
        for asked: LedgerQuestion
    ) throws(Refusal) {
        let exporter = LedgerExporter(
            tenant.map { takeRemembered(of: $0, before: range.lowerBound) }
                ?? LedgerOwnership(ofFleetAfter: RecordIndex(rawValue: range.lowerBound.rawValue - 1)),
            range: range, byteCountMax: Limits.shownTextByteCountMax)
        do throws(RecoveryFailure) {
            let reader = try RecordReader(of: identity, storage, from: exporter.ownership.index.next)
            searches.append(LedgerSearch(asked, purpose, under: head, exporter, reader))
        } catch {
            stand("\(storage.path): \(error)")
            throw .notServing(reason: "the log cannot be read")
        }
    }

    private mutating func finish(_ search: LedgerSearch) throws(Refusal) {
        if let refusal = search.refusal { throw refusal }
        let asker = search.asked.asker
        switch search.purpose {
        case .inclusion(let record):
            guard let found = search.exporter.records.first else {
                throw .notAllowed(
                    principal: search.asked.principal.description,
                    action: "prove record \(record), which is not about it")
            }
            try prove(record, found.bytes, under: search.head, to: asker)
        case .export:
            let proof = try proved { prover throws(LedgerDirectoryFailure) in
                try search.exporter.export(under: search.head, provedBy: &prover)
            }
            show(
                String(decoding: proof.text, as: UTF8.self), through: search.exporter.last, under: search.head,
                to: asker)
        }
    }

    /// What is known of a tenant's records before this one; whoever takes it leaves what it has learned.
    private mutating func takeRemembered(of tenant: String, before first: RecordIndex) -> LedgerOwnership {
        let usable = rememberedOwnerships.indices.filter { position in
            rememberedOwnerships[position].tenant == tenant && rememberedOwnerships[position].index < first
        }
        let nearest = usable.max { rememberedOwnerships[$0].index < rememberedOwnerships[$1].index }
        return nearest.map { rememberedOwnerships.remove(at: $0) }
            ?? LedgerOwnership(of: tenant, leaseCountMax: ownedLeaseCountMax)
    }

    /// Keeps what was learned of a tenant, so that the next piece of its export need not begin with the first record.
    private mutating func remember(_ ownership: LedgerOwnership) {
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
