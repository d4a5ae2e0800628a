/// A currency by its code of ISO 4217, which is three capital letters; which codes are in use is not known here.
package struct Currency: Hashable, Sendable {
    /// The letters, the first one first, in five bits each; A is 1.
    package let packed: UInt16

    /// Reads `USD`; nil for anything but three capital letters.
    package init?(code: some StringProtocol) {
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard code.utf8.count == 3, code.utf8.allSatisfy(letters.contains) else { return nil }
        packed = code.utf8.reduce(0) { $0 << 5 | UInt16($1 & 31) }
    }

    /// The three letters.
    package var code: String {
        String(decoding: [10, 5, 0].map { UInt8(packed >> $0 & 31 | 64) }, as: UTF8.self)
    }
}

/// An amount of one currency, in ten-thousandths of its unit.
package struct Money: Hashable, Sendable {
    package let currency: Currency
    /// From 0 to `Limits.moneyTenThousandthsMax`.
    package let tenThousandths: Int64

    /// Nil for less than nothing and for more than the limit.
    package init?(tenThousandths: Int64, of currency: Currency) {
        guard (0...Limits.moneyTenThousandthsMax).contains(tenThousandths) else { return nil }
        self.currency = currency
        self.tenThousandths = tenThousandths
    }
}

extension Money: CustomStringConvertible {
    private static let decimalCountMax = 4

    /// Whole where it is whole, else with two decimals or as many as it takes: `2USD`, `1.90USD`, `0.0425EUR`.
    package var description: String {
        let (whole, rest) = tenThousandths.quotientAndRemainder(dividingBy: 10_000)
        guard rest != 0 else { return "\(whole)\(currency.code)" }
        // One digit more in front keeps the zeros behind the point.
        var decimals = "\(10_000 + rest)".dropFirst()
        while decimals.count > 2, decimals.last == "0" { decimals.removeLast() }
        return "\(whole).\(decimals)\(currency.code)"
    }

    /// Reads `2USD`, `1.99USD`, `0.0425EUR`; nil for anything else, for a fifth decimal and above the limit.
    package init?(text: String) {
        let parts = text.dropLast(3).split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let decimals = parts.count == 2 ? parts[1] : "0"
        guard let currency = Currency(code: text.suffix(3)), Money.areDigits(parts[0]), Money.areDigits(decimals),
            parts[0] == "0" || !parts[0].hasPrefix("0"), decimals.utf8.count <= Money.decimalCountMax
        else { return nil }
        let zeros = String(repeating: "0", count: Money.decimalCountMax - decimals.utf8.count)
        guard let tenThousandths = Int64("\(parts[0])\(decimals)\(zeros)") else { return nil }
        self.init(tenThousandths: tenThousandths, of: currency)
    }

    /// What `Int64` takes besides, such as a sign, is no money.
    private static func areDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
    }
}
