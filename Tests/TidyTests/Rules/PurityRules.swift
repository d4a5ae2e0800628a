/// A piece of code that must not stand somewhere, and what to write instead.
struct Ban: Sendable {
    /// The code, as `[Token].places(of:)` reads it.
    let code: String
    /// What to write instead.
    let instead: String

    /// Complains about every place in a file where the code stands.
    func complaints(in file: SourceFile) -> [Complaint] {
        file.code.places(of: code).map { file.complain(at: file.code[$0].line, "`\(code)` → \(instead)") }
    }
}

extension Rule {
    /// What keeps a pure target a function of its arguments.
    static let purity: [Rule] = [noClocksOrChance, noHashOrder, faultsShowTheirState]

    private static let time = "take an `Instant` as an argument"
    private static let chance = "take the seeded generator as an argument"
    private static let impurities: [Ban] = [
        Ban(code: "Date(", instead: time),
        Ban(code: "Date.now", instead: time),
        Ban(code: "ContinuousClock", instead: time),
        Ban(code: "SuspendingClock", instead: time),
        Ban(code: ".random(", instead: chance),
        Ban(code: ".randomElement(", instead: chance),
        Ban(code: ".shuffled(", instead: chance),
        Ban(code: ".shuffle(", instead: chance),
        Ban(code: "SystemRandomNumberGenerator", instead: chance),
        Ban(code: "UUID()", instead: "take the id as an argument; the shell draws it"),
        Ban(code: ".hashValue", instead: "a digest that is the same in every process; Swift reseeds hashing"),
        Ban(code: "print(", instead: "an effect, or a value that the shell prints"),
        Ban(code: "debugPrint(", instead: "an effect, or a value that the shell prints"),
        Ban(code: "Task {", instead: "an effect; the shell carries it out and answers with an event"),
        Ban(code: "Task.detached", instead: "an effect; the shell carries it out and answers with an event"),
    ]

    private static let noClocksOrChance = Rule(
        "a pure target reads no clock, draws no chance, prints nothing and starts no task",
        planted: SourceFile(path: "Sources/LeaseholdBroker/Book.swift", text: "let now = Date()\n"),
        sound: SourceFile(
            path: "Sources/LeaseholdBroker/Book.swift",
            text: """
                /// Never calls Date() itself.
                func renew(at now: Instant) -> LeaseDate { LeaseDate(now, "Date()") }
                """
        )
    ) { file in
        guard file.room?.isPure == true, file.isOurSwift else { return [] }
        return impurities.flatMap { $0.complaints(in: file) }
    }

    private static let faultsShowTheirState = Rule(
        "a fault is a precondition that shows the state",
        planted: SourceFile(path: "Sources/LeaseholdAgent/Shell.swift", text: "fatalError(\"unreachable\")\n"),
        sound: SourceFile(
            path: "Sources/LeaseholdAgent/Shell.swift",
            text: "preconditionFailure(\"a hold of \\(lease) ended twice\")\n"
        )
    ) { file in
        guard file.isOurSwift else { return [] }
        let instead = "`precondition` or `preconditionFailure` with the state in its message"
        return Ban(code: "fatalError(", instead: instead).complaints(in: file)
    }

    // MARK: Hash order

    private static let noHashOrder = Rule(
        "a pure target does not walk a hash table",
        planted: SourceFile(
            path: "Sources/LeaseholdBroker/Book.swift",
            text: """
                private var leases: [LeaseID: Lease] = [:]
                func all() { for (id, lease) in self.leases { use(id, lease) } }
                """
        ),
        sound: SourceFile(
            path: "Sources/LeaseholdBroker/Book.swift",
            text: """
                private var leases: [LeaseID: Lease] = [:]
                private let order: [LeaseID] = []
                func all() { for id in order { use(leases[id]) } }
                func sorted() { for id in leases.keys.sorted() { use(id) } }
                """
        )
    ) { file in
        guard file.room?.isPure == true, file.isOurSwift else { return [] }
        let tables = hashTables(in: file.code)
        return file.code.indices.compactMap { index in
            guard let table = walked(at: index, in: file.code), tables.contains(table) else { return nil }
            let message = "the order of `\(table)` differs in every process → walk a sorted index, or `.sorted()`"
            return file.complain(at: file.code[index].line, message)
        }
    }

    /// The names that a file declares as dictionaries or sets and as nothing else.
    private static func hashTables(in code: [Token]) -> Set<String> {
        var tables: Set<String> = []
        var others: Set<String> = []
        for index in code.indices where code[index].reads(oneOf: ["let", "var"]) {
            guard let name = code.at(index + 1), name.kind == .word, let sign = code.at(index + 2) else { continue }
            guard sign.reads(oneOf: [":", "="]) else { continue }
            if isHashTable(at: index + 3, in: code) { tables.insert(name.text) } else { others.insert(name.text) }
        }
        return tables.subtracting(others)
    }

    /// Whether a type, or a value of it, that begins here is a dictionary or a set.
    private static func isHashTable(at index: Int, in code: [Token]) -> Bool {
        guard let first = code.at(index) else { return false }
        if first.reads(oneOf: ["Dictionary", "Set"]) { return true }
        guard first.reads("[") else { return false }
        var inner = index + 1
        while let token = code.at(inner), !token.reads("]") {
            if token.reads(":") { return true }
            inner = token.reads(oneOf: ["(", "["]) ? code.closing(of: inner) + 1 : inner + 1
        }
        return false
    }

    /// The name after `in` of the loop at an index, unless the loop sorts first.
    private static func walked(at index: Int, in code: [Token]) -> String? {
        guard code[index].reads("for") else { return nil }
        guard let start = code[index...].firstIndex(where: { $0.reads("in") || $0.reads("{") }) else { return nil }
        let sequence = code[(start + 1)...].prefix { !$0.reads("{") && !$0.reads("where") }
        var path = sequence.prefix { $0.kind == .word || $0.reads(".") }.filter { $0.kind == .word }.map(\.text)
        if path.first == "self" { path.removeFirst() }
        let rest = path.dropFirst()
        guard let table = path.first, !sequence.contains(where: { $0.reads("sorted") }) else { return nil }
        return rest.isEmpty || ["keys", "values", "enumerated"].contains(rest.first) ? table : nil
    }
}
