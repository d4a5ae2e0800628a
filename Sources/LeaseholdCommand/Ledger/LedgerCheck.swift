import LeaseholdLog
import LeaseholdModel

/// Checks what a file shows of a ledger, and says what it proves, a line each.
struct LedgerCheck {
    /// Whose signatures must stand under every head.
    let keys: [LedgerKey]

    /// What the file proves; ends the command where it proves nothing.
    func lines(of file: LedgerFile) throws(Ending) -> [String] {
        do throws(LedgerRefusal) {
            switch file.content {
            case .head(let head):
                try head.check(keys)
                return [line(of: head)]
            case .proof(let proof):
                try proof.check(keys)
                return proof.heads.map(line) + (try LedgerCheck.lines(of: proof, against: keys))
            }
        } catch {
            throw Ending(error, file.name)
        }
    }

    /// That a head which somebody kept is one of those that the file is about; ends the command where it is not.
    func line(ofKept kept: LedgerFile, in file: LedgerFile) throws(Ending) -> String {
        guard try isSame(kept, as: file) else {
            let head = kept.newest.head
            throw Ending.unproved(
                "not proved: \(kept.name): head \(head.index) of incarnation \(head.incarnation) is none of "
                    + "those that \(file.name) is about; a proof of consistency from it is needed")
        }
        return "\(kept.name) is head \(kept.newest.head.index) of the proof"
    }

    /// Whether a head which somebody kept is one of those that the file is about.
    ///
    /// Ends the command where it contradicts one of them, with the proof of the fork.
    func isSame(_ kept: LedgerFile, as file: LedgerFile) throws(Ending) -> Bool {
        let head = kept.newest
        do throws(LedgerRefusal) {
            try head.check(keys)
        } catch {
            throw Ending(error, kept.name)
        }
        for other in file.heads {
            guard let evidence = ForkEvidence.between(head, other) else { continue }
            throw Ending.unproved(
                "fork: \(kept.name) and \(file.name) have two heads of record \(head.head.index), and whoever signed both was "
                    + "lying; the proof is on standard output",
                fork: String(decoding: LedgerProof.fork(evidence).text, as: UTF8.self))
        }
        return file.heads.contains { $0.head.isSame(as: head.head) }
    }

    private func line(of head: SignedHead) -> String {
        let (head, names) = (head.head, keys.map(\.name).joined(separator: " and "))
        return "head \(head.index) of \(head.origin), reign \(head.reign), at \(head.at.rfc3339), root \(head.root), "
            + "chain \(head.chain), is signed by \(names)"
    }

    private static func lines(
        of proof: LedgerProof, against keys: [LedgerKey]
    ) throws(LedgerRefusal) -> [String] {
        switch proof {
        case .inclusion(let head, let record): return [try line(of: record, in: head)]
        case .export(let head, let records):
            var lines: [String] = []
            for record in records { lines.append(try line(of: record, in: head)) }
            return lines + ["\(records.count) records are in the log of head \(head.head.index)"]
        case .consistency(let older, let newer, _):
            let (count, all) = (older.head.index, newer.head.index)
            let grown = "head \(count) is the beginning of head \(all): the first \(count) records are the same"
            let (before, after) = (older.head.incarnation, newer.head.incarnation)
            guard before < after else { return [grown] }
            return [
                grown,
                "between them the log was restored from a backup, as incarnation \(after) after \(before): records behind "
                    + "\(count) may be gone",
            ]
        case .fork(let evidence):
            let (one, other) = evidence.heads
            return keys.map {
                "\($0.name) signed heads \(one.head.index) and \(other.head.index), which cannot both be true: a fork"
            }
        }
    }

    /// What a record says of itself, as far as this version can read it.
    private static func line(of record: LedgerRecord, in head: SignedHead) throws(LedgerRefusal) -> String {
        let place = "record \(record.index) is in the log of head \(head.head.index): \(record.bytes.count) bytes"
        let entry: LogEntry
        do {
            entry = try RecordCodec.decode(record.bytes)
        } catch {
            return place + " that this version cannot read (\(error))"
        }
        guard entry.index == record.index else { throw .recordOutOfOrder(entry.index) }
        return place + ", by \(entry.principal) at \(entry.at.rfc3339)\(about(entry.subject))"
    }

    private static func about(_ subject: RecordSubject) -> String {
        switch subject {
        case .nobody: ""
        case .tenant(let name): ", about tenant \(name)"
        case .tenantNumbered(let number): ", about tenant number \(number)"
        case .lease(let lease): ", about lease \(lease)"
        }
    }
}

extension LedgerHead {
    /// Whether it says the same of the log as another head, whenever and under whatever reign each was signed.
    ///
    /// One of another incarnation does not: what a restore has left behind is not what the log went on with.
    fileprivate func isSame(as other: LedgerHead) -> Bool {
        origin == other.origin && incarnation == other.incarnation && index == other.index && root == other.root
            && chain == other.chain
    }
}
