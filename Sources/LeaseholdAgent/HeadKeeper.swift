import LeaseholdLog
package import LeaseholdModel
package import LeaseholdPlatform

/// The highest signed head of the log that a coordinator has shown this agent: on the disk, and said with every hello.
///
/// Agents are witnesses (L9): a log that comes back without what it has signed is told so by whoever kept it.
package struct HeadKeeper {
    /// The names of its files, in the agent's state directory.
    private static let name = "ledger.head"
    private static let forkName = "ledger-fork.proof"
    /// A head is written to the disk at most so often; a crash loses what was shown since.
    private static let savingInterval = Span.seconds(10)

    private let directory: String
    /// The connection that its coordinator was welcomed on, and the key of that log.
    private var believed: (connection: ConnectionID, key: LedgerKey)?
    private var highest: SignedHead?
    /// What was looked at last, so that it is not looked at twice.
    private var lastTaken: HeadText?
    private var isSaved = true
    private var savedAt = BootInstant.zero

    /// Reads what was kept in a state directory; a file that holds no head is as good as none, and said.
    package init(in directory: String, say: (String) -> Void) throws(ProcessEnd) {
        self.directory = directory
        let path = "\(directory)/\(HeadKeeper.name)"
        do throws(SystemFailure) {
            let text = try AtomicFile.read(path)
            do throws(LedgerRefusal) { highest = try SignedHead(text: text) } catch {
                say("\(path) holds no head of a log: \(error)")
            }
        } catch {
            guard error.name == "ENOENT" else { throw ProcessEnd(.world, "\(error)") }
        }
        if let highest { say("witness: head \(highest.head.index) of \(highest.head.origin)") }
    }

    /// What a hello says.
    package var shown: HeadText? { highest.flatMap { HeadText($0.text) } }

    /// The record of the highest head; zero while there is none.
    package var index: RecordIndex { highest?.head.index ?? .zero }

    /// Takes the key of the log from the welcome of its coordinator, whose heads are looked at from here on.
    package mutating func believe(_ key: String, on connection: ConnectionID) -> String? {
        do throws(LedgerRefusal) {
            believed = (connection, try LedgerKey(text: Array(key.utf8)))
            return nil
        } catch {
            believed = nil
            return "the coordinator has no key that its heads could be checked with: \(error)"
        }
    }

    /// Takes a head that came on a connection; returns what is wrong with it.
    package mutating func take(_ text: HeadText, on connection: ConnectionID) -> String? {
        guard let believed, believed.connection == connection, text != lastTaken else { return nil }
        lastTaken = text
        let head: SignedHead
        do throws(LedgerRefusal) {
            head = try SignedHead(text: Array(text.text.utf8))
            try head.check([believed.key])
        } catch {
            return "the coordinator shows a head that proves nothing: \(error)"
        }
        guard let highest else {
            keep(head)
            return nil
        }
        if let fork = ForkEvidence.between(highest, head) { return keep(fork) }
        let (old, new) = (highest.head, head.head)
        if (old.incarnation, old.index.rawValue) < (new.incarnation, new.index.rawValue) { keep(head) }
        return nil
    }

    private mutating func keep(_ head: SignedHead) {
        highest = head
        isSaved = false
    }

    /// Writes down a proof against the log's key.
    private func keep(_ fork: ForkEvidence) -> String {
        let path = "\(directory)/\(HeadKeeper.forkName)"
        let finding = "the log's key has signed two heads of record \(fork.heads.0.head.index) that cannot both be true"
        do throws(SystemFailure) {
            try AtomicFile.write(LedgerProof.fork(fork).text, to: path)
            return "\(finding); the proof is in \(path)"
        } catch {
            return "\(finding); the proof could not be kept: \(error)"
        }
    }

    /// When it wants to save; never while nothing is new.
    package var nextSave: BootInstant { isSaved ? .never : savedAt + HeadKeeper.savingInterval }

    /// Writes a new head down; returns what went wrong.
    package mutating func save(at now: BootInstant) -> String? {
        guard !isSaved, let highest else { return nil }
        savedAt = now
        do throws(SystemFailure) {
            try AtomicFile.write(Array(highest.text.utf8), to: "\(directory)/\(HeadKeeper.name)")
            isSaved = true
            return nil
        } catch {
            return "the highest head of the log is not kept: \(error)"
        }
    }
}
