import ArgumentParser
import LeaseholdLog
import LeaseholdModel

/// What a check of the ledger has come to: words for people, an object for scripts.
struct LedgerVerdict {
    /// The file or the answer that was checked.
    let file: LedgerFile
    /// What is proved, a line each.
    var lines: [String]
    /// Heads that were kept, and are part of what was shown.
    var compared: [LedgerFile] = []
    /// Why no head was compared, where one should have been.
    var nothingCompared: String?
    /// The file that the newest head took the place of, or was written to.
    var updated: String?

    /// Says it on the console; that nothing was compared is said on standard error too, where a job's letter comes from.
    func say(as format: OutputFormat, on console: Console) {
        if let nothingCompared { console.error(nothingCompared + "\n") }
        guard !format.isForScripts else { return console.out(Rendering.object(value, as: format)) }
        console.out(lines.map { $0 + "\n" }.joined())
    }

    private var value: JSONValue {
        .object(
            ("kind", .string(file.kind)), ("heads", .list(file.heads.map(\.head.value))),
            ("compared", .list(compared.map { .object(("file", .string($0.name)), ("head", $0.newest.head.value)) })),
            ("updated", .string(updated ?? "")), ("lines", .texts(lines + [nothingCompared].compactMap { $0 })))
    }
}

/// A verb that is answered with something of the ledger; what is not proved is an object for scripts too.
protocol LedgerVerb: AsyncParsableCommand {
    var client: ClientOptions { get }

    func answer() async throws
}

extension LedgerVerb {
    func run() async throws {
        do { try await answer() } catch let ending as Ending {
            guard ending.isUnproved, client.output.isForScripts else { throw ending }
            let reason = String(ending.error.dropLast())
            let value = JSONValue.object(
                ("notProved", .object(("reason", .string(reason)), ("fork", .string(ending.out)))))
            throw Ending(status: ending.status, out: Rendering.object(value, as: client.output), error: "")
        }
    }
}

extension LedgerFile {
    /// What it is, in a word.
    fileprivate var kind: String {
        switch content {
        case .head: "head"
        case .proof(.inclusion): "inclusion"
        case .proof(.consistency): "consistency"
        case .proof(.export): "export"
        case .proof(.fork): "fork"
        }
    }
}

extension LedgerHead {
    /// For scripts: 64-bit integers are texts, as everywhere.
    var value: JSONValue {
        .object(
            ("origin", .string(origin)), ("index", .string("\(index)")), ("root", .string(root.base64)),
            ("chain", .string("\(chain)")), ("incarnation", .bare("\(incarnation)")), ("reign", .string("\(reign)")),
            ("at", .string(at.rfc3339)))
    }
}
