import LeaseholdModel
import LeaseholdProtocol
import LeaseholdWire

/// A process of the fake world: it is up or down, may be paused, takes batches in turns, and has connections.
///
/// One turn: take what waits, *then* read the clocks, run the machine, and a moment later carry the effects out (L5). A
/// process that dies in between has said nothing. Subclasses say what a turn is; here is only when it comes.
class SimulatedProcess {
    let name: String
    unowned let host: Host
    unowned let world: World
    private(set) var isUp = false
    /// Counts starts and ends: what was planned for an earlier life is void.
    private var life = 0
    private var pausedUntil = TrueInstant.zero
    /// The pause that begins when the next message arrives, so that it finds the message unread.
    private var pauseOnArrival: Span?
    /// Whether a turn is planned, or under way.
    private var isWoken = false
    private var isInTurn = false
    private var alarm = TrueInstant.never
    private var deadline = BootInstant.never

    init(_ name: String, on host: Host, in world: World) {
        self.name = name
        self.host = host
        self.world = world
        host.add(self)
    }

    // MARK: What a subclass fills in

    /// It has been started; everything in memory is new.
    func began() {}
    /// It is gone, with everything in memory.
    func ended() {}
    /// The machine that it ran on has lost power.
    func powerLost() {}
    /// Whether something waits for a turn.
    var hasWork: Bool { false }
    /// Takes what waits, reads the clocks, runs the machine; says when it wants the next turn at the latest.
    func turn(isDue: Bool) -> BootInstant { .never }
    /// Carries out what the turn ordered.
    func carryOut() {}
    /// Whether it takes connections.
    var isListening: Bool { false }
    func accepted(_ link: Link) {}
    func opened(_ link: Link) {}
    func dialFailed(_ peer: SimulatedProcess) {}
    func closed(_ link: Link) {}
    func heard(_ message: Message, _ correlation: UInt64, on link: Link) {}

    // MARK: Life

    final func start() {
        guard !isUp, host.isUp else { return }
        life += 1
        isUp = true
        pausedUntil = .zero
        pauseOnArrival = nil
        isWoken = false
        isInTurn = false
        alarm = .never
        deadline = .never
        world.tell(name, "starts")
        began()
    }

    /// It ends without a word; its kernel closes its connections, if there still is one.
    final func die(announced: Bool) {
        guard isUp else { return }
        life += 1
        isUp = false
        world.tell(name, "is gone")
        world.network.abandon(by: self, announced: announced)
        ended()
    }

    /// Plans something that happens only if it is still the same life then.
    final func after(_ span: Span, _ action: @escaping () -> Void) {
        let planned = life
        world.after(span) { [unowned self] in
            if life == planned { action() }
        }
    }

    /// Nothing of it runs for a while; what arrives waits.
    final func pause(for span: Span) {
        pausedUntil = max(pausedUntil, world.now + span)
        world.tell(name, "is paused for \(span.wholeMilliseconds) ms")
    }

    /// The same, from the moment when the next message arrives.
    final func pauseOnArrival(for span: Span) { pauseOnArrival = span }

    final func resume() { pausedUntil = min(pausedUntil, world.now) }

    // MARK: Turns

    /// Something waits: a turn comes soon.
    final func wake() {
        guard isUp, !isWoken else { return }
        if let span = pauseOnArrival, hasWork {
            pauseOnArrival = nil
            pause(for: span)
        }
        isWoken = true
        after(world.chance.span(.microseconds(1), .microseconds(80))) { [unowned self] in takeTurn() }
    }

    private func takeTurn() {
        guard !isInTurn else { return }
        if world.now < pausedUntil {
            after(pausedUntil - world.now) { [unowned self] in takeTurn() }
            return
        }
        let isDue = deadline <= host.now.boot
        guard isDue || hasWork else {
            isWoken = false
            arm(deadline)
            return
        }
        isInTurn = true
        let wanted = turn(isDue: isDue)
        after(world.chance.span(.microseconds(5), .microseconds(200))) { [unowned self] in endTurn(wanted) }
    }

    private func endTurn(_ wanted: BootInstant) {
        if world.now < pausedUntil {
            after(pausedUntil - world.now) { [unowned self] in endTurn(wanted) }
            return
        }
        isInTurn = false
        carryOut()
        guard isUp else { return }
        isWoken = false
        alarm = .never
        arm(wanted)
        if hasWork { wake() }
    }

    /// One alarm at the machine's next deadline.
    private func arm(_ wanted: BootInstant) {
        deadline = wanted
        let instant = max(world.now, host.clock.trueInstant(of: wanted))
        guard instant < alarm else { return }
        alarm = instant
        let planned = life
        world.at(instant) { [unowned self] in
            guard life == planned, alarm == instant else { return }
            alarm = .never
            guard !isWoken else { return }
            isWoken = true
            takeTurn()
        }
    }

    /// The rate of the boot clock has changed: the alarm is armed anew.
    final func clockChanged() {
        guard isUp, !isWoken else { return }
        alarm = .never
        arm(deadline)
    }
}

extension Span {
    /// So many microseconds.
    static func microseconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000) }
}

extension SimulatedProcess {
    /// Sends one message on a connection.
    func send(_ message: Message, _ correlation: UInt64 = 0, on link: Link) {
        if world.transcript.isTelling, let story = message.story { world.tell(name, "link \(link.id): \(story)") }
        world.network.send(WireCodec.encode(message, correlation: correlation), on: link, from: self)
    }
}
