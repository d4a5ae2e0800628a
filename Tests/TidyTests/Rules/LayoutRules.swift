extension Rule {
    /// Where things lie.
    static let layout: [Rule] = [topLevelIsShort, pathsHaveNoSpaces, thereAreNoDrawers]

    private static let topLevel: Set<Substring> = [
        "Package.swift", "Sources", "Tests", "deploy", "protos", "README.md",
    ]

    private static let topLevelIsShort = Rule(
        "the top level holds only what it must",
        planted: SourceFile(path: "docs/guide.md", text: "A guide.\n"),
        sound: SourceFile(path: ".ci/run", text: "#!/bin/bash\n")
    ) { file in
        guard !topLevel.contains(file.top), !file.top.hasPrefix(".") else { return [] }
        let places = topLevel.sorted().joined(separator: ", ")
        return [file.complain(at: 1, "`\(file.top)` at the top level → one of \(places), or a dot-file")]
    }

    private static let pathsHaveNoSpaces = Rule(
        "no path has a space",
        planted: SourceFile(path: "deploy/run book.md", text: "Steps.\n"),
        sound: SourceFile(path: "deploy/run-book.md", text: "Steps.\n")
    ) { file in
        guard file.path.contains(where: \.isWhitespace) else { return [] }
        return [file.complain(at: 1, "a space in a path breaks scripts → a hyphen")]
    }

    private static let drawers: Set<String> = [
        "utils", "util", "utilities", "helpers", "helper", "common", "misc", "stuff", "extensions",
    ]

    private static let thereAreNoDrawers = Rule(
        "there are no drawers",
        planted: SourceFile(path: "Sources/LeaseholdModel/Watts+Helpers.swift", text: "extension Watts {}\n"),
        sound: SourceFile(path: "Sources/LeaseholdModel/CommonName.swift", text: "struct CommonName {}\n")
    ) { file in
        let names = file.components.map { $0.split(separator: ".").first ?? $0 }
        guard let drawer = names.first(where: { drawers.contains(BannedWord.parts(of: $0).last ?? "") }) else {
            return []
        }
        return [file.complain(at: 1, "`\(drawer)` is a drawer → the name of the idea, such as `Type+Idea.swift`")]
    }

    /// Why things are as they are.
    static let decisions: [Rule] = [
        Rule(
            house: "a decision record has a number of its own and a title",
            planted: [
                SourceFile(path: decision("LeaseholdLog", "0002-hash-chain.md"), text: "# Hash chain\n"),
                SourceFile(path: decision("LeaseholdWire", "0002-frames.md"), text: "# Frames\n"),
                SourceFile(path: decision("LeaseholdWire", "3-json.md"), text: "# JSON\n"),
            ],
            sound: [
                SourceFile(path: decision("LeaseholdLog", "0002-hash-chain.md"), text: "# Hash chain\n"),
                SourceFile(path: decision("LeaseholdWire", "0003-frames.md"), text: "# Frames\n"),
            ]
        ) { files in
            let records = files.filter { $0.path.contains("/Documentation.docc/Decisions/") && $0.top == "Sources" }
            return records.filter { number(ofDecision: $0) == nil }.map {
                $0.complain(at: 1, "`\($0.name)` → NNNN-title.md, four digits and words in lower case with hyphens")
            } + repeated(records)
        }
    ]

    private static func decision(_ target: String, _ name: String) -> String {
        "Sources/\(target)/Documentation.docc/Decisions/\(name)"
    }

    private static func repeated(_ records: [SourceFile]) -> [Complaint] {
        var owners: [Substring: SourceFile] = [:]
        return records.compactMap { record in
            guard let number = number(ofDecision: record) else { return nil }
            guard let owner = owners.updateValue(record, forKey: number) else { return nil }
            return record.complain(at: 1, "\(number) is the number of \(owner.path) → the next free one")
        }
    }

    private static func number(ofDecision file: SourceFile) -> Substring? {
        file.name.wholeMatch(of: #/([0-9]{4})-[a-z0-9]+(-[a-z0-9]+)*\.md/#)?.output.1
    }
}
