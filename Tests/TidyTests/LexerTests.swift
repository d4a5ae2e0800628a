import Testing

/// What the laws see of a text.
@Suite("The lexer")
struct LexerTests {
    private func words(_ text: String, _ language: Language = .swift) -> [String] {
        Lexer.tokens(of: text, in: language).filter { $0.kind == .word }.map(\.text)
    }

    @Test("words in comments and strings are not code")
    func wordsInCommentsAndStringsAreNotCode() {
        #expect(words(#"let a = "b \" c" // d"#) == ["let", "a"])
        #expect(words("a /* b /* c */ d */ e") == ["a", "e"])
        #expect(words("a \"\"\"\n b \" c\n \"\"\" d") == ["a", "d"])
        #expect(words(##"a #"b " \(c) "# d"##) == ["a", "d"])
        #expect(words(#"a #/b"c/# d"#) == ["a", "d"])
    }

    @Test("an interpolation is code")
    func anInterpolationIsCode() {
        #expect(words(#"a "b \(c(d, "e")) f" g"#) == ["a", "c", "d", "g"])
        #expect(words(##"a #"b \#(c) d"# e"##) == ["a", "c", "e"])
        #expect(words("\"\"\"\n b \\(c(\"\"\"\n d\n \"\"\")) e\n \"\"\" f") == ["c", "f"])
    }

    @Test("lines are counted through long strings and comments")
    func linesAreCounted() {
        let tokens = Lexer.tokens(of: "/* 1\n2 */ a\n\"\"\"\n4\n\"\"\"\nb", in: .swift)
        #expect(tokens.map(\.line) == [1, 2, 3, 6])
        #expect(tokens.map(\.lastLine) == [2, 2, 5, 6])
    }

    @Test("a string that does not end stops at its line")
    func anUnendedStringStopsAtItsLine() {
        #expect(words("a \"b\nc") == ["a", "c"])
    }

    @Test("C does not nest comments and quotes characters")
    func cIsReadAsC() {
        #expect(words("a /* /* b */ c '\"' d", .c) == ["a", "c", "d"])
    }

    @Test("prose has no tokens")
    func proseHasNoTokens() {
        #expect(Lexer.tokens(of: "it's prose", in: Language(path: "README.md")).isEmpty)
    }
}
