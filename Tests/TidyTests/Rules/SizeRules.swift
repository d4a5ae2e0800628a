extension Rule {
    /// What fits into a head.
    static let sizes: [Rule] = [filesAreShort, functionsAreShort, readmeIsShort]

    /// No file is longer than this.
    private static let fileLineCountMax = 600
    /// No function is longer than this, from its own word to its last brace.
    private static let functionLineCountMax = 70
    /// The front page is no longer than this.
    private static let readmeLineCountMax = 150

    private static func repeated(_ line: String, count: Int) -> String {
        String(repeating: line + "\n", count: count)
    }

    private static let filesAreShort = Rule(
        "no file is longer than \(fileLineCountMax) lines",
        planted: SourceFile(path: "Sources/LeaseholdModel/Long.swift", text: repeated("// One.", count: 601)),
        sound: SourceFile(path: "Sources/LeaseholdModel/Long.swift", text: repeated("// One.", count: 600))
    ) { file in
        let isCode = file.isSwift || file.code.isEmpty == false
        guard ["Sources", "Tests", "protos"].contains(file.top), isCode, !file.isGenerated else { return [] }
        guard file.lines.count > fileLineCountMax else { return [] }
        let message = "\(file.lines.count) lines, at most \(fileLineCountMax) → move one idea to `Type+Idea.swift`"
        return [file.complain(at: fileLineCountMax + 1, message)]
    }

    private static let functionsAreShort = Rule(
        "no function is longer than \(functionLineCountMax) lines",
        planted: SourceFile(
            path: "Sources/LeaseholdModel/Long.swift",
            text: "func long(_ body: () -> Void = {}) {\n" + repeated("step(\"{\")", count: 69) + "}\n"
        ),
        sound: SourceFile(
            path: "Sources/LeaseholdModel/Long.swift",
            text: "func long(_ body: () -> Void = {}) {\n" + repeated("step(\"{\")", count: 68) + "}\n"
        )
    ) { file in
        guard file.isSwift, !file.isGenerated else { return [] }
        return file.code.indices.compactMap { index in
            guard file.code.isFunction(at: index), let body = file.code.body(of: index) else { return nil }
            let first = file.code[index].line
            let lineCount = file.code[body.upperBound].lastLine - first + 1
            guard lineCount > functionLineCountMax else { return nil }
            let name = file.code.at(index + 1).map { $0.kind == .word ? $0.text : "init" } ?? ""
            let message =
                "\(name) has \(lineCount) lines, at most \(functionLineCountMax) → name its steps, "
                + "in the order of their calls"
            return file.complain(at: first, message)
        }
    }

    private static let readmeIsShort = Rule(
        "the front page is at most \(readmeLineCountMax) lines",
        planted: SourceFile(path: "README.md", text: repeated("More.", count: 151)),
        sound: SourceFile(path: "README.md", text: repeated("More.", count: 150))
    ) { file in
        guard file.path == "README.md", file.lines.count > readmeLineCountMax else { return [] }
        let message =
            "\(file.lines.count) lines, at most \(readmeLineCountMax) → move the rest to an article of its target"
        return [file.complain(at: readmeLineCountMax + 1, message)]
    }
}

extension [Token] {
    /// Whether a function or an initialiser is declared here.
    fileprivate func isFunction(at index: Int) -> Bool {
        guard at(index - 1)?.reads(".") != true else { return false }
        if self[index].reads("func") { return true }
        return self[index].reads("init") && at(index + 1)?.reads(oneOf: ["(", "?", "!", "<"]) == true
    }
}
