/// One file of the repository: where it lies and what it says.
struct SourceFile: Sendable {
    /// The path from the root of the repository, with slashes.
    let path: String
    /// The whole text.
    let text: String
    /// The lines of the text, without their ends; a final empty line is not one.
    let lines: [Substring]
    /// All tokens, comments included; empty for prose.
    let tokens: [Token]
    /// The tokens without the comments: what the compiler sees.
    let code: [Token]

    /// Reads a text as the file at a path; the path's ending decides the language.
    init(path: String, text: String) {
        self.path = path
        self.text = text
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines
        self.tokens = Lexer.tokens(of: text, in: Language(path: path))
        self.code = tokens.filter { $0.kind != .comment }
    }

    /// The folders and the name, from the root down.
    var components: [Substring] { path.split(separator: "/") }

    /// The file's own name.
    var name: Substring { components.last ?? "" }

    /// The first folder, or the name of a file at the root.
    var top: Substring { components.first ?? "" }

    /// The target to which a file under `Sources` belongs.
    var target: String? {
        top == "Sources" && components.count > 2 ? String(components[1]) : nil
    }

    /// The target's row in the table of the house, if it has one.
    var room: Room? { target.flatMap(HouseTable.room(named:)) }

    /// Whether this is Swift.
    var isSwift: Bool { path.hasSuffix(".swift") }

    /// Whether a machine wrote this file; the laws of style then do not apply.
    var isGenerated: Bool { top == "Sources" && components.dropLast().contains("Generated") }

    /// Whether this is Swift under `Sources` that a person wrote.
    var isOurSwift: Bool { top == "Sources" && isSwift && !isGenerated }

    /// Complains about a line of this file.
    func complain(at line: Int, _ message: String) -> Complaint {
        Complaint(path: path, line: line, message: message)
    }
}
