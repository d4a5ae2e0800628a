/// Cuts a source text into tokens.
///
/// The laws must not trip over a word in a comment or a string, and must see code inside an interpolation. That is all
/// that this lexer promises: it does not know the grammar. Bare regex literals (`/…/`) are read as marks.
struct Lexer {
    private let bytes: [UInt8]
    private let language: Language
    private var position = 0
    private var line = 1
    private var tokens: [Token] = []

    private init(_ text: String, _ language: Language) {
        self.bytes = Array(text.utf8)
        self.language = language
    }

    /// The tokens of a text, in order, comments included; none for prose.
    static func tokens(of text: String, in language: Language) -> [Token] {
        if case .prose = language { return [] }
        var lexer = Lexer(text, language)
        lexer.run(insideInterpolation: false)
        return lexer.tokens
    }

    /// Reads to the end of the text or, inside an interpolation, past the parenthesis that ends it.
    private mutating func run(insideInterpolation: Bool) {
        var depth = 0
        while let byte = peek() {
            if insideInterpolation && byte == UInt8(ascii: ")") && depth == 0 {
                position += 1
                return
            }
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth -= 1 }
            step(byte)
        }
    }

    private mutating func step(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\n"):
            line += 1
            position += 1
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "`"):
            position += 1
        case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"):
            lineComment()
        case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"):
            blockComment()
        case UInt8(ascii: "\""):
            literal(hashCount: 0)
        case UInt8(ascii: "'") where language != .swift:
            literal(hashCount: 0)
        case UInt8(ascii: "#") where language == .swift && opensRawLiteral():
            literal(hashCount: hashCount(at: position))
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            take(.number)
        case _ where Self.isWord(byte):
            take(.word)
        default:
            append(.mark, from: position, to: position + 1)
            position += 1
        }
    }

    // MARK: Words and marks

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...: true
        default: false
        }
    }

    private mutating func take(_ kind: Token.Kind) {
        let start = position
        while let byte = peek(), Self.isWord(byte) { position += 1 }
        append(kind, from: start, to: position)
    }

    // MARK: Comments

    private mutating func lineComment() {
        let start = position
        while let byte = peek(), byte != UInt8(ascii: "\n") { position += 1 }
        append(.comment, from: start, to: position)
    }

    private mutating func blockComment() {
        let (start, firstLine) = (position, line)
        var depth = 0
        repeat {
            if matches("/*") && (depth == 0 || language == .swift) {
                depth += 1
                position += 2
            } else if matches("*/") {
                depth -= 1
                position += 2
            } else {
                skipOne()
            }
        } while depth > 0 && position < bytes.count
        tokens.append(Token(kind: .comment, text: text(start, position), line: firstLine, lastLine: line))
    }

    // MARK: Literals

    /// Reads a string or an extended regex literal that begins here, and the code in its interpolations.
    private mutating func literal(hashCount: Int) {
        position += hashCount
        let quote = bytes[position]
        let isLong = language == .swift && quote == UInt8(ascii: "\"") && matches("\"\"\"")
        let fence =
            Array(repeating: quote, count: isLong ? 3 : 1) + Array(repeating: UInt8(ascii: "#"), count: hashCount)
        let escape = [UInt8(ascii: "\\")] + Array(repeating: UInt8(ascii: "#"), count: hashCount)
        position += isLong ? 3 : 1

        let index = tokens.count
        tokens.append(Token(kind: .string, text: "", line: line, lastLine: line))
        var content: [UInt8] = []
        while let byte = peek(), !matches(fence) {
            if byte == UInt8(ascii: "\n") && !isLong && quote != UInt8(ascii: "/") { break }
            guard matches(escape) else {
                content.append(byte)
                skipOne()
                continue
            }
            position += escape.count
            if peek() == UInt8(ascii: "(") && language == .swift {
                position += 1
                run(insideInterpolation: true)
            } else {
                skipOne()
            }
        }
        if matches(fence) { position += fence.count }
        tokens[index].text = String(decoding: content, as: UTF8.self)
        tokens[index].lastLine = line
    }

    private func hashCount(at start: Int) -> Int {
        bytes[start...].prefix { $0 == UInt8(ascii: "#") }.count
    }

    private func opensRawLiteral() -> Bool {
        let next = peek(hashCount(at: position))
        return next == UInt8(ascii: "\"") || next == UInt8(ascii: "/")
    }

    // MARK: Small steps

    private func peek(_ distance: Int = 0) -> UInt8? {
        position + distance < bytes.count ? bytes[position + distance] : nil
    }

    private func matches(_ expected: [UInt8]) -> Bool {
        bytes[position...].starts(with: expected)
    }

    private func matches(_ expected: StaticString) -> Bool {
        expected.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    private mutating func skipOne() {
        if peek() == UInt8(ascii: "\n") { line += 1 }
        position += 1
    }

    private func text(_ start: Int, _ end: Int) -> String {
        String(decoding: bytes[start..<min(end, bytes.count)], as: UTF8.self)
    }

    private mutating func append(_ kind: Token.Kind, from start: Int, to end: Int) {
        tokens.append(Token(kind: kind, text: text(start, end), line: line, lastLine: line))
    }
}
