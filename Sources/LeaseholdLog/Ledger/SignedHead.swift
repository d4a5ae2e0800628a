/// One signature under a head.
package struct LedgerSignature: Hashable, Sendable {
    /// The name of the key.
    package let name: String
    /// The id of the key.
    package let id: UInt32
    /// The 64 bytes of RFC 8032.
    package let bytes: [UInt8]

    /// A signature; its bytes are 64.
    package init(name: String, id: UInt32, bytes: [UInt8]) {
        precondition(bytes.count == LedgerSignature.byteCount, "a signature of \(bytes.count) bytes")
        self.name = name
        self.id = id
        self.bytes = bytes
    }

    /// Bytes of an Ed25519 signature.
    package static let byteCount = 64

    fileprivate static let dash = "\u{2014}"

    fileprivate var line: String {
        let id = withUnsafeBytes(of: id.bigEndian) { Array($0) }
        return "\(LedgerSignature.dash) \(name) \(Base64.text(of: id + bytes))"
    }

    fileprivate init?(line: String) {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.elementsEqual(LedgerSignature.dash.utf8),
            LedgerKey.isName(String(parts[1])),
            let bytes = Base64.bytes(of: parts[2].utf8), bytes.count == 4 + LedgerSignature.byteCount
        else { return nil }
        let id = bytes[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        self.init(name: String(parts[1]), id: id, bytes: Array(bytes[4...]))
    }
}

/// A head with its signatures: a note of C2SP signed-note.
///
/// Whoever signs it says that this is the head of that log; the log's own key promises never to sign another one that
/// does not go with it. Others who sign cannot deny later that they were shown it.
package struct SignedHead: Hashable, Sendable {
    package let head: LedgerHead
    /// At least one, no two by one key.
    package private(set) var signatures: [LedgerSignature]

    /// A head with its first signature.
    package init(_ head: LedgerHead, signature: LedgerSignature) {
        self.head = head
        signatures = [signature]
    }

    /// A head signed by its log.
    package init(_ head: LedgerHead, by signer: LedgerSigner) {
        self.init(head, signature: signer.signature(of: head))
    }

    /// Whether there is a signature under it that says to be by this key.
    package func has(_ key: LedgerKey) -> Bool { has(name: key.name, id: key.id) }

    private func has(name: String, id: UInt32) -> Bool { signatures.contains { $0.name == name && $0.id == id } }

    /// Puts one more signature under it; one by the same key, or one too many, is refused.
    package mutating func add(_ signature: LedgerSignature) throws(LedgerRefusal) {
        guard !has(name: signature.name, id: signature.id) else {
            throw .malformed(line: 0, expected: "one signature by \(signature.name), not two")
        }
        guard signatures.count < LedgerLimits.signatureCountMax else {
            let limit = UInt64(LedgerLimits.signatureCountMax)
            throw .tooMuch("signatures", count: limit + 1, limit: limit)
        }
        signatures.append(signature)
    }

    /// Complains unless this key has signed it.
    package func check(_ key: LedgerKey) throws(LedgerRefusal) {
        guard let signature = signatures.first(where: { $0.name == key.name && $0.id == key.id }) else {
            throw .unsigned(name: key.name)
        }
        guard key.hasSigned(Array(head.text.utf8), with: signature.bytes) else {
            throw .signatureWrong(name: key.name)
        }
    }

    /// Complains unless all these keys have signed it, the log's own among them; other signatures are passed over.
    package func check(_ keys: [LedgerKey]) throws(LedgerRefusal) {
        guard keys.contains(where: { $0.name == head.origin }) else { throw .noKey(origin: head.origin) }
        for key in keys { try check(key) }
    }
}

extension SignedHead {
    /// The note: the head's text, an empty line, and the signatures.
    package var text: String { head.text + "\n" + signatures.map { $0.line + "\n" }.joined() }

    /// How many lines the note has.
    var lineCount: Int { LedgerHead.lineCount + 1 + signatures.count }

    /// Reads a note, which must be exactly what `text` would give again.
    package init(text: [UInt8]) throws(LedgerRefusal) {
        guard text.count <= LedgerLimits.noteByteCountMax else {
            throw .tooMuch("bytes of a head", count: UInt64(text.count), limit: UInt64(LedgerLimits.noteByteCountMax))
        }
        var lines = LedgerLines(text)
        self = try lines.head(lineCount: lines.restCount)
        try lines.finish()
    }

    /// Reads the lines of a note; `first` is the number of the first.
    init(lines: [String], first: Int) throws(LedgerRefusal) {
        guard lines.count > LedgerHead.lineCount + 1, lines[LedgerHead.lineCount].isEmpty else {
            throw .malformed(line: first, expected: "\(LedgerHead.lineCount) lines, an empty one, and signatures")
        }
        let head = try LedgerHead(lines: lines[..<LedgerHead.lineCount], first: first)
        var note: SignedHead?
        for (number, line) in lines.enumerated().dropFirst(LedgerHead.lineCount + 1) {
            guard let signature = LedgerSignature(line: line) else {
                throw .malformed(line: first + number, expected: "\(LedgerSignature.dash) NAME SIGNATURE, of Ed25519")
            }
            if note == nil {
                note = SignedHead(head, signature: signature)
            } else {
                try note?.add(signature)
            }
        }
        guard let note else { throw .malformed(line: first, expected: "a signature") }
        self = note
    }
}
