import LeaseholdDevices
import LeaseholdModel
import LeaseholdWire

/// A client in the fake world: asks, waits, asks again with the same id, and remembers what it was told.
final class ClientProcess: SimulatedProcess {
    private enum Part {
        /// The provider's people: they make the fleet and the tenants, and look after the nodes.
        case provider
        /// A tenant, who leases and gives back.
        case tenant(String)
    }

    private let part: Part
    private let principal: Principal
    private let coordinator: CoordinatorProcess
    private let history: History
    private var link: Link?
    private var isWelcome = false
    /// Numbers in the history of what waits for an answer; the correlation on the wire is the number.
    private var waiting: [Int] = []
    /// Leases that were granted and, as far as it knows, not given back.
    private var held: [LeaseID] = []
    private var isCalm = false
    /// What has to be made before anything else, one after the other.
    private var beginnings: [Request] = []
    private static let waitingCountMax = 3
    private static let patience = Span.seconds(2)

    static func provider(
        on host: Host, _ coordinator: CoordinatorProcess, _ history: History, in world: World
    ) -> ClientProcess {
        ClientProcess(
            "provider", .provider, Principal(role: .operator, name: "ops"), on: host, coordinator, history, in: world)
    }

    static func tenant(
        _ number: Int, on host: Host, _ coordinator: CoordinatorProcess, _ history: History, in world: World
    ) -> ClientProcess {
        let name = "tenant-\(number)"
        return ClientProcess(
            name, .tenant(name), Principal(role: .tenant, name: name), on: host, coordinator, history, in: world)
    }

    private init(
        _ name: String, _ part: Part, _ principal: Principal, on host: Host, _ coordinator: CoordinatorProcess,
        _ history: History, in world: World
    ) {
        self.part = part
        self.principal = principal
        self.coordinator = coordinator
        self.history = history
        super.init(name, on: host, in: world)
    }

    override func began() {
        dial()
        switch part {
        case .provider: setUp()
        case .tenant: break
        }
        think()
    }

    /// No new wishes; what is held is given back.
    func calm() {
        isCalm = true
        for lease in held { ask(.releaseLease(lease)) }
        held = []
        guard case .provider = part else { return }
        for shape in world.weather.fleet.shapes { ask(.uncordonNode(name: shape.path)) }
    }

    // MARK: Wishes

    /// The fleet in its parts, then the tenants.
    private func setUp() {
        beginnings = world.weather.fleet.declaration.parts(importHash: 1).map { .importFleet($0) }
        for tenant in 0..<world.weather.tenantCount {
            beginnings.append(
                .createTenant(name: "tenant-\(tenant)", quota: UInt32(4 + world.chance.below(40))))
        }
        beginNext()
    }

    private func beginNext() {
        guard !beginnings.isEmpty else { return }
        ask(beginnings.removeFirst())
    }

    private func think() {
        let mean = world.weather.thinkTime
        after(world.chance.span(mean / 2, mean * 3 / 2)) { [unowned self] in
            if !isCalm, beginnings.isEmpty, waiting.count < ClientProcess.waitingCountMax { ask(wish()) }
            think()
        }
    }

    private func wish() -> Request {
        switch part {
        case .provider: providersWish()
        case .tenant(let name): tenantsWish(name)
        }
    }

    private func providersWish() -> Request {
        let node = world.chance.pick(world.weather.fleet.shapes)?.path ?? ""
        return switch world.chance.below(10) {
        case 0: .cordonNode(name: node)
        case 1...3: .uncordonNode(name: node)
        case 4:
            .setQuota(
                tenant: "tenant-\(world.chance.below(world.weather.tenantCount))",
                quota: UInt32(world.chance.below(60)))
        case 5: .status
        case 6: .showNode(name: node)
        default: .listLeases(Page(after: nil, countMax: 50), LeaseFilter(tenant: nil, includesEnded: false))
        }
    }

    private func tenantsWish(_ name: String) -> Request {
        if !held.isEmpty, world.chance.percent(35) {
            return .releaseLease(held.remove(at: world.chance.below(held.count)))
        }
        if !held.isEmpty, world.chance.percent(12) {
            let lease = held[world.chance.below(held.count)]
            return world.chance.percent(70)
                ? .extendLease(lease, to: .after(world.chance.span(.seconds(1), .seconds(20))))
                : .cancelLease(lease)
        }
        if !held.isEmpty, world.chance.percent(10) {
            let lease = held[world.chance.below(held.count)]
            return world.chance.percent(50) ? .showLease(lease) : .explainLease(lease)
        }
        if !held.isEmpty, world.chance.percent(10) {
            return .resizeLease(held[world.chance.below(held.count)], count: UInt32(1 + world.chance.below(6)))
        }
        if world.chance.percent(20) { return sliceWish(name) }
        let unit: LeaseUnit = world.chance.percent(75) ? .gpu : world.chance.percent(80) ? .node : .site
        let most = unit == .gpu ? world.weather.fleet.shapes[0].gpuCount * 2 : 2
        let count = unit == .site ? 1 : UInt32(1 + world.chance.below(most))
        let start = wishedStart()
        var steps: [LeaseStep] = []
        if count > 1, case .at(let instant) = start, world.chance.percent(40) {
            steps = [LeaseStep(count: 1, at: instant), LeaseStep(count: count, at: instant + .milliseconds(500))]
        }
        return .createLease(
            LeaseTerms(
                tenant: name, unit: unit, count: count, kinds: [], start: start,
                end: .after(world.chance.longTailed(.seconds(1), .seconds(60))),
                onSilence: world.chance.percent(50) ? .fence : .keep, steps: steps,
                waitlist: steps.isEmpty && world.chance.percent(40)
                    ? world.chance.longTailed(.seconds(2), .seconds(90)) : nil))
    }

    /// A few slices, which lie wherever they fit best.
    private func sliceWish(_ name: String) -> Request {
        let profile = world.chance.pick(world.weather.fleet.kind.profiles)
        return .createLease(
            LeaseTerms(
                tenant: name, unit: .slice, count: UInt32(1 + world.chance.below(4)), kinds: [],
                shape: UnitShape(profile: profile?.name), start: wishedStart(),
                end: .after(world.chance.longTailed(.seconds(1), .seconds(60))),
                onSilence: world.chance.percent(50) ? .fence : .keep,
                waitlist: world.chance.percent(40) ? world.chance.longTailed(.seconds(2), .seconds(90)) : nil))
    }

    /// Mostly at once; else a little later, or as soon as there is room.
    private func wishedStart() -> LeaseStart {
        switch world.chance.below(10) {
        case 0...5: .now
        case 6...7: .at(host.now.calendar + world.chance.span(.seconds(1), .seconds(40)))
        default: .soonest
        }
    }

    // MARK: Asking

    private func ask(_ request: Request) {
        let chance = (world.chance.next(), world.chance.next())
        let id = request.isChange ? RequestID(at: host.now.calendar, chance: chance) : nil
        let number = history.add(principal, id, request)
        waiting.append(number)
        send(number)
    }

    private func send(_ number: Int) {
        let ask = history.asks[number]
        if let link, isWelcome {
            history.noteSent(number)
            send(.request(RequestEnvelope(id: ask.id, request: ask.request)), UInt64(number), on: link)
        }
        after(ClientProcess.patience) { [unowned self] in
            guard waiting.contains(number) else { return }
            // No answer in time: a new connection, and the same request under the same id.
            if world.chance.percent(50), let link { hangUp(link) }
            send(number)
        }
    }

    override func heard(_ message: Message, _ correlation: UInt64, on link: Link) {
        switch message {
        case .welcome:
            isWelcome = true
            for number in waiting { send(number) }
        case .reply(let reply): take(reply, to: Int(correlation), on: link)
        case .complaint(let complaint): world.tell(name, "hears a complaint: \(complaint.text)")
        case .hello, .request, .agent, .order, .guardOrder, .guardAnswer:
            world.report(.itEnds, "\(name) hears what nobody says to clients: \(message)")
        }
    }

    private func take(_ reply: Reply, to number: Int, on link: Link) {
        guard history.noteAnswer(reply, to: number, on: link.id) else { return }
        world.tell(name, "is answered: \(reply.story)")
        let isFirst = waiting.contains(number)
        waiting.removeAll { $0 == number }
        if isFirst { beginNext() }
        if isFirst, case .granted(let view) = reply {
            if isCalm { ask(.releaseLease(view.lease)) } else { held.append(view.lease) }
        }
        if isFirst, case .waitlisted(let waiting) = reply {
            if isCalm { ask(.cancelLease(waiting.lease)) } else { held.append(waiting.lease) }
        }
        if isFirst, case .refused(.wrongState(let lease, let state, _)) = reply { tryOtherwise(lease, state) }
        // Now and then an answer is lost on its last yard, and the same request comes again.
        if isFirst, history.asks[number].request.isChange, world.chance.percent(4) { waitAgain(for: number) }
    }

    /// What has not begun is cancelled and not released.
    private func tryOtherwise(_ lease: LeaseID, _ state: LeaseState) {
        switch state {
        case .waitlisted, .confirmed: ask(.cancelLease(lease))
        case .starting, .active: ask(.releaseLease(lease))
        case .ending, .ended, .cancelled: break
        }
    }

    private func waitAgain(for number: Int) {
        after(world.chance.longTailed(.milliseconds(1), .seconds(20))) { [unowned self] in
            guard let link, isWelcome else { return }
            let ask = history.asks[number]
            history.noteSent(number)
            send(.request(RequestEnvelope(id: ask.id, request: ask.request)), UInt64(number), on: link)
        }
    }

    // MARK: The connection

    private func dial() { world.network.dial(from: self, to: coordinator, hasHello: true) }

    override func dialFailed(_ peer: SimulatedProcess) {
        after(world.chance.span(.milliseconds(50), .milliseconds(500))) { [unowned self] in dial() }
    }

    override func opened(_ link: Link) {
        self.link = link
        isWelcome = false
        let hello = Hello(
            versions: Hello.version...Hello.version, principal: principal, incarnation: Incarnation(high: 9, low: 9),
            boot: host.clock.boot, seen: nil)
        send(.hello(hello), on: link)
    }

    override func closed(_ link: Link) {
        guard self.link === link else { return }
        self.link = nil
        isWelcome = false
        dialFailed(coordinator)
    }

    private func hangUp(_ link: Link) {
        world.network.close(link, by: self)
        closed(link)
    }
}
