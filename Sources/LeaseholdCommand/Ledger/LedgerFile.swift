import Glibc
import LeaseholdLog
import LeaseholdModel

/// What a file shows of a ledger: a proof, or a signed head alone.
struct LedgerFile {
    /// What was read.
    enum Content {
        case proof(LedgerProof)
        case head(SignedHead)
    }

    /// Where it was read from.
    let name: String
    let content: Content

    /// The heads that it is about.
    var heads: [SignedHead] {
        switch content {
        case .proof(let proof): proof.heads
        case .head(let head): [head]
        }
    }

    /// The newest head that it is about.
    var newest: SignedHead {
        guard let head = heads.last else { preconditionFailure("\(name) is about no head") }
        return head
    }

    /// Whether it is about what was asked for.
    func answers(_ question: LogQuestion) -> Bool {
        switch (question, content) {
        case (.head, .head): true
        case (.inclusion(let index, let under), .proof(.inclusion(let head, let record))):
            record.index == index && (under == nil || under?.text == head.text)
        case (.consistency(let from, let to), .proof(.consistency(let older, let newer, _))):
            older.text == from.text && (to == nil || to?.text == newer.text)
        case (.head, _), (.inclusion, _), (.consistency, _), (.export, _), (.page, _): false
        }
    }

    /// Reads a proof or a head; anything else ends the command.
    static func shown(_ path: String) async throws(Ending) -> LedgerFile {
        let (name, text) = try await read(path, byteCountMax: LedgerLimits.proofByteCountMax)
        return try shown(text, name: name)
    }

    /// Reads a proof or a head that is at hand; `name` says where it is from.
    static func shown(_ text: [UInt8], name: String) throws(Ending) -> LedgerFile {
        do throws(LedgerRefusal) {
            if text.starts(with: headOpening) {
                return LedgerFile(name: name, content: .head(try SignedHead(text: text)))
            }
            return LedgerFile(name: name, content: .proof(try LedgerProof(text: text)))
        } catch {
            throw Ending(error, name)
        }
    }

    /// Reads a signed head, and nothing else.
    static func head(_ path: String) async throws(Ending) -> LedgerFile {
        let (name, text) = try await read(path, byteCountMax: LedgerLimits.noteByteCountMax)
        do throws(LedgerRefusal) {
            return LedgerFile(name: name, content: .head(try SignedHead(text: text)))
        } catch {
            throw Ending(error, name)
        }
    }

    /// Reads a signed head that somebody else will check.
    static func headText(_ path: String) async throws(Ending) -> HeadText {
        guard let text = HeadText(try await head(path).newest.text) else {
            preconditionFailure("a head that was read is longer than any")
        }
        return text
    }

    /// Reads a signed head; nil where there is no file of this name.
    ///
    /// Whatever else keeps it from being read ends the command: a head that cannot be read has not gone.
    static func headIfThere(_ path: String) async throws(Ending) -> LedgerFile? {
        try isThere(path) ? try await head(path) : nil
    }

    /// Reads a secret key.
    static func signer(_ path: String) async throws(Ending) -> LedgerSigner {
        let (name, text) = try await read(path, byteCountMax: LedgerLimits.keyTextByteCountMax + 1)
        do throws(LedgerRefusal) { return try LedgerSigner(secretText: text) } catch { throw Ending(error, name) }
    }

    /// Whether there is something of this name; ends the command where nobody can tell.
    static func isThere(_ path: String) throws(Ending) -> Bool {
        var status = stat()
        if lstat(path, &status) == 0 { return true }
        guard errno == ENOENT else {
            let reason = String(cString: strerror(errno))
            throw Ending(status: Ending.failureStatus, "failed: \(path) cannot be looked for: \(reason)")
        }
        return false
    }

    /// Reads public keys, one a file.
    static func keys(_ paths: [String]) async throws(Ending) -> [LedgerKey] {
        var keys: [LedgerKey] = []
        for path in paths {
            let (name, text) = try await read(path, byteCountMax: LedgerLimits.keyTextByteCountMax + 1)
            do throws(LedgerRefusal) {
                keys.append(try LedgerKey(text: text))
            } catch {
                throw Ending(error, name)
            }
        }
        return keys
    }

    /// What the first line of every head begins with.
    private static let headOpening = Array("leasehold/".utf8)

    private static func read(_ path: String, byteCountMax: Int) async throws(Ending) -> (String, [UInt8]) {
        let source = try ByteSource(path: path)
        return (source.name, try await source.all(byteCountMax: byteCountMax))
    }
}

extension Ending {
    /// A file of the ledger that cannot be read is bad input; one that can be and proves nothing is a conflict.
    init(_ refusal: LedgerRefusal, _ name: String) {
        if refusal.isMalformed {
            self.init(status: Ending.usageStatus, "\(name): \(refusal)")
        } else {
            self = .unproved("not proved: \(name): \(refusal)")
        }
    }
}
