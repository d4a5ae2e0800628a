/// A word that the house does not use for an idea, and the word that it does use.
struct BannedWord: Sendable {
    /// The word, in lower case.
    let word: String
    /// The word of the house, and what it means.
    let instead: String

    /// The banned words.
    ///
    /// One word runs through verb, message, event, record, metric and article.
    static let all: [BannedWord] = [
        BannedWord(word: "ttl", instead: "`term` for the length of a lease, `window` for from–until"),
        BannedWord(word: "keepalive", instead: "`hold` for an agent's permission to go on, `renew` for extending it"),
        BannedWord(word: "reservation", instead: "`lease`"),
        BannedWord(word: "preempt", instead: "`reclaim` with notice, by contract; `revoke` at once, for cause"),
        BannedWord(word: "packet", instead: "`frame` for bytes on TCP, `message` for protobuf in a frame"),
        BannedWord(word: "utils", instead: "the name of the idea, in a file `Type+Idea.swift`"),
        BannedWord(word: "helpers", instead: "the name of the idea, in a file `Type+Idea.swift`"),
        BannedWord(word: "manager", instead: "what it does: book, machine, shell, table"),
    ]

    /// Names that others gave and that we must spell as they do.
    static let foreign: Set<String> = [
        "FileManager", "NIOConcurrencyHelpers", "SO_KEEPALIVE", "so_keepalive", "TCP_KEEPALIVE", "tcp_keepalive",
        "isKeepAlive",
    ]

    /// Whether an identifier says this word, in any case and spelling: `leaseTTL`, `keep_alive`, `PacketReader`.
    func isSaid(by identifier: String) -> Bool {
        let parts = Self.parts(of: identifier)
        return parts.indices.contains { start in
            if parts[start].hasPrefix(word) { return true }
            var joined = ""
            return parts[start...].contains { part in
                joined += part
                return joined == word || joined == word + "s"
            }
        }
    }

    /// The parts of an identifier in lower case: `maxTTLSeconds` is `max`, `ttl`, `seconds`.
    static func parts(of identifier: some StringProtocol) -> [String] {
        var parts: [String] = []
        var current = ""
        let characters = Array(identifier)
        for (index, character) in characters.enumerated() {
            guard character.isLetter || character.isNumber else {
                parts.append(current)
                current = ""
                continue
            }
            let next = index + 1 < characters.count ? characters[index + 1] : character
            let startsHump = character.isUppercase && (current.last?.isUppercase == false || next.isLowercase)
            if startsHump && !current.isEmpty {
                parts.append(current)
                current = ""
            }
            current.append(character)
        }
        return (parts + [current]).filter { !$0.isEmpty }.map { $0.lowercased() }
    }
}

extension Rule {
    /// One word for one idea.
    static let words: [Rule] = [
        Rule(
            "identifiers use the words of the house",
            planted: SourceFile(path: "Sources/LeaseholdModel/Term.swift", text: "var leaseTTLSeconds = 5\n"),
            sound: SourceFile(
                path: "Sources/LeaseholdModel/Term.swift",
                text: """
                    // A reservation elsewhere; here a lease with a ttl of none.
                    let reserved = "ttl", settlement = FileManager.default
                    """
            )
        ) { $0.top == "Sources" ? banned(in: $0) : [] },
        Rule(
            "schemas use the words of the house",
            planted: SourceFile(
                path: "protos/leasehold/wire/v1/hold.proto",
                text: "message KeepAlive { uint64 sequence = 1; }\n"
            ),
            sound: SourceFile(
                path: "protos/leasehold/wire/v1/hold.proto",
                text: "// Not a keepalive.\nmessage Heartbeat { uint64 sequence = 1; }\n"
            )
        ) { $0.top == "protos" ? banned(in: $0) : [] },
    ]

    private static func banned(in file: SourceFile) -> [Complaint] {
        guard !file.isGenerated else { return [] }
        return file.code.flatMap { token -> [Complaint] in
            guard token.kind == .word, !BannedWord.foreign.contains(token.text) else { return [] }
            return BannedWord.all.filter { $0.isSaid(by: token.text) }.map {
                file.complain(at: token.line, "`\(token.text)` says \($0.word) → \($0.instead)")
            }
        }
    }
}
