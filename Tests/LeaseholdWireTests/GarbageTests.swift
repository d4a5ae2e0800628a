import LeaseholdModel
import LeaseholdWire
import Testing

/// Whatever arrives, the decoder gives a message or a complaint; what it took, it can say again.
@Suite("Garbage")
struct GarbageTests {
    private static let seed: UInt64 = 20_260_501
    private static let kinds = Set(Samples.all.map { WireCodec.encode($0, correlation: 0)[6] }).sorted()

    @Test("100,000 inputs of noise, forged frames and bent payloads are taken or complained about")
    func garbageIsTakenOrComplainedAbout() {
        var chance = SeededGenerator(seed: Self.seed)
        let frames = Samples.all.map { WireCodec.encode($0, correlation: 1) }
        var takenCount = 0
        for round in 0..<100_000 {
            let input: [UInt8]
            switch round % 4 {
            case 0: input = Self.noise(&chance, countMax: 200)
            case 1:
                input =
                    HandmadeFrame(
                        kind: Self.kinds[Int.random(in: 0..<Self.kinds.count, using: &chance)],
                        payload: Self.noise(&chance, countMax: 60)
                    ).bytes
            default:
                let frame = frames[Int.random(in: 0..<frames.count, using: &chance)]
                input =
                    HandmadeFrame(kind: frame[6], payload: Self.bent(Array(frame[32...]), &chance)).bytes
            }
            let outcome = decoded(input)
            takenCount += outcome.messages.count
            for message in outcome.messages {
                let again = decoded(WireCodec.encode(message, correlation: 1))
                if again.messages.map(\.withoutBodyHash) != [message.withoutBodyHash] {
                    Issue.record("seed \(Self.seed), round \(round): \(message) came back as \(again)")
                }
            }
        }
        // Enough of it was good enough to be believed; otherwise this test asks too little.
        #expect(takenCount > 5_000)
    }

    @Test("50,000 bent lines of JSON are taken or complained about")
    func bentLinesAreTakenOrComplainedAbout() {
        var chance = SeededGenerator(seed: Self.seed)
        let lines = Samples.requests.map { Array(WireJSON.line(for: $0, id: Samples.id).utf8) }
        var takenCount = 0
        for round in 0..<50_000 {
            let bent = Self.bent(lines[Int.random(in: 0..<lines.count, using: &chance)], &chance)
            do {
                let taken = try WireJSON.request(fromLine: String(decoding: bent, as: UTF8.self))
                let again = try WireJSON.request(fromLine: WireJSON.line(for: taken.request, id: taken.id))
                if again != taken { Issue.record("seed \(Self.seed), round \(round): \(taken) came back as \(again)") }
                takenCount += 1
            } catch {
                if error.field.isEmpty || error.expected.isEmpty { Issue.record("round \(round): \(error)") }
            }
        }
        #expect(takenCount > 1_000)
    }

    private static func noise(_ chance: inout SeededGenerator, countMax: Int) -> [UInt8] {
        (0..<Int.random(in: 0...countMax, using: &chance)).map { _ in UInt8.random(in: .min ... .max, using: &chance) }
    }

    /// Bytes with one to three of them changed, left out or put in.
    private static func bent(_ bytes: [UInt8], _ chance: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &chance) where !bytes.isEmpty {
            let position = Int.random(in: 0..<bytes.count, using: &chance)
            switch Int.random(in: 0..<4, using: &chance) {
            case 0: bytes[position] = UInt8.random(in: .min ... .max, using: &chance)
            case 1: bytes.remove(at: position)
            case 2: bytes.insert(UInt8.random(in: .min ... .max, using: &chance), at: position)
            default: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
            }
        }
        return bytes
    }
}
