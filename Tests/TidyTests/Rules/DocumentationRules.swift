extension Rule {
    /// What others in the house may call is described.
    static let documentation: [Rule] = [
        Rule(
            "a declaration that other targets see is described right above it",
            planted: SourceFile(
                path: "Sources/LeaseholdModel/Watts.swift",
                text: """
                    /// Power.
                    package struct Watts {
                        // Not a description.
                        @inlinable
                        package static func zero() -> Watts { Watts() }
                    }
                    """
            ),
            sound: SourceFile(
                path: "Sources/LeaseholdModel/Watts.swift",
                text: """
                    package import LeaseholdChecksum

                    /// Power.
                    @frozen
                    package struct Watts: Comparable {
                        /// How many.
                        package private(set) var count: Int

                        package init(count: Int) {
                            self.count = count
                        }

                        package static func < (left: Watts, right: Watts) -> Bool { left.count < right.count }
                        package var description: String { "\\(count) W" }
                        func hidden() {}
                    }
                    """
            ),
            check: undescribed
        )
    ]

    private static let visible: Set = ["package", "public", "open"]
    private static let described: Set<String> = [
        "func", "var", "let", "struct", "enum", "class", "actor", "protocol", "init", "subscript", "typealias",
    ]

    private static func undescribed(in file: SourceFile) -> [Complaint] {
        guard file.isOurSwift else { return [] }
        let code = file.code
        let described = file.describedLines()
        return code.indices.compactMap { index in
            guard code[index].reads(oneOf: visible), code.at(index + 1)?.reads("(") == false else { return nil }
            guard let keyword = code.keyword(after: index), code[keyword].reads(oneOf: Self.described) else {
                return nil
            }
            let start = code[code.start(ofDeclarationWith: index)].line
            guard !described.contains(start), !code.explainsItself(declaredAt: keyword) else { return nil }
            let subject = code.subject(declaredAt: keyword)
            let message = "`\(subject)` is not described → a /// comment right above: shape, unit, errors, source"
            return file.complain(at: code[index].line, message)
        }
    }
}

extension SourceFile {
    /// The lines right under a documentation comment; directives to the formatter may lie between.
    fileprivate func describedLines() -> Set<Int> {
        var lines = Set(tokens.filter(\.isDocumentation).map { $0.lastLine + 1 })
        for token in tokens where token.text.hasPrefix("// swift-format-ignore") && lines.contains(token.line) {
            lines.insert(token.line + 1)
        }
        return lines
    }
}

extension [Token] {
    /// A declaration's word and name, such as `func +` or `var watts`.
    fileprivate func subject(declaredAt keyword: Int) -> String {
        let rest = self[(keyword + 1)...]
        let name = rest.first?.kind == .word ? rest.prefix(1) : rest.prefix { !$0.reads("(") }
        return ([self[keyword].text] + [name.map(\.text).joined()]).filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Whether a declaration only fulfils a protocol of the standard library, is an operator, is a stored property of
    /// a type that is described itself, or only copies its arguments.
    fileprivate func explainsItself(declaredAt keyword: Int) -> Bool {
        let head = self[(keyword + 1)...].prefix(4).map(\.text).joined()
        switch self[keyword].text {
        case "func":
            return self[keyword + 1].kind != .word
                || ["hash(into", "encode(to"].contains { head.hasPrefix($0) }
        case "var", "let":
            return body(of: keyword) == nil
                || ["description", "debugDescription", "hashValue", "rawValue"].contains { head.hasPrefix($0 + ":") }
        case "init":
            return ["(rawValue", "?(rawValue", "(from"].contains { head.hasPrefix($0) }
                || isMemberwise(declaredAt: keyword)
        default: return false
        }
    }

    private func isMemberwise(declaredAt keyword: Int) -> Bool {
        guard let body = body(of: keyword) else { return false }
        let inner = Array(self[body].dropFirst().dropLast())
        guard inner.count.isMultiple(of: 5) else { return false }
        return stride(from: 0, to: inner.count, by: 5).allSatisfy { start in
            inner[start].reads("self") && inner[start + 1].reads(".") && inner[start + 3].reads("=")
                && inner[start + 2].text == inner[start + 4].text
        }
    }
}
