/// One piece of a source text, as far as a law of the house needs to tell pieces apart.
struct Token: Equatable, Sendable {
    /// What sort of piece it is.
    enum Kind: Equatable, Sendable {
        /// An identifier or a keyword, without backticks.
        case word
        /// A number, in any base.
        case number
        /// One character of punctuation.
        case mark
        /// A string or regex literal; the text is what stands between the quotes, without interpolations.
        case string
        /// A comment; the text includes its slashes.
        case comment
    }

    /// The sort of piece.
    let kind: Kind
    /// The piece itself.
    var text: String
    /// The line on which it begins, counted from 1.
    let line: Int
    /// The line on which it ends; differs from `line` for block comments and long strings.
    var lastLine: Int

    /// Whether this is a documentation comment.
    var isDocumentation: Bool {
        kind == .comment && (text.hasPrefix("///") || text.hasPrefix("/**"))
    }

    /// Whether this is the given identifier, keyword or character.
    func reads(_ other: String) -> Bool {
        (kind == .word || kind == .mark) && text == other
    }

    /// Whether this is one of the given identifiers, keywords or characters.
    func reads(oneOf others: Set<String>) -> Bool {
        (kind == .word || kind == .mark) && others.contains(text)
    }
}

/// The languages that the laws of the house can read.
enum Language: Sendable {
    /// Swift: nested comments, raw and multi-line strings, interpolation.
    case swift
    /// C and its headers.
    case c
    /// Protocol buffer schemas.
    case proto
    /// Anything else: scripts, articles, data. Read by the line only.
    case prose

    /// The language that a path's ending promises.
    init(path: String) {
        switch path.split(separator: ".").last {
        case "swift": self = .swift
        case "c", "h": self = .c
        case "proto": self = .proto
        default: self = .prose
        }
    }
}
