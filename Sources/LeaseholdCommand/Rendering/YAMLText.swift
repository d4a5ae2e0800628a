/// JSON as YAML in block style.
///
/// Texts stand in double quotes, which YAML reads as JSON does; so no text can turn into a number or a date.
enum YAMLText {
    /// The document of a value, with its last line end.
    static func text(of value: JSONValue) -> String {
        switch value {
        case .object, .list: lines(of: value).map { $0 + "\n" }.joined()
        case .string(let text): JSONValue.quoted(text) + "\n"
        case .bare(let word): word + "\n"
        }
    }

    private static func lines(of value: JSONValue) -> [String] {
        switch value {
        case .object(let members):
            members.isEmpty ? ["{}"] : members.flatMap { lines(name: $0.name, value: $0.value) }
        case .list(let items):
            items.isEmpty ? ["[]"] : items.flatMap { marked(lines(of: $0)) }
        case .string(let text): [JSONValue.quoted(text)]
        case .bare(let word): [word]
        }
    }

    /// The first line after a dash, the others below it.
    private static func marked(_ lines: [String]) -> [String] {
        lines.enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
    }

    private static func lines(name: String, value: JSONValue) -> [String] {
        switch value {
        case .object(let members) where !members.isEmpty: ["\(key(name)):"] + lines(of: value).map { "  " + $0 }
        case .list(let items) where !items.isEmpty: ["\(key(name)):"] + lines(of: value).map { "  " + $0 }
        case .object, .list, .string, .bare: ["\(key(name)): \(lines(of: value)[0])"]
        }
    }

    private static func key(_ name: String) -> String {
        let isPlain = !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return isPlain && name.contains(where: \.isLetter) ? name : JSONValue.quoted(name)
    }
}
