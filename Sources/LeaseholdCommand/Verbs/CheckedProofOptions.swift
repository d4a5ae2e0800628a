import ArgumentParser
import LeaseholdLog
import LeaseholdModel

/// A proof whose records a verb shows, once it has been checked.
struct CheckedProofOptions: ParsableArguments {
    @Argument(help: "The proof; - for standard input.", completion: .file())
    var proof: String

    @Option(
        name: .customLong("key"), parsing: .singleValue,
        help: ArgumentHelp("A file with the public key of the log; may be repeated.", valueName: "file"),
        completion: .file())
    var keys: [String] = []

    func validate() throws {
        guard !keys.isEmpty else { throw ValidationError("expected --key FILE with the log's public key") }
    }

    /// Reads the proof, and ends unless it is one.
    func file() async throws -> LedgerFile {
        let check = LedgerCheck(keys: try await LedgerFile.keys(keys))
        let file = try await LedgerFile.shown(proof)
        _ = try check.lines(of: file)
        return file
    }
}

extension LedgerFile {
    /// Its records, as they were decided.
    func entries() throws(Ending) -> [LogEntry] {
        let records: [LedgerRecord] =
            switch content {
            case .proof(.export(_, let records)): records
            case .proof(.inclusion(_, let record)): [record]
            case .proof(.consistency), .proof(.fork), .head: []
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
