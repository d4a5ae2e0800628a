import LeaseholdLog
import LeaseholdModel
import Testing

/// A hundred thousand changes of proofs and heads that are sound, none of which may be believed.
@Suite("Tampering with proofs")
struct LedgerTamperTests {
    /// The same numbers for the same seed, in every process.
    private struct Chance {
        private var state: UInt64
        init(seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return word ^ word >> 31
        }

        mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    }

    private enum Change: Int, CaseIterable {
        case bit, byte, cut, lostByte, insertedByte, lostLine, doubledLine, swappedLines, number, looseBits, padding
        case otherLine, swappedSiblings, letterCase, lineEnd
    }

    private static let keys = [LedgerFixture.signer.key, LedgerFixture.tenantSigner.key]
    /// A sound proof of every kind, and from other heads of the same log what can be put in its place.
    private static let ledger = LedgerFixture(count: 40)
    private static let proofs = LedgerProofTests.samples
    private static let texts = proofs.map(\.text)

    private static func isBelieved(_ text: [UInt8]) -> Bool {
        do {
            try LedgerProof(text: text).check(keys)
            return true
        } catch { return false }
    }

    /// The lines of a text with their ends.
    private static func lines(_ text: [UInt8]) -> [[UInt8]] {
        text.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map { Array($0) + [0x0A] }
    }

    /// A changed text; nil where this change has nothing to change there.
    private static func apply(_ change: Change, to text: [UInt8], _ chance: inout Chance) -> [UInt8]? {
        var text = text
        let place = chance.below(text.count)
        switch change {
        case .bit: text[place] ^= 1 << chance.below(8)
        case .byte: text[place] = UInt8(chance.below(256))
        case .cut: text = Array(text[..<place])
        case .lostByte: text.remove(at: place)
        case .insertedByte: text.insert(UInt8(chance.below(256)), at: place)
        case .letterCase: text[place] ^= 0x20
        case .lineEnd: text.insert(chance.below(2) == 0 ? 0x0A : 0x0D, at: place)
        case .lostLine, .doubledLine, .swappedLines, .number, .looseBits, .padding, .otherLine, .swappedSiblings:
            return applyToLines(change, lines(text), &chance)
        }
        return text
    }

    private static func applyToLines(_ change: Change, _ whole: [[UInt8]], _ chance: inout Chance) -> [UInt8]? {
        var lines = whole
        let place = chance.below(lines.count)
        let other = chance.below(lines.count)
        let isSignature = { (line: [UInt8]) in line.first == 0xE2 }
        switch change {
        case .lostLine: lines.remove(at: place)
        case .doubledLine: lines.insert(lines[place], at: place)
        case .swappedLines:
            // The order of signatures says nothing.
            guard !isSignature(lines[place]) || !isSignature(lines[other]) else { return nil }
            lines.swapAt(place, other)
        case .swappedSiblings:
            guard place > 0, !isSignature(lines[place]), lines[place].count == 45 else { return nil }
            lines.swapAt(place, place - 1)
        case .otherLine:
            let theirs = LedgerTamperTests.lines(texts[chance.below(texts.count)])
            lines[place] = theirs[chance.below(theirs.count)]
        case .number:
            guard let digits = lines[place].indices.first(where: { (0x30...0x39).contains(lines[place][$0]) }) else {
                return nil
            }
            lines[place][digits] = UInt8(0x30 + chance.below(10))
        case .looseBits:
            // The last digit before the padding has bits that mean nothing to a careless reader.
            guard let padding = lines[place].firstIndex(of: UInt8(ascii: "=")) else { return nil }
            lines[place][padding - 1] &+= UInt8(1 + chance.below(3))
        case .padding:
            guard let padding = lines[place].firstIndex(of: UInt8(ascii: "=")) else { return nil }
            if chance.below(2) == 0 { lines[place].remove(at: padding) } else { lines[place].insert(0x3D, at: padding) }
        case .bit, .byte, .cut, .lostByte, .insertedByte, .letterCase, .lineEnd: return nil
        }
        return lines.flatMap { $0 }
    }

    @Test("a hundred thousand changed texts, and not one is believed")
    func changedTexts() {
        var chance = Chance(seed: 2_026)
        var counts = [Int](repeating: 0, count: Change.allCases.count)
        var believed = 0
        while counts.reduce(0, +) < 100_000 {
            let change = Change.allCases[chance.below(Change.allCases.count)]
            let number = chance.below(LedgerTamperTests.texts.count)
            let text = LedgerTamperTests.texts[number]
            guard let changed = LedgerTamperTests.apply(change, to: text, &chance), changed != text else { continue }
            counts[change.rawValue] += 1
            guard LedgerTamperTests.isBelieved(changed) else { continue }
            believed += 1
            Issue.record("proof \(number), \(change): believed as\n\(String(decoding: changed, as: UTF8.self))")
            if believed == 3 { return }
        }
        let words = Change.allCases.map { "\($0) \(counts[$0.rawValue])" }.joined(separator: ", ")
        print("rejected \(counts.reduce(0, +)) of \(counts.reduce(0, +)) changed proofs: \(words)")
    }

    /// Every record with every path, under every head, all of them from the same sound log.
    @Test("sound parts put together wrongly: records, paths and heads of one log, and not one is believed")
    func wrongParts() {
        let ledger = LedgerTamperTests.ledger
        let count = 24
        let heads = (0...count).map { ledger.signed(max(1, $0)) }
        let key = [LedgerFixture.signer.key]
        var rejected = 0
        func isBelieved(_ proof: LedgerProof) -> Bool {
            do {
                try proof.check(key)
                return true
            } catch {
                rejected += 1
                return false
            }
        }
        for head in 1...count {
            for number in 1...head {
                let sound = ledger.record(number, under: head)
                #expect(isBelieved(.inclusion(heads[head], sound)))
                for other in 1...count where other != number {
                    let moved = LedgerRecord(index: LedgerFixture.index(other), bytes: sound.bytes, path: sound.path)
                    #expect(!isBelieved(.inclusion(heads[head], moved)))
                    let bytes = ledger.records[other - 1]
                    let replaced = LedgerRecord(index: sound.index, bytes: bytes, path: sound.path)
                    #expect(!isBelieved(.inclusion(heads[head], replaced)))
                    guard other != head else { continue }
                    #expect(!isBelieved(.inclusion(heads[other], sound)), "record \(number) of \(head) under \(other)")
                }
            }
        }
        print("rejected \(rejected) proofs put together wrongly")
        #expect(rejected > 20_000)
    }
}
