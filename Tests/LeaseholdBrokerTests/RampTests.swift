import LeaseholdBroker
import LeaseholdModel
import Testing

@Suite("What is agreed for the parts of a lease, and what is paid for")
struct RampTests {
    /// Two parts from now on and in an hour, for two hours, with something agreed for the later one.
    private func ramp(_ registry: Registry, clause: String?) -> Request {
        let now = registry.clock.calendar
        return .createLease(
            LeaseTerms(
                tenant: "acme", unit: .gpu, count: 8, kinds: [], end: .after(.hours(2)), onSilence: .fence,
                steps: [
                    LeaseStep(count: 4, at: now),
                    LeaseStep(count: 8, at: now + .hours(1), fee: Money(text: "1.99USD"), clause: clause),
                ]))
    }

    private func granted(_ clause: String?) throws -> (registry: Registry, granted: LeaseGranted) {
        var registry = Registry(.site())
        registry.ask(ramp(registry, clause: clause))
        guard case .leaseGranted(let granted) = try #require(registry.log.last).record else {
            throw Registry.NotGranted(reply: registry.ask(ramp(registry, clause: clause)))
        }
        return (registry, granted)
    }

    @Test("a record has terms for every part or for none")
    func termsOfARecord() throws {
        let (_, granted) = try granted("4.2b")
        let agreed = StepTerms(fee: Money(text: "1.99USD"), clause: "4.2b")
        #expect(granted.terms == [.none, agreed])
        let registry = Registry(.site())
        let some: [(terms: [StepTerms], isAllowed: Bool)] = [
            ([], true), ([agreed, agreed], true), ([agreed], false), ([.none, .none, .none], false),
        ]
        for (terms, isAllowed) in some {
            let changed = LeaseGranted(
                tenant: granted.tenant, unit: granted.unit, count: granted.count, kinds: granted.kinds,
                onSilence: granted.onSilence, silenceClass: granted.silenceClass, first: granted.first,
                further: granted.further, terms: terms, begun: nil)
            let entry = LogEntry(
                index: registry.book.head.next, at: registry.clock.calendar, principal: .coordinator, request: nil,
                record: .leaseGranted(changed))
            #expect((registry.book.objection(to: entry) == nil) == isAllowed, "\(terms.count) terms")
        }
    }

    @Test("books that differ only in what is agreed have different digests")
    func digests() throws {
        let digests = try ["4.2b", "4.2c", nil].map { try granted($0).registry.book.digest() }
        #expect(Set(digests).count == 3)
        #expect(try granted("4.2b").registry.book.digest() == digests[0])
    }

    @Test(
        "a clause that cannot be is refused with its field",
        arguments: ["", "4\n2", String(repeating: "n", count: Limits.clauseByteCountMax + 1)])
    func badClause(clause: String) {
        var registry = Registry(.site())
        let expected = "1 to 63 bytes of printable text on one line"
        #expect(
            registry.ask(ramp(registry, clause: clause))
                == .refused(
                    .invalid(field: "steps[1].clause", value: clause.debugDescription, expected: expected)))
    }

    @Test("the largest fleet over the longest term, in two parts, is counted to the millisecond")
    func largestUnits() {
        let registry = Registry(.site(gpus: 16))
        let placements = Array(
            repeating: Placement(node: NodeID(rawValue: 0), gpus: .first(16)), count: Limits.nodeCountMax)
        let now = registry.clock.calendar
        let part = LeasePart(startsAt: now, endsAt: now + Limits.termMax, watts: .zero, placements: placements)
        // 320,000 nodes of 16 GPUs for 316,224,000 s.
        #expect(
            registry.book.units(of: [part, part])
                == [QuotedUnits(kind: "H100", gpuMilliseconds: 2 * 1_619_066_880_000_000_000)])
    }

    @Test("a quarter of a GPU for an hour and a bit is 900,000 and a bit, and CPU alone is nothing")
    func smallUnits() {
        let registry = Registry(.site())
        let now = registry.clock.calendar
        let cpu = NodeUse(cpu: Millicores(500), memory: .zero)
        let share = NodeUse(share: 250, cpu: .zero, memory: .zero)
        let units = registry.book.units(of: [
            LeasePart(
                startsAt: now, endsAt: now + .hours(1) + .milliseconds(7), watts: .zero,
                placements: [Placement(node: NodeID(rawValue: 0), gpus: .first(1), use: share)]),
            LeasePart(
                startsAt: now, endsAt: now + .hours(1), watts: .zero,
                placements: [Placement(node: NodeID(rawValue: 0), gpus: .none, use: cpu)]),
        ])
        #expect(units == [QuotedUnits(kind: "H100", gpuMilliseconds: 900_001)])
        #expect(registry.book.units(of: []) == [])
    }
}
