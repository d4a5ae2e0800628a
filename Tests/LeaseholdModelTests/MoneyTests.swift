import LeaseholdModel
import Testing

@Suite("money")
struct MoneyTests {
    @Test("every amount reads back as it is written")
    func roundTrip() throws {
        let most = Limits.moneyTenThousandthsMax
        let amounts = Array(0...20_000) + (1...2_000).map { $0 * 4_999_999_999_937 % most } + [most - 1, most]
        for code in ["AAA", "USD", "ZZZ"] {
            let currency = try #require(Currency(code: code))
            for amount in amounts {
                let money = try #require(Money(tenThousandths: amount, of: currency))
                #expect(Money(text: money.description) == money)
            }
        }
    }

    @Test(
        "whole where it is whole, else two decimals or as many as it takes",
        arguments: [
            ("0USD", "0USD"), ("2USD", "2USD"), ("2.0USD", "2USD"), ("1.9USD", "1.90USD"), ("1.99USD", "1.99USD"),
            ("1.9900USD", "1.99USD"), ("0.0425EUR", "0.0425EUR"), ("0.0001JPY", "0.0001JPY"), ("0.5CHF", "0.50CHF"),
            ("10.125USD", "10.125USD"), ("1000000000000USD", "1000000000000USD"),
            ("999999999999.9999USD", "999999999999.9999USD"),
        ])
    func written(text: String, written: String) { #expect(Money(text: text)?.description == written) }

    @Test(
        "a text that is no money is refused",
        arguments: [
            "", "USD", "1.99", "1.99usd", "1.99US", "1.99USDT", "$1.99", "USD1.99", "1.99ÜSD", "-1USD", "+1USD",
            "1.+5USD", "1.-5USD", "1e3USD", "1E3USD", "1,000USD", "1_000USD", "1'000USD", "0x1USD", ".5USD", "1.USD",
            ".USD", "1..5USD", "1.2.3USD", "1.99999USD", "1.00000USD", "01USD", "00USD", " 1USD", "1 USD", "1USD ",
            "1.9\u{301}9USD", "\u{661}USD", "1USD\n", "1000000000000.0001USD", "1000000000001USD",
            "922337203685477.5808USD", "99999999999999999999USD",
        ])
    func refused(text: String) { #expect(Money(text: text) == nil) }

    @Test("every code of three letters comes back from its bits, and no other has any")
    func codes() {
        let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(UnicodeScalar($0)) }
        var seen: Set<UInt16> = []
        for code in letters.flatMap({ one in letters.flatMap { two in letters.map { one + two + $0 } } }) {
            guard let currency = Currency(code: code) else {
                Issue.record("no currency \(code)")
                continue
            }
            seen.insert(currency.packed)
            if currency.code != code { Issue.record("\(code) came back as \(currency.code)") }
        }
        #expect(seen.count == 26 * 26 * 26)
        for code in ["", "US", "USDT", "usd", "U$D", "US1", "ÄB", "@AB", "[AB"] { #expect(Currency(code: code) == nil) }
    }

    @Test("less than nothing and more than the limit are no money")
    func bounds() throws {
        let currency = try #require(Currency(code: "USD"))
        #expect(Money(tenThousandths: -1, of: currency) == nil)
        #expect(Money(tenThousandths: Limits.moneyTenThousandthsMax + 1, of: currency) == nil)
        #expect(Money(tenThousandths: .max, of: currency) == nil)
    }

    @Test("a clause is printable, on one line, and not longer than its limit")
    func clauses() {
        let longest = String(repeating: "n", count: Limits.clauseByteCountMax)
        for clause in ["4.2b", "§ 12 (3), Anlage Ä", "4.2, b = c", longest] { #expect(StepTerms.isClause(clause)) }
        let breaks = ["4\n2", "4\r", "4\u{85}", "\u{2028}", "4\u{2029}2"]
        for clause in ["", longest + "n", "a\tb", "\u{0}", "\u{202E}b"] + breaks {
            #expect(!StepTerms.isClause(clause), "\(clause.debugDescription)")
        }
    }
}
