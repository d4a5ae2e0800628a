package import LeaseholdModel

/// What a log says of itself at one record: the tree's root and the chain hash behind it, under which reign, and when.
///
/// Its text is a checkpoint of C2SP tlog-checkpoint with four lines more.
package struct LedgerHead: Hashable, Sendable {
    /// The cluster's name.
    package let cluster: String
    package let log: LogID
    /// The last record, which is the tree's size.
    package let index: RecordIndex
    /// The root of the tree of all records up to it.
    package let root: LedgerHash
    /// The chain hash behind it; a head stands at the end of a group.
    package let chain: ChainHash
    /// What a restore from a backup raises.
    package let incarnation: UInt32
    package let reign: Reign
    /// In whole seconds.
    package let at: CalendarInstant

    /// A head of a cluster with a well-formed name; the instant is rounded down to its second.
    package init(
        cluster: String, log: LogID, index: RecordIndex, root: LedgerHash, chain: ChainHash, incarnation: UInt32,
        reign: Reign, at: CalendarInstant
    ) {
        precondition(isWellFormedName(cluster), "a head of the cluster \(cluster)")
        precondition(index <= LedgerLimits.indexMax, "a head at record \(index)")
        self.cluster = cluster
        self.log = log
        self.index = index
        self.root = root
        self.chain = chain
        self.incarnation = incarnation
        self.reign = reign
        let second: Int64 = 1_000_000_000
        let rest = at.nanoseconds % second
        self.at = at - Span(nanoseconds: rest < 0 ? rest + second : rest)
    }

    /// The first line: which log it is, and the name of its key.
    package static func origin(cluster: String, log: LogID) -> String { "leasehold/\(cluster)/\(log)" }

    /// The first line.
    package var origin: String { LedgerHead.origin(cluster: cluster, log: log) }

    /// What is signed: seven lines with their ends.
    package var text: String { lines.map { $0 + "\n" }.joined() }

    /// The lines of the text.
    static let lineCount = 7

    private var lines: [String] {
        [
            origin, "\(index)", root.base64, "chain \(chain)", "incarnation \(incarnation)", "reign \(reign)",
            "time \(at.rfc3339)",
        ]
    }
}

extension LedgerHead {
    /// Reads the seven lines, which must be those that `text` would give again; `first` is the number of the first.
    init(lines: some Collection<String>, first: Int) throws(LedgerRefusal) {
        let lines = Array(lines)
        guard lines.count == LedgerHead.lineCount else {
            throw .malformed(line: first, expected: "\(LedgerHead.lineCount) lines of a head, not \(lines.count)")
        }
        func value(_ line: Int, _ key: String) throws(LedgerRefusal) -> String {
            guard lines[line].hasPrefix(key + " ") else {
                throw .malformed(line: first + line, expected: "'\(key)' and its value")
            }
            return String(lines[line].dropFirst(key.utf8.count + 1))
        }
        let origin = lines[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard origin.count == 3, isWellFormedName(origin[1]), let log = LogID(text: origin[2]) else {
            throw .malformed(line: first, expected: "leasehold/CLUSTER/LOG")
        }
        guard let index = UInt64(lines[1]), index <= LedgerLimits.indexMax.rawValue else {
            throw .malformed(line: first + 1, expected: "the index of a record")
        }
        guard let root = LedgerHash(base64: lines[2].utf8), index > 0 || root == .empty else {
            throw .malformed(line: first + 2, expected: "a root in base 64")
        }
        let chain = try value(3, "chain")
        let digits = Array(chain.utf8)
        let words = stride(from: 0, to: digits.count, by: 16).compactMap { start in
            UInt64(String(decoding: digits[start..<min(start + 16, digits.count)], as: UTF8.self), radix: 16)
        }
        guard words.count == 4 else { throw .malformed(line: first + 3, expected: "a chain hash in 64 digits") }
        guard let incarnation = UInt32(try value(4, "incarnation")), let reign = UInt64(try value(5, "reign")) else {
            throw .malformed(line: first + 4, expected: "the numbers of an incarnation and a reign")
        }
        guard let at = CalendarInstant(rfc3339Second: try value(6, "time")) else {
            throw .malformed(line: first + 6, expected: "a time such as 2027-01-31T18:00:00Z")
        }
        self.init(
            cluster: origin[1], log: log, index: RecordIndex(rawValue: index), root: root,
            chain: ChainHash(words: (words[0], words[1], words[2], words[3])), incarnation: incarnation,
            reign: Reign(rawValue: reign), at: at)
        // Byte by byte: strings can be equal and have different bytes.
        for (line, canonical) in self.lines.enumerated() where !lines[line].utf8.elementsEqual(canonical.utf8) {
            throw .malformed(line: first + line, expected: "the one form of what it says, \(canonical)")
        }
    }
}
