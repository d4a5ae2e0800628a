import LeaseholdLog
import LeaseholdModel
import Testing

@Suite("Signed heads")
struct LedgerHeadTests {
    private let signed = LedgerFixture(count: 5).signed(5, countersigned: true)
    private let keys = [LedgerFixture.tenantSigner.key, LedgerFixture.signer.key]

    @Test("a head is these seven lines")
    func text() {
        let head = LedgerHead(
            cluster: "colossus-1", log: LogFixture.logID, index: .zero, root: .empty, chain: .zero, incarnation: 1,
            reign: .zero, at: CalendarInstant(nanoseconds: 1_795_235_572_999_999_999))
        #expect(
            head.text == """
                leasehold/colossus-1/0191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f00
                0
                47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
                chain 0000000000000000000000000000000000000000000000000000000000000000
                incarnation 1
                reign 0
                time 2026-11-21T04:32:52Z

                """)
    }

    /// The key of RFC 8032, section 7.1, test 1.
    private let rfcSeed = Base16.bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    private let rfcKey = Base16.bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

    @Test("a key is named by four bytes of a hash, and has a text that comes back")
    func keyForms() throws {
        let signer = try #require(LedgerSigner(name: "example.com/log", seed: rfcSeed))
        #expect(signer.key.publicKey == rfcKey)
        #expect(signer.key.text == "example.com/log+cc714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea")
        #expect(try LedgerKey(text: Array(signer.key.text.utf8)) == signer.key)
        #expect(try LedgerKey(text: Array((signer.key.text + "\n").utf8)) == signer.key)
        #expect(try LedgerSigner(secretText: Array((signer.secretText + "\n").utf8)).key == signer.key)
        let text = Array(signer.key.text.utf8)
        for position in text.indices {
            var other = text
            other[position] ^= 1
            #expect(throws: LedgerRefusal.self) { try LedgerKey(text: other) }
            #expect(throws: LedgerRefusal.self) { try LedgerKey(text: Array(text[..<position])) }
        }
        for name in ["", "a b", "a+b", "a\u{A0}b", "ä", String(repeating: "a", count: 128)] {
            #expect(LedgerKey(name: name, publicKey: rfcKey) == nil)
        }
    }

    @Test("a head comes back from its note, and every signature of a known key counts")
    func comesBack() throws {
        let text = Array(signed.text.utf8)
        #expect(try SignedHead(text: text) == signed)
        try signed.check(keys)
        try signed.check([LedgerFixture.signer.key])
        #expect(throws: LedgerRefusal.noKey(origin: signed.head.origin)) {
            try signed.check([LedgerFixture.tenantSigner.key])
        }
    }

    @Test("a head that the log has not signed is not believed, whoever else has")
    func unsigned() throws {
        let head = signed.head
        let own = [LedgerFixture.signer.key]
        let others = SignedHead(head, by: LedgerFixture.tenantSigner)
        #expect(throws: LedgerRefusal.unsigned(name: head.origin)) { try others.check(own) }
        let foreign = SignedHead(head, by: LedgerFixture.otherSigner)
        #expect(throws: LedgerRefusal.unsigned(name: head.origin)) { try foreign.check(own) }
        // The right name and id over another text.
        var later = LedgerFixture.signer.signature(of: LedgerFixture(count: 6).head(6))
        #expect(throws: LedgerRefusal.signatureWrong(name: head.origin)) {
            try SignedHead(head, signature: later).check(own)
        }
        // A wrong signature of a known key spoils the right one beside it; one of an unknown key does not.
        later = LedgerFixture.tenantSigner.signature(of: LedgerFixture(count: 6).head(6))
        var spoilt = SignedHead(head, by: LedgerFixture.signer)
        try spoilt.add(later)
        #expect(throws: LedgerRefusal.signatureWrong(name: "tenant/acme")) { try spoilt.check(keys) }
        try spoilt.check([LedgerFixture.signer.key])
    }

    @Test("signatures have a bound, and a key signs once")
    func signatureBound() throws {
        var head = signed
        #expect(throws: LedgerRefusal.self) { try head.add(LedgerFixture.signer.signature(of: head.head)) }
        for number in 2..<LedgerLimits.signatureCountMax {
            let signer = try #require(
                LedgerSigner(name: "tenant/t\(number)", seed: [UInt8](repeating: UInt8(number), count: 32)))
            try head.add(signer.signature(of: head.head))
        }
        let one = try #require(LedgerSigner(name: "tenant/t", seed: [UInt8](repeating: 99, count: 32)))
        #expect(throws: LedgerRefusal.tooMuch("signatures", count: 17, limit: 16)) {
            try head.add(one.signature(of: head.head))
        }
        #expect(try SignedHead(text: Array(head.text.utf8)) == head)
        #expect(head.text.utf8.count <= LedgerLimits.noteByteCountMax)
    }

    /// A change of the note's text, and the line that the refusal names.
    private static let changes: [(String, String, Int)] = [
        ("leasehold/colossus-1/", "leasehold/colossus 1/", 1), ("0191e7a0-7c3b", "0191E7A0-7c3b", 1),
        ("0191e7a0-7c3b", "0191e7a07c3b", 1), ("\n5\n", "\n05\n", 2), ("\n5\n", "\n+5\n", 2), ("\n5\n", "\n-5\n", 2),
        ("\n5\n", "\n281474976710656\n", 2), ("\n5\n", "\n5\r\n", 2), ("\n5\n", "\n 5\n", 2),
        ("=\nchain", "\nchain", 3),
        ("chain 0", "chain  0", 4), ("chain 0", "chain +", 4), ("ffff0000", "FFFF0000", 4),
        ("incarnation 1", "incarnation 01", 5), ("incarnation 1", "incarnation 4294967296", 5),
        ("reign 3", "reign +3", 6),
        ("2026-11-21T04:32:57Z", "2026-11-21t04:32:57Z", 7), ("2026-11-21T04:32:57Z", "2026-11-21T04:32:57.0Z", 7),
        ("2026-11-21T04:32:57Z", "2026-11-21T04:32:57+00:00", 7), ("2026-11-21T04:32:57Z", "now", 7),
        ("2026-11-21T04:32:57Z", "2026-02-30T04:32:57Z", 7), ("\n\n", "\nmore 1\n\n", 1), ("\n\n", "\n \n", 1),
        ("\n\n", "\n\n\n", 9), ("\u{2014} leasehold", "\u{2013} leasehold", 9),
        ("\u{2014} leasehold", "- leasehold", 9),
        ("\u{2014} tenant/acme", "\u{2014}  tenant/acme", 10), ("\u{2014} tenant/acme", "\u{2014} tenant+acme", 10),
    ]

    @Test("a note has one form; any other is refused with its line", arguments: changes)
    func oneForm(from: String, to: String, line: Int) {
        let parts = signed.text.components(splitAt: from)
        let text = parts.0 + to + parts.1
        do {
            let head = try SignedHead(text: Array(text.utf8))
            Issue.record("\(to): believed as \(head)")
        } catch LedgerRefusal.malformed(let found, _) {
            #expect(found == line, "\(from) → \(to)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("nothing may stand in front of a note or behind it, and it must be whole")
    func wholeNote() {
        let text = Array(signed.text.utf8)
        for other in [text + [0x0A], [0x0A] + text, text + [0x20], Array(text.dropLast()), [], [0x0A]] {
            #expect(throws: LedgerRefusal.self) { try SignedHead(text: other) }
        }
        #expect(throws: LedgerRefusal.self) { try SignedHead(text: text + [UInt8](repeating: 0x41, count: 8_192)) }
    }
}

extension String {
    /// What stands before the first place of a text, and behind it; the text must be there.
    func components(splitAt text: String) -> (String, String) {
        let (all, part) = (Array(utf8), Array(text.utf8))
        guard let start = all.indices.first(where: { all[$0...].starts(with: part) }) else {
            preconditionFailure("no \(text) in \(self)")
        }
        return (
            String(decoding: all[..<start], as: UTF8.self),
            String(decoding: all[(start + part.count)...], as: UTF8.self)
        )
    }
}

/// Bytes from hexadecimal digits.
enum Base16 {
    static func bytes(_ digits: String) -> [UInt8] {
        let all = Array(digits.utf8)
        return stride(from: 0, to: all.count, by: 2).compactMap {
            UInt8(String(decoding: all[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
    }
}
