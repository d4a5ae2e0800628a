import LeaseholdModel
import LeaseholdProtocol
import Testing

/// What an agent vouches for when a grant is over.
extension AgentMachineTests {
    private static let plan = DevicePlan([.describe, .evict, .verify])

    private mutating func read(_ used: UInt64?..., at second: Int64) {
        let meters = used.enumerated().map { MeterReading.GPU(uuid: "GPU-\($0)", used: $1.map { Millijoules($0) }) }
        let traits: NodeTraits = cut == .none ? [] : .slices
        let reading = DeviceReading(unhealthy: .none, drawn: .zero, traits: traits, meters: meters)
        bench.tell(.devicesRead([reading]), at: second)
    }

    private mutating func perform(
        _ step: DeviceStep, _ outcome: StepOutcome? = nil, of index: UInt64 = 5, at second: Int64
    ) {
        bench.tell(.performed(grant(index), step, outcome ?? .done(evidence: "\(step) seen")), at: second)
    }

    /// A grant that has run, and whose work is over by the guard's word.
    private mutating func runAndEnd(_ index: UInt64 = 5, at second: Int64) {
        bench.tell(.orderArrived(coordinator, grantOrder(index, number: 1)), at: second)
        perform(.describe, of: index, at: second)
        bench.tell(.guardAnswered(guardian, .started(grant(index))), at: second)
        bench.tell(.orderArrived(coordinator, retireOrder(index)), at: second + 1)
        bench.tell(.guardAnswered(guardian, .retired(grant(index))), at: second + 1)
    }

    /// The certificates that were told since the last look.
    private mutating func told() -> [SanitisingCertificate] {
        bench.sent(on: coordinator).compactMap {
            if case .sanitised(node, _, let certificate) = $0 { certificate } else { nil }
        }
    }

    private func time(_ second: Int64) -> CalendarInstant { CalendarInstant(nanoseconds: second * 1_000_000_000) }

    @Test("of a GPU that is shared, its part by memory slices is vouched for")
    mutating func certifiedSlices() {
        cut = SliceCut(
            SliceSet(low: 0x0F0F), as: MIGProfile(name: "3g.40gb", memorySliceCount: 4, starts: 0b0001_0001))
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        read(1_000, 70, 9, at: 2)
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 3)
        perform(.describe, at: 3)
        bench.tell(.guardAnswered(guardian, .started(grant(5))), at: 3)
        read(3_000, 75, 9, at: 4)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 5)
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 5)
        perform(.evict, at: 5)
        perform(.verify, at: 5)
        let gpus = told().flatMap(\.gpus)
        #expect(gpus.map(\.sliceCount) == [4, 4])
        #expect(gpus.map(\.energy) == [Millijoules(1_000), Millijoules(2)])
    }

    @Test("what was done and what was used is told before the retirement, and both rest on the journal")
    mutating func certified() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        read(1_000, 70, 9, at: 2)
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 3)
        perform(.describe, at: 3)
        bench.tell(.guardAnswered(guardian, .started(grant(5))), at: 3)
        read(4_000, 75, 9, at: 5)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 6)
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 6)
        // What is used while it is made clean is not the tenant's.
        read(9_000, 99, 9, at: 7)
        perform(.evict, .failed(reason: "lives on"), at: 7)
        // The coordinator goes on talking, or it would be taken for gone.
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 16)
        bench.tell(.deadlineReached, at: 17)
        perform(.evict, at: 18)
        bench.clear()
        bench.isDurable = false
        perform(.verify, at: 19)
        #expect(bench.sent(on: coordinator).isEmpty)
        bench.makeDurable()
        let expected = SanitisingCertificate(
            lease: grant(5).lease, epoch: grant(5).epoch,
            gpus: [
                CertifiedGPU(position: 0, uuid: "GPU-0", energy: Millijoules(3_000)),
                CertifiedGPU(position: 1, uuid: "GPU-1", energy: Millijoules(5)),
            ],
            window: Window(from: time(3), until: time(6)),
            steps: [
                CertifiedStep(step: .describe, doneAt: time(3), failureCount: 0, evidence: "describe seen"),
                CertifiedStep(step: .evict, doneAt: time(18), failureCount: 1, evidence: "evict seen"),
                CertifiedStep(step: .verify, doneAt: time(19), failureCount: 0, evidence: "verify seen"),
            ])
        #expect(expected.energy == Millijoules(3_005))
        #expect(
            bench.sent(on: coordinator) == [
                .sanitised(node: node, session: SessionID(rawValue: 1), expected), .retired(name(5)),
            ])
    }

    @Test("a certificate is told in each session, and after a while in the same, until the log is said to keep it")
    mutating func toldUntilKept() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        runAndEnd(at: 2)
        perform(.evict, at: 4)
        perform(.verify, at: 4)
        #expect(told().map(\.lease) == [grant(5).lease])
        // Another life of the agent, another session.
        bench.restart()
        attach(session: 2)
        read(at: 2)
        #expect(bench.machine.certificateCount == 1)
        bench.clear()
        bench.tell(.orderArrived(coordinator, renewal(of: 9, number: 1, session: 2)), at: 8)
        read(at: 8)
        #expect(told() == [])
        bench.tell(.orderArrived(coordinator, renewal(of: 9, number: 2, session: 2)), at: 11)
        read(at: 11)
        #expect(told().map(\.steps.count) == [3])
        // A word that is not about this session's node, and one about another grant, keep nothing.
        bench.tell(.orderArrived(coordinator, .certificateKept(name(5, session: 1))), at: 12)
        bench.tell(.orderArrived(coordinator, .certificateKept(name(6, session: 2))), at: 12)
        #expect(bench.machine.certificateCount == 1)
        let count = bench.journalCount
        bench.tell(.orderArrived(coordinator, .certificateKept(name(5, session: 2))), at: 12)
        bench.tell(.orderArrived(coordinator, .certificateKept(name(5, session: 2))), at: 12)
        #expect(bench.journalCount == count + 1)
        bench.restart()
        #expect(bench.machine.certificateCount == 0)
    }

    @Test("the first beat of a session tells what the one before did not hear of")
    mutating func toldAtOnce() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        runAndEnd(at: 2)
        perform(.evict, at: 4)
        bench.tell(.disconnected(coordinator), at: 4)
        perform(.verify, at: 4)
        #expect(told() == [])
        let newer = ConnectionID(rawValue: 9)
        bench.tell(.welcomeArrived(newer, welcome(reign: 1)), at: 5)
        let attached = NodeOrder.attached(node: AgentBench.path, id: node, session: SessionID(rawValue: 3))
        bench.tell(.orderArrived(newer, attached), at: 5)
        let certificates = bench.sent(on: newer).filter { if case .sanitised = $0 { true } else { false } }
        #expect(certificates.count == 1)
    }

    @Test(
        "what was not read at both ends, or is less than before, is no energy",
        arguments: [
            ([1_000, 5], [500, 6], [nil, 1]), ([nil, 5], [700, 5], [nil, 0]), ([3], [4], [1, nil]),
            ([], [4, 5], [nil, nil]),
        ] as [([UInt64?], [UInt64?], [UInt64?])])
    mutating func unmetered(first: [UInt64?], last: [UInt64?], used: [UInt64?]) throws {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        let readings = [first, last].map { values in
            DeviceReading(
                unhealthy: .none, drawn: .zero,
                meters: values.enumerated().map { MeterReading.GPU(uuid: "\($0)", used: $1.map { Millijoules($0) }) })
        }
        bench.tell(.devicesRead([readings[0]]), at: 2)
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        bench.tell(.devicesRead([readings[1]]), at: 3)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 4)
        perform(.describe, at: 4)
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 4)
        for step in [DeviceStep.evict, .verify] { perform(step, at: 5) }
        let certificate = try #require(told().last)
        #expect(certificate.gpus.map(\.energy) == used.map { $0.map { Millijoules($0) } })
        #expect(certificate.energy == nil)
    }

    @Test("a node without steps and without counters vouches for nothing")
    mutating func nothingToVouchFor() {
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        bench.tell(.guardAnswered(guardian, .started(grant(5))), at: 2)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 3)
        bench.clear()
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 3)
        #expect(bench.sent(on: coordinator) == [.retired(name(5))])
    }

    @Test("certificates that nobody takes are kept up to a bound, and the agent says which one it forgets (L10)")
    mutating func bounded() {
        bench = AgentBench(plan: DevicePlan([.verify]))
        attach()
        bench.clear()
        var alarms = 0
        for index in 5..<5 + UInt64(Limits.certificatesPerNodeCountMax) + 2 {
            bench.tell(.orderArrived(coordinator, grantOrder(index, number: 1)), at: 2)
            bench.tell(.guardAnswered(guardian, .started(grant(index))), at: 2)
            bench.tell(.orderArrived(coordinator, retireOrder(index)), at: 2)
            bench.tell(.guardAnswered(guardian, .retired(grant(index))), at: 2)
            perform(.verify, of: index, at: 2)
            alarms += bench.takeEffects().count {
                if case .immediate(.note(let note)) = $0 {
                    note.level == .alarm && note.text.contains("lease L")
                } else {
                    false
                }
            }
        }
        #expect(bench.machine.certificateCount == Limits.certificatesPerNodeCountMax && alarms == 2)
    }
}
