import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("the guard")
struct GuardMachineTests {
    let agent = ConnectionID(rawValue: 1)
    let process = TenantProcessID(rawValue: 100)
    var machine = GuardMachine()

    @Test("a start arms the deadline and launches the work")
    mutating func startLaunches() {
        #expect(order(.start(grant(1), deadline: at(10)), at: 0) == [.launch(grant(1), notAfter: at(10))])
        #expect(machine.nextDeadline == at(10))
        #expect(tell(.launched(grant(1), process: process), at: 1) == [.answer(agent, .started(grant(1)))])
    }

    @Test("a start whose deadline has passed fails, however long the agent was asleep in between")
    mutating func lateStartFails() {
        let effects = order(.start(grant(1), deadline: at(10)), at: 10)
        #expect(effects == [.answer(agent, .startRefused(grant(1), .deadlinePassed))])
    }

    @Test("work launched after its deadline is ended at once")
    mutating func lateLaunchEnds() {
        _ = order(.start(grant(1), deadline: at(10)), at: 0)
        #expect(tell(.launched(grant(1), process: process), at: 10) == [.kill(process)])
    }

    @Test("at the deadline the work is killed, then wiped, then told")
    mutating func deadlineFences() {
        run(grant(1), until: 10)
        #expect(tell(.deadlineReached, at: 9) == [])
        #expect(tell(.deadlineReached, at: 10) == [.kill(process)])
        #expect(tell(.exited(process), at: 10) == [.vacate(grant(1), isFence: true)])
        #expect(tell(.vacated(grant(1)), at: 10) == [.answer(agent, .fenced(grant(1)))])
        #expect(machine.isEmpty)
    }

    @Test("how long ends take is counted from the deadline or the order until all is off, and told to every agent (L5)")
    mutating func evictionTimes() {
        run(grant(1), until: 10)
        // The guard itself was late.
        #expect(evictions(.deadlineReached, at: 12) == [])
        #expect(evictions(.exited(process), at: 13) == [])
        let first = EvictionTimes(count: 1, slowest: .seconds(5))
        #expect(evictions(.vacated(grant(1)), at: 15) == [first])
        run(grant(2, gpus: 0b10), until: 40)
        _ = order(.retire(grant(2, gpus: 0b10)), at: 20)
        _ = tell(.exited(process), at: 21)
        let second = EvictionTimes(count: 2, slowest: .seconds(5))
        #expect(evictions(.vacated(grant(2, gpus: 0b10)), at: 22) == [second])
        // What it never held, and what never began, took no time to end.
        _ = order(.retire(grant(3, gpus: 0b100)), at: 23)
        #expect(evictions(.vacated(grant(3, gpus: 0b100)), at: 33) == [])
        _ = order(.start(grant(4, gpus: 0b1000), deadline: at(60)), at: 34)
        _ = tell(.launchFailed(grant(4, gpus: 0b1000), .deviceFailed), at: 35)
        #expect(evictions(.vacated(grant(4, gpus: 0b1000)), at: 50) == [])
        let newer = ConnectionID(rawValue: 2)
        _ = tell(.agentConnected(newer), at: 51)
        #expect(evictions(.ordered(newer, .list), at: 51) == [second])
    }

    @Test("an end that takes longer than K is told before it is over, once (L5)")
    mutating func lateEnd() {
        run(grant(1), until: 10)
        _ = tell(.deadlineReached, at: 10)
        _ = tell(.exited(process), at: 10)
        #expect(machine.nextDeadline == at(20))
        #expect(evictions(.deadlineReached, at: 20) == [EvictionTimes(count: 1, slowest: .seconds(10))])
        #expect(evictions(.deadlineReached, at: 21) == [] && machine.nextDeadline == .never)
        #expect(evictions(.vacated(grant(1)), at: 30) == [EvictionTimes(count: 1, slowest: .seconds(20))])
        #expect(machine.isFenced(grant(1)) && !machine.isFenced(grant(2)))
    }

    @Test("a deadline that is over while its work is not off is known until it is (L6)")
    mutating func unended() {
        let tenants = GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: grant(1).lease, epoch: grant(1).epoch, gpus: .only(0))
        _ = order(.start(tenants, deadline: at(10)), at: 0)
        // Work that others have started has no process of the guard's.
        _ = tell(.launched(tenants, process: nil), at: 0)
        #expect(machine.firstUnended == .never)
        #expect(tell(.deadlineReached, at: 10) == [.vacate(tenants, isFence: true)])
        #expect(machine.firstUnended == at(10))
        _ = tell(.vacated(tenants), at: 19)
        #expect(machine.firstUnended == .never)
        run(grant(2, gpus: 0b10), until: 40)
        _ = order(.retire(grant(2, gpus: 0b10)), at: 20)
        #expect(machine.firstUnended == at(40))
    }

    @Test("a list that is too long for one answer comes in pieces, the last of them named")
    mutating func longList() {
        for slot in 0..<UInt32(Limits.holdsPerAnswerCountMax + 1) {
            let held = GuardedGrant(
                slot: NodeSlot(rawValue: slot), lease: grant(1).lease, epoch: grant(1).epoch, gpus: .only(0))
            _ = order(.start(held, deadline: at(10)), at: 0)
        }
        let answers = order(.list, at: 1)
        let sizes = answers.compactMap { effect -> [Int]? in
            guard case .answer(agent, .holds(let holds, let areLast, _)) = effect else { return nil }
            return [holds.count, areLast ? 1 : 0]
        }
        #expect(sizes == [[Limits.holdsPerAnswerCountMax, 0], [1, 1]])
    }

    @Test("the deadline fences though the agent is gone")
    mutating func deadlineFencesAlone() {
        run(grant(1), until: 10)
        _ = tell(.agentDisconnected(agent), at: 2)
        #expect(tell(.deadlineReached, at: 10) == [.kill(process)])
        #expect(tell(.exited(process), at: 10) == [.vacate(grant(1), isFence: true)])
        #expect(tell(.vacated(grant(1)), at: 10) == [])
    }

    @Test("what was fenced and does not start again is fenced as before, so that its room is kept empty")
    mutating func fencedStaysFenced() {
        run(grant(1), until: 10)
        _ = tell(.deadlineReached, at: 10)
        _ = tell(.exited(process), at: 10)
        _ = tell(.vacated(grant(1)), at: 10)
        for reason in [StartRefusal.partitionBusy, .deviceFailed] {
            #expect(order(.start(grant(1), deadline: at(20)), at: 11) == [.launch(grant(1), notAfter: at(20))])
            let refused = GuardEffect.answer(agent, .startRefused(grant(1), reason))
            #expect(tell(.launchFailed(grant(1), reason), at: 11) == [refused])
            #expect(machine.isFenced(grant(1)) && machine.nextDeadline == .never)
        }
        // One that is given back meanwhile is cleared like any other.
        _ = order(.start(grant(1), deadline: at(20)), at: 12)
        #expect(order(.retire(grant(1)), at: 12) == [])
        #expect(tell(.launchFailed(grant(1), .partitionBusy), at: 12) == [.vacate(grant(1), isFence: false)])
    }

    @Test("a renewal moves the deadline later and never earlier")
    mutating func renewalOnlyExtends() {
        run(grant(1), until: 10)
        _ = order(.renew(grant(1), deadline: at(20)), at: 5)
        _ = order(.renew(grant(1), deadline: at(15)), at: 6)
        #expect(machine.nextDeadline == at(20))
    }

    @Test("a renewal that arrives while the work is being killed does not bring it back")
    mutating func renewalDoesNotRevive() {
        run(grant(1), until: 10)
        _ = tell(.deadlineReached, at: 10)
        #expect(order(.renew(grant(1), deadline: at(20)), at: 10) == [])
        #expect(tell(.exited(process), at: 11) == [.vacate(grant(1), isFence: true)])
    }

    @Test("a process that does not die is killed again")
    mutating func killedAgain() {
        run(grant(1), until: 10)
        _ = tell(.deadlineReached, at: 10)
        #expect(tell(.deadlineReached, at: 11).contains(.kill(process)))
    }

    @Test("two grants never share a GPU")
    mutating func noTwoHolders() {
        run(grant(1), until: 10)
        let effects = order(.start(grant(2), deadline: at(20)), at: 1)
        #expect(effects == [.answer(agent, .startRefused(grant(2), .partitionBusy))])
    }

    @Test("while a grant is being fenced its GPUs are still taken")
    mutating func fencingIsTaken() {
        run(grant(1), until: 10)
        _ = tell(.deadlineReached, at: 10)
        _ = tell(.exited(process), at: 10)
        let effects = order(.start(grant(2), deadline: at(20)), at: 10)
        #expect(effects == [.answer(agent, .startRefused(grant(2), .partitionBusy))])
    }

    @Test("a fenced grant makes room for a higher epoch, not for a lower one")
    mutating func fencedMakesRoom() {
        run(grant(2), until: 10)
        fence(grant(2), at: 10)
        #expect(
            order(.start(grant(1), deadline: at(20)), at: 10)
                == [.answer(agent, .startRefused(grant(1), .partitionBusy))])
        #expect(order(.start(grant(3), deadline: at(20)), at: 10) == [.launch(grant(3), notAfter: at(20))])
    }

    @Test("a fenced grant is started again under its own epoch")
    mutating func fencedStartsAgain() {
        run(grant(1), until: 10)
        fence(grant(1), at: 10)
        #expect(order(.start(grant(1), deadline: at(30)), at: 20) == [.launch(grant(1), notAfter: at(30))])
    }

    @Test("a retirement ends running work and is told after the wipe")
    mutating func retireRunning() {
        run(grant(1), until: 10)
        #expect(order(.retire(grant(1)), at: 1) == [.kill(process)])
        #expect(tell(.exited(process), at: 1) == [.vacate(grant(1), isFence: false)])
        #expect(tell(.vacated(grant(1)), at: 1) == [.answer(agent, .retired(grant(1)))])
    }

    @Test("a retirement during the launch waits for the launch to end")
    mutating func retireLaunching() {
        _ = order(.start(grant(1), deadline: at(10)), at: 0)
        #expect(order(.retire(grant(1)), at: 0) == [])
        #expect(tell(.launched(grant(1), process: process), at: 0) == [.kill(process)])
    }

    @Test("a retirement of what was never here is told once the devices are wiped of it")
    mutating func retireUnknown() {
        #expect(order(.retire(grant(1)), at: 0) == [.vacate(grant(1), isFence: false)])
        #expect(tell(.vacated(grant(1)), at: 0) == [.answer(agent, .retired(grant(1)))])
    }

    @Test("a retirement of an old epoch leaves the newer grant on the same GPU alone")
    mutating func retireOldEpoch() {
        run(grant(2), until: 10)
        #expect(order(.retire(grant(1)), at: 1) == [.answer(agent, .retired(grant(1)))])
        #expect(machine.runningCount == 1)
    }

    @Test("a newer agent replaces the older, whose orders are no longer heard")
    mutating func newAgentReplaces() {
        run(grant(1), until: 10)
        let newer = ConnectionID(rawValue: 2)
        #expect(tell(.agentConnected(newer), at: 1) == [.close(agent)])
        #expect(order(.retire(grant(1)), at: 1) == [])
    }

    @Test("work that ends by itself is started again with the next renewal")
    mutating func exitedWorkRestarts() {
        run(grant(1), until: 10)
        _ = tell(.exited(process), at: 1)
        #expect(order(.renew(grant(1), deadline: at(20)), at: 2) == [.launch(grant(1), notAfter: at(20))])
    }

    @Test("a launch that fails leaves no mark behind, and only then the agent hears why")
    mutating func failedLaunchVacates() {
        _ = order(.start(grant(1), deadline: at(10)), at: 0)
        #expect(tell(.launchFailed(grant(1), .deviceFailed), at: 0) == [.vacate(grant(1), isFence: false)])
        #expect(tell(.vacated(grant(1)), at: 0) == [.answer(agent, .startRefused(grant(1), .deviceFailed))])
    }

    @Test("a renewal of what is not held tells the agent to start it anew")
    mutating func renewalOfNothing() {
        let effects = order(.renew(grant(1), deadline: at(10)), at: 0)
        #expect(effects == [.answer(agent, .startRefused(grant(1), .deadlinePassed))])
    }

    @Test("a drain ends every tenant's work and starts none")
    mutating func drainEnds() {
        run(grant(1), until: 10)
        #expect(tell(.drainRequested, at: 1) == [.kill(process)])
        let effects = order(.start(grant(3, gpus: 0b10), deadline: at(20)), at: 1)
        #expect(effects == [.answer(agent, .startRefused(grant(3, gpus: 0b10), .deadlinePassed))])
    }

    @Test("holds of slices of one GPU run beside each other and are fenced each for itself; a whole GPU waits for both")
    mutating func slicesBeside() {
        let (lower, upper) = (sliced(1, 0x0F), sliced(2, 0xF0))
        run(lower, until: 10)
        #expect(order(.start(upper, deadline: at(20)), at: 0) == [.launch(upper, notAfter: at(20))])
        let other = TenantProcessID(rawValue: 101)
        #expect(tell(.launched(upper, process: other), at: 0) == [.answer(agent, .started(upper))])
        let whole = order(.start(grant(3), deadline: at(20)), at: 1)
        #expect(whole == [.answer(agent, .startRefused(grant(3), .partitionBusy))])
        #expect(tell(.deadlineReached, at: 10) == [.kill(process)])
        #expect(tell(.exited(process), at: 10) == [.vacate(lower, isFence: true)])
        #expect(tell(.vacated(lower), at: 10) == [.answer(agent, .fenced(lower))])
        #expect(machine.runningCount == 1)
        #expect(
            order(.start(sliced(4, 0x03), deadline: at(20)), at: 11) == [.launch(sliced(4, 0x03), notAfter: at(20))])
    }

    // MARK: Words of the tests

    func sliced(_ number: UInt64, _ mask: UInt64) -> GuardedGrant {
        let whole = grant(number)
        return GuardedGrant(
            slot: whole.slot, lease: whole.lease, epoch: whole.epoch, gpus: whole.gpus,
            cut: .unnamed(SliceSet(low: mask)))
    }

    func at(_ seconds: Int64) -> BootInstant { .zero + .seconds(seconds) }

    func grant(_ number: UInt64, gpus: UInt16 = 0b1) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: number),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: number)), gpus: GPUSet(bits: gpus))
    }

    mutating func tell(_ event: GuardEvent, at seconds: Int64) -> [GuardEffect] {
        var effects: [GuardEffect] = []
        machine.handle(
            event, at: Now(boot: at(seconds), calendar: CalendarInstant(nanoseconds: 0)), into: &effects)
        return effects.filter {
            switch $0 {
            case .note, .answer(_, .evicted): false
            case .answer, .launch, .kill, .vacate, .close: true
            }
        }
    }

    /// What is said of the ends of work after an event, besides all else.
    private mutating func evictions(_ event: GuardEvent, at seconds: Int64) -> [EvictionTimes] {
        var effects: [GuardEffect] = []
        machine.handle(
            event, at: Now(boot: at(seconds), calendar: CalendarInstant(nanoseconds: 0)), into: &effects)
        return effects.compactMap { if case .answer(_, .evicted(grant(1).slot, let times)) = $0 { times } else { nil } }
    }

    mutating func order(_ order: GuardOrder, at seconds: Int64) -> [GuardEffect] {
        if machine == GuardMachine() { _ = tell(.agentConnected(agent), at: seconds) }
        return tell(.ordered(agent, order), at: seconds)
    }

    mutating func run(_ grant: GuardedGrant, until deadline: Int64) {
        _ = order(.start(grant, deadline: at(deadline)), at: 0)
        _ = tell(.launched(grant, process: process), at: 0)
    }

    mutating func fence(_ grant: GuardedGrant, at seconds: Int64) {
        _ = tell(.deadlineReached, at: seconds)
        _ = tell(.exited(process), at: seconds)
        _ = tell(.vacated(grant), at: seconds)
    }
}
