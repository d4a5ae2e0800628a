import ArgumentParser
import LeaseholdLog
import LeaseholdModel

/// Proofs whose records a verb shows, once they have been checked.
struct CheckedProofOptions: ParsableArguments {
    @Argument(help: "The proofs, all files of an export; - for standard input.", completion: .file())
    var proofs: [String]

    @Option(
        name: .customLong("key"), parsing: .singleValue,
        help: ArgumentHelp("A file with the public key of the log; may be repeated.", valueName: "file"),
        completion: .file())
    var keys: [String] = []

    func validate() throws {
        guard !keys.isEmpty else { throw ValidationError("expected --key FILE with the log's public key") }
        guard proofs.count(where: { $0 == "-" }) < 2 else {
            throw ValidationError("- is there twice, and standard input is read once")
        }
    }

    /// What their names are, for people.
    var names: String { proofs.joined(separator: ", ") }

    /// Reads the proofs, and ends unless they are some, and of one log; their records ascending, each once.
    func entries() async throws -> [LogEntry] {
        let check = LedgerCheck(keys: try await LedgerFile.keys(keys))
        var found: [LogEntry] = []
        var origin: String?
        for proof in proofs {
            let file = try await LedgerFile.shown(proof)
            _ = try check.lines(of: file)
            for head in file.heads {
                if let origin, origin != head.head.origin {
                    throw Ending(.otherLog(origin, head.head.origin), file.name)
                }
                origin = head.head.origin
            }
            found += try file.entries()
        }
        found.sort { $0.index < $1.index }
        var last: LogEntry?
        return try found.filter { entry in
            defer { last = entry }
            guard let last, last.index == entry.index else { return true }
            guard last == entry else {
                throw Ending(
                    status: Ending.conflictStatus,
                    "not proved: record \(entry.index) is one thing in one file and another in the next: the log was "
                        + "forked, or restored from a backup in between")
            }
            return false
        }
    }
}

extension LedgerFile {
    /// Its records, as they were decided.
    func entries() throws(Ending) -> [LogEntry] {
        let records: [LedgerRecord] =
            switch content {
            case .proof(.export(_, let records)): records
            case .proof(.inclusion(_, let record)): [record]
            case .proof(.consistency), .proof(.fork), .head:
                throw Ending(
                    status: Ending.usageStatus, "\(name) has no records: expected what ledger export or prove wrote")
            }
        var entries: [LogEntry] = []
        for record in records {
            do throws(RecordFailure) { entries.append(try RecordCodec.decode(record.bytes)) } catch {
                throw Ending(.unreadable(record.index, error), name)
            }
        }
        return entries
    }
}
