/// The text of a file, before anybody asks what form it has.
package enum FileText {
    /// More than a fleet with an entry for each of the nodes that are allowed.
    package static let byteCountMax = 33_554_432

    /// Bytes as text; the complaint names the line and the offset of the first byte that is not UTF-8.
    package static func decode(_ bytes: [UInt8], name: String) throws(FileComplaint) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let offset = firstBadOffset(in: bytes)
        let line = bytes[..<offset].count { $0 == UInt8(ascii: "\n") } + 1
        let complaint = "byte 0x\(String(bytes[offset], radix: 16)) at offset \(offset) is not UTF-8"
        let finding = FileComplaint.Finding(line: line, field: nil, text: complaint)
        throw FileComplaint(file: name, findings: [finding], leftOutCount: 0)
    }

    private static func firstBadOffset(in bytes: [UInt8]) -> Int {
        var parser = UTF8.ForwardParser()
        var input = bytes.makeIterator()
        var offset = 0
        while case .valid(let scalar) = parser.parseScalar(from: &input) { offset += scalar.count }
        precondition(offset < bytes.count, "\(bytes.count) bytes are text and are not")
        return offset
    }

    /// The text without a byte order mark, which says nothing in UTF-8; nil, with a finding, where it is too long.
    static func body(of text: String, into findings: inout Findings) -> String? {
        guard text.utf8.count <= byteCountMax else {
            findings.add("has \(text.utf8.count) bytes; expected at most \(byteCountMax)", line: nil)
            return nil
        }
        return text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    }
}
