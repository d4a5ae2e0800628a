/// A piece of JSON, as it stands: numbers keep their digits, members keep their order.
indirect enum JSONValue: Hashable {
    case null
    case flag(Bool)
    case number(String)
    case text(String)
    case list([JSONValue])
    case object([Member])

    /// A name and what it names.
    struct Member: Hashable {
        let name: String
        let value: JSONValue
    }

    /// What stands there, for a complaint.
    var shown: String {
        switch self {
        case .null: "null"
        case .flag(let flag): "\(flag)"
        case .number(let digits): digits
        case .text(let text): Field.quoted(text)
        case .list(let elements): "a list of \(elements.count)"
        case .object(let members): "an object of \(members.count)"
        }
    }
}

/// Reads JSON from its bytes, no deeper than a request is; every way to be wrong names its byte.
struct JSONReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// The one value of the text, with nothing after it.
    mutating func read() throws(JSONComplaint) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw wrong("the end of the line") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONComplaint) -> JSONValue {
        guard depth < WireLimits.jsonDepthMax else { throw wrong("at most \(WireLimits.jsonDepthMax) levels") }
        skipSpace()
        guard position < bytes.count else { throw wrong("a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .list(try elements(depth: depth))
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "t"): return try literal("true", .flag(true))
        case UInt8(ascii: "f"): return try literal("false", .flag(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(number())
        default: throw wrong("a value")
        }
    }

    private mutating func members(depth: Int) throws(JSONComplaint) -> [JSONValue.Member] {
        position += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if take("}") { return members }
        repeat {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw wrong("a name in quotes") }
            let name = try text()
            skipSpace()
            guard take(":") else { throw wrong("a colon") }
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw wrong("a comma or a closing brace") }
        return members
    }

    private mutating func elements(depth: Int) throws(JSONComplaint) -> [JSONValue] {
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return elements }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw wrong("a comma or a closing bracket") }
        return elements
    }

    private mutating func text() throws(JSONComplaint) -> String {
        position += 1
        var scalars = String.UnicodeScalarView()
        var plain = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] >= 0x20 else { throw wrong("no control character in a text") }
            guard bytes[position] == UInt8(ascii: "\\") else {
                position += 1
                continue
            }
            scalars.append(contentsOf: String(decoding: bytes[plain..<position], as: UTF8.self).unicodeScalars)
            position += 1
            scalars.append(try escaped())
            plain = position
        }
        guard position < bytes.count else { throw wrong("a closing quote") }
        scalars.append(contentsOf: String(decoding: bytes[plain..<position], as: UTF8.self).unicodeScalars)
        position += 1
        return String(scalars)
    }

    private mutating func escaped() throws(JSONComplaint) -> Unicode.Scalar {
        guard position < bytes.count else { throw wrong("an escape") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hexadecimalUnit()
            if let scalar = Unicode.Scalar(unit) { return scalar }
            guard (0xD800..<0xDC00).contains(unit), take("\\"), take("u") else { throw wrong("a pair of surrogates") }
            let low = try hexadecimalUnit()
            guard (0xDC00..<0xE000).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            else { throw wrong("a low surrogate") }
            return scalar
        default: throw wrong("an escape")
        }
    }

    private mutating func hexadecimalUnit() throws(JSONComplaint) -> UInt32 {
        let digits = bytes[position..<min(position + 4, bytes.count)]
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw wrong("four hexadecimal digits") }
        position += 4
        return unit
    }

    private mutating func number() -> String {
        let first = position
        while position < bytes.count, "+-.eE0123456789".utf8.contains(bytes[position]) { position += 1 }
        return String(decoding: bytes[first..<position], as: UTF8.self)
    }

    private mutating func literal(_ word: String, _ value: JSONValue) throws(JSONComplaint) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw wrong("a value") }
        position += word.utf8.count
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private func wrong(_ expected: String) -> JSONComplaint {
        let found =
            position < bytes.count
            ? Field.quoted(String(decoding: bytes[position..<min(position + 12, bytes.count)], as: UTF8.self))
            : "the end of the line"
        return JSONComplaint(field: "line", value: "\(found) at byte \(position)", expected: expected)
    }
}
