/// Base 64 of RFC 4648, section 4, in its one canonical form: padded, and without bits that mean nothing.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")
    /// The value of each character; 255 for what is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// The text of bytes.
    static func text(of bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var bits: UInt32 = 0
            for offset in 0..<3 { bits = bits << 8 | (offset < count ? UInt32(bytes[start + offset]) : 0) }
            for place in 0..<4 {
                out.append(place <= count ? alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 63)] : padding)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes of a text; nil unless it is the text of exactly these bytes.
    static func bytes(of text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var (digitCount, paddingCount) = (0, 0)
        for character in text {
            if character == padding {
                paddingCount += 1
                bits <<= 6
            } else {
                let value = values[Int(character)]
                guard value < 64, paddingCount == 0 else { return nil }
                bits = bits << 6 | UInt32(value)
            }
            digitCount += 1
            guard digitCount % 4 == 0 else { continue }
            guard paddingCount <= 2, bits & (1 << (8 * UInt32(paddingCount)) - 1) == 0 else { return nil }
            for place in 0..<(3 - paddingCount) { out.append(UInt8(truncatingIfNeeded: bits >> (16 - 8 * place))) }
            bits = 0
        }
        // Padding that fills more than its own group would have been counted past two.
        return out
    }
}
