/// Walks over the bytes of a CSV text, a row a step; skips empty lines.
struct CSVScan {
    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")
    private static let carriage = UInt8(ascii: "\r")

    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1

    init(_ text: String) { bytes = Array(text.utf8) }

    /// The next row; nil at the end, and with a finding where a quoted value breaks off.
    mutating func next(into findings: inout Findings) -> CSVTable.Row? {
        while skipEnd() {}
        guard offset < bytes.count else { return nil }
        let start = line
        var values: [String] = []
        repeat {
            guard let value = value(from: start, into: &findings) else {
                offset = bytes.count
                return nil
            }
            values.append(value)
        } while skip(CSVScan.comma)
        _ = skipEnd()
        return CSVTable.Row(line: start, values: values)
    }

    /// A value, quoted or plain, up to its comma or the end of its line.
    private mutating func value(from start: Int, into findings: inout Findings) -> String? {
        guard skip(CSVScan.quote) else {
            let first = offset
            while offset < bytes.count, bytes[offset] != CSVScan.comma, !isEnd { offset += 1 }
            return String(decoding: bytes[first..<offset], as: UTF8.self)
        }
        var content: [UInt8] = []
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if byte == CSVScan.newline { line += 1 }
            if byte != CSVScan.quote {
                content.append(byte)
            } else if skip(CSVScan.quote) {
                content.append(byte)
            } else if offset == bytes.count || bytes[offset] == CSVScan.comma || isEnd {
                return String(decoding: content, as: UTF8.self)
            } else {
                findings.add("goes on behind a closing quote; expected a comma or the end of the line", line: line)
                return nil
            }
        }
        findings.add("has a quoted value that is never closed", line: start)
        return nil
    }

    private var isEnd: Bool {
        if bytes[offset] == CSVScan.newline { return true }
        return bytes[offset] == CSVScan.carriage && offset + 1 < bytes.count && bytes[offset + 1] == CSVScan.newline
    }

    private mutating func skipEnd() -> Bool {
        guard offset < bytes.count, isEnd else { return false }
        offset += bytes[offset] == CSVScan.newline ? 1 : 2
        line += 1
        return true
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }
}
