import LeaseholdModel
import Testing

@Suite("the vocabulary")
struct VocabularyTests {
    @Test("every refusal comes back from its parts, and says something to people and to scripts")
    func refusals() {
        var codes: Set<Refusal.Code> = []
        for refusal in samples {
            codes.insert(refusal.code)
            #expect(Refusal(parts: refusal.parts) == refusal)
            #expect(!refusal.message.isEmpty && !refusal.advice.isEmpty)
            #expect((2...7).contains(refusal.exitStatus))
            let bare = RefusalParts(code: refusal.code, words: [], numbers: [])
            #expect(Refusal(parts: bare) == nil, "\(refusal.code) needs its parts")
        }
        #expect(codes.count == Refusal.Code.allCases.count, "every code has a sample here")
    }

    private var samples: [Refusal] {
        [
            .noCapacity(asked: 8, grantable: 3, inventory: 16), .noWholeNodes(unit: .node, asked: 2, grantable: 1),
            .noPower(place: "s/h/r", limit: Watts(9_000), committed: Watts(8_000), asked: Watts(1_275)),
            .quotaExceeded(tenant: "acme", quota: 8, held: 6, asked: 3), .notFound(.node, name: "n"),
            .alreadyThere(.tenant, name: "acme"),
            .wrongState(lease: LeaseID(rawValue: 7), state: .ended, asked: "released"),
            .invalid(field: "count", value: "0", expected: "1 or more"),
            .notAllowed(principal: "tenant/acme", action: "node list"),
            .requestTooOld(age: .hours(25), window: .hours(24)),
            .requestAhead(by: .seconds(900), limit: .seconds(600)),
            .requestReused(id: RequestID(high: 1, low: 2)), .requestTableFull(limit: 5),
            .overloaded(retryAfter: .milliseconds(250)), .notServing(reason: "it is draining"),
            .historyTrimmed(oldest: RecordIndex(rawValue: 9)), .logLost(reason: "it ends at record 5"),
            .promised(lease: LeaseID(RecordIndex(rawValue: 9), part: 2), node: "s/h/r/n", until: .never),
        ]
    }

    @Test("a set of GPUs behaves like a set of numbers", arguments: [0, 1, 0b1011, 0x8001, 0xFFFF] as [UInt16])
    func gpuSets(bits: UInt16) {
        let set = GPUSet(bits: bits)
        let numbers = Set((0..<16).filter { bits >> UInt16($0) & 1 == 1 })
        #expect(Set(set.positions) == numbers)
        #expect(set.count == numbers.count)
        #expect(set.lowest(2).positions == Array(numbers.sorted().prefix(2)))
        #expect(set.subtracting(.first(4)).positions == numbers.subtracting(0..<4).sorted())
        #expect(set.intersection(.first(4)).isSubset(of: set))
    }

    @Test("a request id carries its instant in whole milliseconds, and the bits of version 7")
    func requestIDs() {
        let at = CalendarInstant(nanoseconds: 1_763_690_000_123_456_789)
        let id = RequestID(at: at, chance: (.max, .max))
        #expect(id.isVersion7)
        #expect(id.askedAt == CalendarInstant(nanoseconds: 1_763_690_000_123_000_000))
        #expect(RequestID(text: id.description) == id)
        #expect(!RequestID(high: 0, low: 0).isVersion7)
    }

    @Test("a 128-bit id is read from 32 digits, with or without dashes, in either case; from nothing else")
    func wideIDText() {
        let id = LogID(high: 0x0191_E7A0_7C3B_7D11, low: 0x8A2E_5D3C_1B2A_9F00)
        #expect(id.description == "0191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f00")
        #expect(LogID(text: "0191E7A07C3B7D118A2E5D3C1B2A9F00") == id)
        for text in [
            "", "-", "0191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f0", "0191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f000",
            "0191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f0g", "+191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f00",
        ] {
            #expect(LogID(text: text) == nil, "\(text)")
        }
        #expect(hexadecimal(0xFEDC_BA98_0000_0001) == "fedcba9800000001")
    }

    @Test("watts read back as they are written", arguments: ["300MW", "120kW", "700W", "10200W"])
    func watts(text: String) {
        let watts = Watts(text: text)
        #expect(watts.flatMap { Watts(text: $0.description) } == watts)
        #expect(watts != nil)
    }

    @Test("watts that are none are refused", arguments: ["", "W", "-1W", "5", "1.0005W", "1.2.3kW"])
    func badWatts(text: String) { #expect(Watts(text: text) == nil) }

    @Test(
        "a second has one text, and comes back from it",
        arguments: [-9_214_560_000, -1, 0, 951_782_399, 951_782_400, 1_795_235_572, 9_214_646_399] as [Int64])
    func oneTextForASecond(second: Int64) {
        let instant = CalendarInstant(nanoseconds: second * 1_000_000_000)
        #expect(CalendarInstant(rfc3339Second: instant.rfc3339) == instant)
        #expect(CalendarInstant(text: instant.rfc3339, now: .never) == instant)
    }

    @Test(
        "any other text of a second is refused",
        arguments: [
            "", "now", "2026-11-21t04:32:52Z", "2026-11-21T04:32:52z", "2026-11-21T04:32:52.0Z", "2026-11-21 04:32:52Z",
            "2026-11-21T04:32:52+00:00", "2026-02-29T04:32:52Z", "2026-11-21T24:00:00Z", "2026-11-21T04:60:52Z",
            "2026-11-21T04:32:60Z", "2026-13-21T04:32:52Z", "2026-00-21T04:32:52Z", "2026-11-00T04:32:52Z",
            "+026-11-21T04:32:52Z", "1677-11-21T04:32:52Z", "2262-01-01T00:00:00Z", " 2026-11-21T04:32:52Z",
        ])
    func otherTextsOfASecond(text: String) {
        #expect(CalendarInstant(rfc3339Second: text) == nil)
    }

    @Test("the bounds fit each other (L10)")
    func limits() {
        #expect(Limits.framePayloadByteCountMaxBeforeHello < Limits.framePayloadByteCountMaxAgent)
        #expect(Limits.framePayloadByteCountMaxAgent <= Limits.framePayloadByteCountMax)
        #expect(Limits.framePayloadByteCountMax <= Limits.framePayloadByteCountMaxReply)
        #expect(Limits.framePayloadByteCountMaxReply * 2 <= Limits.outputByteCountMax)
        #expect(Limits.nodesPerConnectionCountMax <= Limits.nodeCountMax)
        #expect(Limits.batchCountMax <= Limits.inboxQueryCountMax)
        #expect(Limits.inboxQueryCountMax <= Limits.inboxChangeCountMax)
        #expect(Limits.inboxChangeCountMax <= Limits.inboxRetirementCountMax)
        #expect(Limits.unhelloedConnectionCountMax < Limits.connectionCountMax)
        #expect(Limits.requestAheadMax < Limits.requestWindow)
        #expect(Limits.nodesPerConnectionCountMax * 2 <= Limits.inboxHeartbeatCountMax)
        #expect(Limits.batchCountMax <= Limits.inboxDetailCountMax)
        #expect(Limits.inboxDetailCountMax <= Limits.inboxQueryCountMax)
        #expect(Limits.nodeDetailByteCountMax <= Limits.framePayloadByteCountMaxAgent)
        #expect(Limits.inboxDetailCountMax * Limits.nodeDetailByteCountMax <= 96 * 1_048_576)
    }
}
