// A proof as the text of a small file: words and numbers in their one form, hashes and records in base 64, heads as the
// notes that they are. The article "The ledger" has every line.

extension LedgerProof {
    /// The file.
    package var text: [UInt8] {
        var out = LedgerWriter()
        switch self {
        case .inclusion(let head, let record):
            out.line("\(LedgerProof.opening) inclusion")
            out.write(head)
            out.write(record)
        case .consistency(let older, let newer, let path):
            out.line("\(LedgerProof.opening) consistency")
            out.write(older)
            out.write(newer)
            out.write(path)
        case .export(let head, let records):
            out.line("\(LedgerProof.exportOpening)\(records.count)")
            out.write(head)
            for record in records { out.write(record) }
        case .fork(.heads(let one, let other)):
            out.line("\(LedgerProof.opening) fork heads")
            out.write(one)
            out.write(other)
        case .fork(.prefix(let older, let newer, let path)):
            out.line("\(LedgerProof.opening) fork prefix")
            out.write(older)
            out.write(newer)
            out.write(path)
        case .fork(.records(let one, let record, let other, let otherRecord)):
            out.line("\(LedgerProof.opening) fork records")
            out.write(one)
            out.write(record)
            out.write(other)
            out.write(otherRecord)
        }
        return out.bytes
    }

    private static let opening = "leasehold-ledger-proof 1"
    /// What the text of every export begins with; the number of its records follows.
    package static let exportOpening = "\(opening) export "

    /// Reads a file, which must be exactly what `text` would give again.
    package init(text: [UInt8]) throws(LedgerRefusal) {
        guard text.count <= LedgerLimits.proofByteCountMax else {
            let limit = LedgerLimits.proofByteCountMax
            throw .tooMuch("bytes of a proof", count: UInt64(text.count), limit: UInt64(limit))
        }
        var lines = LedgerLines(text)
        let form = "\(LedgerProof.opening) and inclusion, consistency, export or fork"
        let words = try lines.next(form).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 3, words[0] + " " + words[1] == LedgerProof.opening else {
            throw .malformed(line: 1, expected: form)
        }
        switch (words[2], words.count) {
        case ("inclusion", 3): self = .inclusion(try lines.head(), try lines.record())
        case ("consistency", 3):
            self = .consistency(older: try lines.head(), newer: try lines.head(), path: try lines.path())
        case ("export", 4): self = try LedgerProof.export(&lines, words[3])
        case ("fork", 4): self = .fork(try LedgerProof.fork(&lines, words[3]))
        default: throw .malformed(line: 1, expected: form)
        }
        try lines.finish()
    }

    private static func export(_ lines: inout LedgerLines, _ word: String) throws(LedgerRefusal) -> LedgerProof {
        let count = try lines.number(Array(word.utf8)[...], max: LedgerLimits.exportRecordCountMax)
        let head = try lines.head()
        var records: [LedgerRecord] = []
        while records.count < count { records.append(try lines.record()) }
        return .export(head, records)
    }

    private static func fork(_ lines: inout LedgerLines, _ word: String) throws(LedgerRefusal) -> ForkEvidence {
        switch word {
        case "heads": return .heads(try lines.head(), try lines.head())
        case "prefix": return .prefix(older: try lines.head(), newer: try lines.head(), path: try lines.path())
        case "records":
            return .records(try lines.head(), try lines.record(), try lines.head(), try lines.record())
        default: throw .malformed(line: 1, expected: "fork heads, fork prefix or fork records")
        }
    }
}

/// Writes the lines of a proof.
private struct LedgerWriter {
    private(set) var bytes: [UInt8] = []

    mutating func line(_ text: String) {
        bytes += text.utf8
        bytes.append(0x0A)
    }

    mutating func write(_ head: SignedHead) {
        line("head \(head.lineCount)")
        bytes += head.text.utf8
    }

    mutating func write(_ path: [LedgerHash]) {
        line("path \(path.count)")
        for hash in path { line(hash.base64) }
    }

    mutating func write(_ record: LedgerRecord) {
        line("record \(record.index) \(Base64.text(of: record.bytes))")
        write(record.path)
    }
}

extension LedgerLines {
    /// `head N` and a note of that many lines.
    fileprivate mutating func head() throws(LedgerRefusal) -> SignedHead {
        let max = LedgerHead.lineCount + 1 + LedgerLimits.signatureCountMax
        let words = try words("head", count: 2, "head and the number of its lines")
        return try head(lineCount: try number(words[0], max: max))
    }

    /// `path N` and that many hashes.
    fileprivate mutating func path() throws(LedgerRefusal) -> [LedgerHash] {
        let words = try words("path", count: 2, "path and the number of its hashes")
        let count = try number(words[0], max: LedgerLimits.consistencyHashCountMax)
        var path: [LedgerHash] = []
        while path.count < count {
            guard let hash = LedgerHash(base64: try next("a hash")) else {
                throw .malformed(line: readCount, expected: "a hash in base 64")
            }
            path.append(hash)
        }
        return path
    }

    /// `record INDEX BYTES` and its path.
    fileprivate mutating func record() throws(LedgerRefusal) -> LedgerRecord {
        let words = try words("record", count: 3, "record, its index and its bytes")
        let index = try index(words[0])
        guard let bytes = Base64.bytes(of: words[1]), bytes.count <= LogLimits.recordByteCountMax else {
            throw .malformed(line: readCount, expected: "a record in base 64")
        }
        return LedgerRecord(index: index, bytes: bytes, path: try path())
    }
}
