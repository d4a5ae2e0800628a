extension Rule {
    /// What is dangerous enough to be explained where it stands.
    static let reasons: [Rule] = [
        Rule(
            "what switches a check off says why",
            planted: SourceFile(
                path: "Sources/LeaseholdPlatform/Lock.swift",
                text: "// swift-format-ignore\nlet held = try? lock()\n"
            ),
            sound: SourceFile(
                path: "Sources/LeaseholdPlatform/Lock.swift",
                text: """
                    // Nothing is lost: the lock is asked for again at the next tick.
                    let held = try? lock()
                    let other = try? lock()  // A second lock is a courtesy only.
                    """
            ),
            check: unexplained
        )
    ]

    /// What needs a reason, and what usually makes the reason unnecessary.
    private static let explained: [Ban] = [
        Ban(code: "try?", instead: "`do`–`catch`"),
        Ban(code: "@unchecked Sendable", instead: "a `Mutex`, or a value type"),
        Ban(code: "nonisolated(unsafe)", instead: "a `Mutex`, or a constant"),
        Ban(code: "Task {", instead: "a task group whose end somebody awaits"),
        Ban(code: "Task.detached", instead: "a task group whose end somebody awaits"),
    ]

    private static func unexplained(in file: SourceFile) -> [Complaint] {
        guard file.isOurSwift else { return [] }
        return explained.flatMap { ban in
            file.code.places(of: ban.code).compactMap { place in
                let line = file.code[place].line
                guard file.wordsOfReason(for: line) < 3 else { return nil }
                let message = "`\(ban.code)` without a reason → \(ban.instead); or a comment that says why it is safe"
                return file.complain(at: line, message)
            }
        }
    }
}

extension SourceFile {
    /// How many words the comments on a line, and in the block right above it, have.
    fileprivate func wordsOfReason(for line: Int) -> Int {
        let codeLines = Set(code.map(\.line))
        let comments = tokens.filter { $0.kind == .comment && !$0.text.contains("swift-format-ignore") }
        var words = comments.filter { $0.line == line }.reduce(0) { $0 + $1.wordCount }
        var above = line - 1
        while let comment = comments.last(where: { $0.lastLine == above }), !codeLines.contains(above) {
            words += comment.wordCount
            above = comment.line - 1
        }
        return words
    }
}

extension Token {
    fileprivate var wordCount: Int {
        text.split(separator: " ").filter { $0.contains(where: \.isLetter) }.count
    }
}
