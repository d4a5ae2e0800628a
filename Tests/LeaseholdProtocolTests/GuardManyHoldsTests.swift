import LeaseholdModel
import LeaseholdProtocol
import Testing

/// A guard of many nodes: each hold is found among all the others, whatever the order in which they came.
@Suite("the guard of a whole site")
struct GuardManyHoldsTests {
    private static let slotCount: UInt32 = 40
    private static let perSlot: UInt16 = 8
    private let agent = ConnectionID(rawValue: 1)
    private var machine = GuardMachine()

    /// A grant of one GPU for each GPU of each node, in an order that is none: steps of 7 around a ring of 320.
    private var grants: [GuardedGrant] {
        let count = UInt64(GuardManyHoldsTests.slotCount) * UInt64(GuardManyHoldsTests.perSlot)
        return (0..<count).map { $0 * 7 % count }.map { number in
            grant(UInt32(number % UInt64(GuardManyHoldsTests.slotCount)), lease: number + 1, round: 1)
        }
    }

    private func grant(_ slot: UInt32, lease: UInt64, round: UInt64) -> GuardedGrant {
        let gpu = Int((lease - 1) / UInt64(GuardManyHoldsTests.slotCount)) % Int(GuardManyHoldsTests.perSlot)
        let lease = lease + (round - 1) * 1_000
        return GuardedGrant(
            slot: NodeSlot(rawValue: slot), lease: LeaseID(rawValue: lease),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: lease)), gpus: .only(gpu))
    }

    @Test("each of many holds is started, renewed, told busy to another, and retired, by its own name alone")
    mutating func eachByName() {
        _ = tell(.agentConnected(agent))
        for grant in grants { start(grant) }
        #expect(machine.runningCount == grants.count)
        for grant in grants {
            let other = self.grant(grant.slot.rawValue, lease: grant.lease.rawValue, round: 2)
            #expect(order(.start(other, deadline: at(10))) == [.answer(agent, .startRefused(other, .partitionBusy))])
            let stranger = GuardedGrant(
                slot: grant.slot, lease: grant.lease, epoch: Epoch(reign: Reign(rawValue: 2), index: .zero),
                gpus: grant.gpus)
            #expect(
                order(.renew(stranger, deadline: at(20))) == [.answer(agent, .startRefused(stranger, .deadlinePassed))])
            #expect(order(.renew(grant, deadline: at(20))) == [])
        }
        #expect(machine.nextDeadline == at(20))
        for (count, grant) in grants.enumerated() {
            #expect(order(.retire(grant)) == [.vacate(grant, isFence: false)])
            #expect(tell(.vacated(grant)) == [.answer(agent, .retired(grant))])
            #expect(machine.runningCount == grants.count - count - 1)
        }
        #expect(machine.nextDeadline == .never)
        #expect(order(.list) == [.answer(agent, .holds([], areLast: true))])
    }

    @Test("many fenced holds each give way to the newer grant of their own GPU, and to no other's")
    mutating func eachGivesWay() {
        _ = tell(.agentConnected(agent))
        for grant in grants { start(grant) }
        _ = tell(.deadlineReached, at: 10)
        for grant in grants { #expect(tell(.vacated(grant), at: 10) == [.answer(agent, .fenced(grant))]) }
        #expect(machine.isEmpty)
        let newer = grants.map { grant($0.slot.rawValue, lease: $0.lease.rawValue, round: 2) }
        for (count, grant) in newer.enumerated() {
            start(grant, until: 30, at: 11)
            // One that is still held is fenced and stays so; one that is forgotten would be refused.
            for neighbour in grants[(count + 1)...] where neighbour.slot == grant.slot {
                #expect(order(.renew(neighbour, deadline: at(40)), at: 11) == [])
            }
        }
        #expect(machine.runningCount == grants.count)
        // The older ones are forgotten: a late retirement of one finds the newer in its place.
        for grant in grants { #expect(order(.retire(grant), at: 12) == [.answer(agent, .retired(grant))]) }
        #expect(machine.runningCount == grants.count)
    }

    // MARK: Words of the tests

    private func at(_ seconds: Int64) -> BootInstant { .zero + .seconds(seconds) }

    private func fresh() -> GuardMachine {
        var machine = GuardMachine()
        var effects: [GuardEffect] = []
        let now = Now(boot: at(0), calendar: CalendarInstant(nanoseconds: 0))
        machine.handle(.agentConnected(agent), at: now, into: &effects)
        return machine
    }

    private mutating func tell(_ event: GuardEvent, at seconds: Int64 = 0) -> [GuardEffect] {
        var effects: [GuardEffect] = []
        machine.handle(event, at: Now(boot: at(seconds), calendar: CalendarInstant(nanoseconds: 0)), into: &effects)
        return effects.filter { if case .answer(_, .evicted) = $0 { false } else { true } }
    }

    private mutating func order(_ order: GuardOrder, at seconds: Int64 = 0) -> [GuardEffect] {
        tell(.ordered(agent, order), at: seconds)
    }

    private mutating func start(_ grant: GuardedGrant, until deadline: Int64 = 10, at seconds: Int64 = 0) {
        let launch = GuardEffect.launch(grant, notAfter: at(deadline))
        #expect(order(.start(grant, deadline: at(deadline)), at: seconds) == [launch])
        #expect(tell(.launched(grant, process: nil), at: seconds) == [.answer(agent, .started(grant))])
    }
}
