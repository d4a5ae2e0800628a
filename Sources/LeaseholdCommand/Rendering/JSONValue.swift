/// A JSON text taken apart, members in their order; what YAML output is made from, and answers that no coordinator has given.
enum JSONValue: Hashable, Sendable {
    case object([Member])
    case list([JSONValue])
    case string(String)
    /// A number, `true`, `false` or `null`, as it was written.
    case bare(String)

    /// A name and its value.
    struct Member: Hashable, Sendable {
        let name: String
        let value: JSONValue
    }

    /// On one line, its members in their order.
    var text: String {
        switch self {
        case .object(let members):
            "{" + members.map { JSONValue.quoted($0.name) + ":" + $0.value.text }.joined(separator: ",") + "}"
        case .list(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
        case .string(let text): JSONValue.quoted(text)
        case .bare(let word): word
        }
    }

    /// An object of these members.
    static func object(_ members: (name: String, value: JSONValue)...) -> JSONValue {
        .object(members.map { Member(name: $0.name, value: $0.value) })
    }

    /// A list of texts.
    static func texts(_ texts: [String]) -> JSONValue { .list(texts.map { .string($0) }) }

    /// Reads a whole text; nil where it is no JSON, or nests deeper than 64.
    init?(text: String) {
        var reader = JSONReader(bytes: Array(text.utf8))
        guard let value = reader.value(depth: 0), reader.isAtEnd() else { return nil }
        self = value
    }

    /// A text in quotes, with what JSON cannot hold escaped.
    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\0"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// Reads JSON from its bytes.
private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func isAtEnd() -> Bool {
        skipSpace()
        return position == bytes.count
    }

    mutating func value(depth: Int) -> JSONValue? {
        guard depth < 64 else { return nil }
        skipSpace()
        guard position < bytes.count else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            let isWhole = sequence(until: UInt8(ascii: "}")) { reader in
                guard let name = reader.string(), reader.take(UInt8(ascii: ":")),
                    let value = reader.value(depth: depth + 1)
                else { return false }
                members.append(JSONValue.Member(name: name, value: value))
                return true
            }
            return isWhole ? .object(members) : nil
        case UInt8(ascii: "["):
            var items: [JSONValue] = []
            let isWhole = sequence(until: UInt8(ascii: "]")) { reader in
                guard let value = reader.value(depth: depth + 1) else { return false }
                items.append(value)
                return true
            }
            return isWhole ? .list(items) : nil
        case UInt8(ascii: "\""): return string().map { .string($0) }
        default: return bare()
        }
    }

    private mutating func sequence(until end: UInt8, item: (inout JSONReader) -> Bool) -> Bool {
        position += 1
        if take(end) { return true }
        repeat {
            guard item(&self) else { return false }
        } while take(UInt8(ascii: ","))
        return take(end)
    }

    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func string() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        var units: [UInt16] = []
        var plain: [UInt8] = []
        var text = ""
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                text += String(decoding: units, as: UTF16.self)
                units = []
                if byte == UInt8(ascii: "\"") { return text + String(decoding: plain, as: UTF8.self) }
                plain.append(byte)
                continue
            }
            text += String(decoding: plain, as: UTF8.self)
            plain = []
            guard let unit = escape() else { return nil }
            units.append(unit)
        }
        return nil
    }

    private mutating func escape() -> UInt16? {
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "u"):
            guard position + 4 <= bytes.count else { return nil }
            defer { position += 4 }
            return UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        default: return nil
        }
    }

    private mutating func bare() -> JSONValue? {
        let start = position
        let ends: Set<UInt8> = Set(",]} \t\r\n".utf8)
        while position < bytes.count, !ends.contains(bytes[position]) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        guard ["true", "false", "null"].contains(word) || Double(word) != nil else { return nil }
        return .bare(word)
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }
}
