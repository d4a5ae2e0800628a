internal import LeaseholdModel

/// What the site's program `power-reading` says of the whole node, in lines `NAME=NUMBER`.
///
/// `watts` is what is drawn, at the instant unless `quality=average` stands there too; `joules` is a counter of energy
/// that never goes back. One of the two is enough. Fractions go to the thousandth.
package struct PowerHookWord: Hashable, Sendable {
    package let draw: InstrumentReading.Draw?
    package let counter: InstrumentReading.Counter?

    /// Why a program's word is none.
    package struct Refusal: Error, Hashable, Sendable {
        package let what: String
    }

    /// Reads what it said; blank lines are nothing.
    package init(_ said: String) throws(Refusal) {
        var watts: UInt64?
        var joules: UInt64?
        var quality = PowerQuality.sample
        for line in said.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let text = words.last.map(String.init)?.trimmed ?? ""
            switch (String(words[0]).trimmed, words.count) {
            case ("", 1): continue
            case ("watts", 2): watts = try PowerHookWord.thousandths(text, line)
            case ("joules", 2): joules = try PowerHookWord.thousandths(text, line)
            case ("quality", 2) where text == "average": quality = .average
            case ("quality", 2) where text == "sample": quality = .sample
            default:
                throw Refusal(what: "it said \"\(line)\"; expected watts=, joules=, quality=average or quality=sample")
            }
        }
        guard watts != nil || joules != nil else {
            throw Refusal(what: "it said neither watts= nor joules=")
        }
        draw = watts.map { InstrumentReading.Draw(shown: Milliwatts($0), quality: quality) }
        counter = joules.map { InstrumentReading.Counter(shown: Millijoules($0)) }
    }

    /// Reads a decimal number of at most fifteen digits before the point, in thousandths.
    private static func thousandths(_ text: String, _ line: Substring) throws(Refusal) -> UInt64 {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard (1...15).contains(parts[0].utf8.count), (1...9).contains(fraction.utf8.count),
            (parts[0] + fraction).utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let whole = UInt64(parts[0]), let rest = UInt64((fraction + "00").prefix(3))
        else {
            throw Refusal(what: "it said \"\(line)\"; expected a number, such as 812.5")
        }
        return whole * 1_000 + rest
    }
}

extension String {
    /// Without blanks at its ends.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
