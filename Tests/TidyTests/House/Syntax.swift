/// Questions to a row of tokens without comments. They know brackets and the heads of declarations, not the grammar.
extension [Token] {
    /// The words that say who may see a declaration.
    static var accessLevels: Set<String> { ["public", "package", "internal", "fileprivate", "private", "open"] }

    /// The words that may stand between an access level and the declaration's own word.
    private static var modifiers: Set<String> {
        accessLevels.union([
            "static", "class", "final", "override", "required", "convenience", "mutating", "nonmutating", "consuming",
            "borrowing", "nonisolated", "isolated", "lazy", "weak", "unowned", "indirect", "dynamic", "distributed",
            "prefix", "postfix", "infix", "optional",
        ])
    }

    /// The words that open a declaration; used to see that a function had no body.
    private static var declarationWords: Set<String> {
        Self.modifiers.union([
            "func", "var", "let", "init", "deinit", "subscript", "case", "associatedtype", "typealias", "struct",
            "enum",
            "actor", "protocol", "extension", "import", "@", "#",
        ])
    }

    /// Whether the token is the first on its line.
    func beginsLine(_ index: Int) -> Bool {
        index == 0 || self[index - 1].lastLine < self[index].line
    }

    /// The token at an index, if there is one.
    func at(_ index: Int) -> Token? {
        indices.contains(index) ? self[index] : nil
    }

    /// The bracket that closes the one at an index; the last token if the text ends first.
    func closing(of open: Int) -> Int {
        var depth = 0
        for index in open..<count {
            if self[index].reads(oneOf: ["(", "[", "{"]) { depth += 1 }
            if self[index].reads(oneOf: [")", "]", "}"]) { depth -= 1 }
            if depth == 0 { return index }
        }
        return count - 1
    }

    /// The bracket that opens the one at an index; the first token if there is none.
    func opening(of close: Int) -> Int {
        var depth = 0
        for index in stride(from: close, through: 0, by: -1) {
            if self[index].reads(oneOf: [")", "]", "}"]) { depth += 1 }
            if self[index].reads(oneOf: ["(", "[", "{"]) { depth -= 1 }
            if depth == 0 { return index }
        }
        return 0
    }

    /// The braces of the function, initialiser or type whose own word stands at an index; nothing for a requirement.
    func body(of declaration: Int) -> ClosedRange<Int>? {
        var index = declaration + 1
        while index < count {
            let token = self[index]
            if token.reads("{") { return index...closing(of: index) }
            if token.reads("}") { return nil }
            if index > declaration + 1 && beginsLine(index) && token.reads(oneOf: Self.declarationWords) { return nil }
            index = token.reads(oneOf: ["(", "["]) ? closing(of: index) + 1 : index + 1
        }
        return nil
    }

    /// The first token of a declaration, given one of its modifiers: attributes and other modifiers lie before it.
    func start(ofDeclarationWith modifier: Int) -> Int {
        var start = modifier
        while start > 0 {
            let previous = self[start - 1]
            if previous.reads(oneOf: Self.modifiers) {
                start -= 1
            } else if previous.reads(")"), let head = headOfCall(closedAt: start - 1) {
                start = head
            } else if let head = attribute(endingAt: start - 1) {
                start = head
            } else {
                break
            }
        }
        return start
    }

    /// The word of the declaration that a modifier belongs to, such as `func`; nothing when it is no modifier.
    func keyword(after modifier: Int) -> Int? {
        var index = modifier
        while let token = at(index) {
            if token.reads("class"), let next = at(index + 1), !next.reads(oneOf: Self.declarationWords) {
                return index
            }
            guard token.reads(oneOf: Self.modifiers) || token.reads("@") else {
                return token.kind == .word && index > modifier ? index : nil
            }
            index += token.reads("@") ? 2 : 1
            if let next = at(index), next.reads("("), index > modifier { index = closing(of: index) + 1 }
        }
        return nil
    }

    private func attribute(endingAt index: Int) -> Int? {
        guard index > 0, self[index].kind == .word, self[index - 1].reads("@") else { return nil }
        return index - 1
    }

    /// Where `@name(…)` or `nonisolated(…)` begins, given its closing parenthesis.
    private func headOfCall(closedAt close: Int) -> Int? {
        let name = opening(of: close) - 1
        guard name >= 0 else { return nil }
        return self[name].reads(oneOf: Self.modifiers) ? name : attribute(endingAt: name)
    }

    // MARK: Patterns

    /// Where a piece of code stands, written as code: `try?`, `Task {`, `.random(`.
    ///
    /// A pattern that begins with a word stands for that word alone: `print(` finds neither `printer.print(` nor
    /// `func print(`.
    func places(of pattern: String) -> [Int] {
        let wanted = Lexer.tokens(of: pattern, in: .swift)
        guard let first = wanted.first, count >= wanted.count else { return [] }
        return (0...count - wanted.count).filter { start in
            guard zip(self[start...], wanted).allSatisfy({ $0.kind == $1.kind && $0.text == $1.text }) else {
                return false
            }
            guard first.kind == .word, let before = at(start - 1) else { return true }
            return !before.reads(oneOf: [".", "func"])
        }
    }
}
