import LeaseholdModel
import LeaseholdWire
import Testing

/// The longest answers that the bounds allow, built of the longest names, masks and numbers.
@Suite("the largest replies (L10)")
struct LargestReplyTests {
    @Test("whatever the bounds allow fits a frame and comes back", arguments: LargestReplies.all)
    func fits(_ sample: LargestReplies.Sample) throws {
        let bytes = WireCodec.encode(.reply(sample.reply), correlation: 1)
        #expect(bytes.count <= Limits.framePayloadByteCountMaxReply, "\(sample) has \(bytes.count) bytes")
        let back = try WireCodec.decode(bytes).message
        #expect(back == .reply(sample.reply), "\(sample) comes back as something else")
    }

    @Test("whatever an agent says of a node's devices is within its bound, and so in an agent's frame")
    func detail() throws {
        let message = Message.agent(
            .detail(node: NodeID(rawValue: .max), session: SessionID(rawValue: .max), LargestReplies.detail))
        let bytes = WireCodec.encode(message, correlation: 0)
        #expect(bytes.count - 32 <= Limits.nodeDetailByteCountMax, "\(bytes.count - 32) bytes")
        #expect(Limits.nodeDetailByteCountMax <= Limits.framePayloadByteCountMaxAgent)
        #expect(try WireCodec.decode(bytes).message == message)
    }

    @Test("a reply beyond every bound is answered as a refusal, which names its length")
    func beyond() throws {
        let page = (0..<4).map { _ in LargestReplies.whole }
        let message = try WireCodec.decode(WireCodec.encode(.reply(.leases(page, next: nil)), correlation: 7)).message
        guard case .reply(.refused(let refusal)) = message else {
            Issue.record("a page of \(page.count) leases over the largest fleet went out")
            return
        }
        #expect(refusal.code == .invalid)
    }
}

enum LargestReplies {
    /// A reply with its name; the reply itself would fill the screen.
    struct Sample: CustomTestStringConvertible, CustomStringConvertible, Sendable {
        let description: String
        let reply: Reply
        var testDescription: String { description }
    }

    static let all = [
        Sample(description: "a lease over the largest fleet", reply: .lease(whole)),
        Sample(description: "its grant", reply: .granted(whole.grant)),
        Sample(description: "its quote", reply: quote),
        Sample(description: "a page with only that lease", reply: .leases([whole], next: whole.grant.lease)),
        Sample(description: "a page of leases", reply: .leases(leases, next: whole.grant.lease)),
        Sample(description: "a page of nodes", reply: .nodes(nodes, next: NodeID(rawValue: .max))),
        Sample(description: "a node with all that is said of its devices", reply: .node(detailed)),
        Sample(description: "the places of a fleet", reply: fleet),
        Sample(description: "an explanation", reply: explanation),
        Sample(
            description: "a proof",
            reply: .shown(
                LogShown(
                    text: String(repeating: "p", count: Limits.shownTextByteCountMax),
                    key: String(repeating: "k", count: Limits.keyTextByteCountMax),
                    through: RecordIndex(rawValue: .max), head: RecordIndex(rawValue: .max)))),
    ]

    private static let name = String(repeating: "n", count: Limits.nameByteCountMax)
    private static let path = [name, name, name, name].joined(separator: "/")
    private static let kindNames = Array(repeating: name, count: Limits.kindPreferenceCountMax)
    private static let quote = Reply.quote(
        QuoteView(
            gpuCount: .max >> 32, watts: Watts(.max), startsAt: Samples.noon, endsAt: Samples.noon, within: path,
            placements: placements(Limits.nodeCountMax), further: further,
            units: Array(
                repeating: QuotedUnits(kind: name, gpuMilliseconds: .max), count: Limits.kindCountMax)))

    /// As many later parts as a lease has.
    private static let further = Array(
        repeating: LeasePartView(
            startsAt: Samples.noon, endsAt: Samples.noon, gpuCount: .max >> 32, watts: Watts(.max), terms: agreed),
        count: Limits.leasePartCountMax - 1)

    /// As much as can be agreed for a part.
    private static let agreed = StepTerms(
        fee: Money(text: "999999999999.9999USD"), clause: String(repeating: "n", count: Limits.clauseByteCountMax))

    /// Placements on the last nodes of the largest fleet, whose numbers are the longest.
    private static func placements(_ count: Int) -> [Placement] {
        (Limits.nodeCountMax - count..<Limits.nodeCountMax).map {
            Placement(node: NodeID(rawValue: UInt32($0)), gpus: GPUSet(bits: .max))
        }
    }

    /// A lease with everything as long as it can be.
    private static func lease(nodeCount: Int, areNamed: Bool) -> LeaseView {
        LeaseView(
            grant: LeaseGrantView(
                lease: LeaseID(rawValue: .max), tenant: name,
                epoch: Epoch(reign: Reign(rawValue: .max), index: RecordIndex(rawValue: .max)), gpuCount: .max >> 32,
                watts: Watts(.max), startsAt: Samples.noon, endsAt: Samples.noon, placements: placements(nodeCount),
                nodeNames: areNamed ? Array(repeating: path, count: nodeCount) : [], further: areNamed ? [] : further,
                terms: agreed),
            unit: .site, count: .max >> 32, kinds: kindNames, onSilence: .fence, state: .starting, cause: .released,
            retiredCount: .max >> 32, isDegraded: true,
            waiting: WaitlistPlace(position: Limits.waitlistCountMax, until: .never),
            principal: Principal(role: .operator, name: name))
    }

    static let whole = lease(nodeCount: Limits.nodeCountMax, areNamed: false)

    /// As many leases as a page has, over as many nodes as a page has.
    private static let leases = (0..<Limits.pageCountMax).map { position in
        let share = Limits.pagePlacementCountMax / Limits.pageCountMax
        let rest = position < Limits.pagePlacementCountMax % Limits.pageCountMax ? 1 : 0
        return lease(nodeCount: share + rest, areNamed: true)
    }

    private static let explanation = Reply.explained(
        LeaseExplanation(
            lease: LeaseID(rawValue: .max), state: .waitlisted, summary: path,
            waiting: LeaseWaitlisted(
                lease: LeaseID(rawValue: .max),
                place: WaitlistPlace(position: Limits.waitlistCountMax, until: .never), estimatedStart: .never,
                refusal: .noPower(place: path, limit: Watts(.max), committed: Watts(.max), asked: Watts(.max))),
            missing: Array(
                repeating: MissingPlacement(node: path, gpus: GPUSet(bits: .max), reason: path),
                count: LeaseExplanation.missingCountMax),
            missingCount: .max >> 32,
            notes: Array(
                repeating: EventView(
                    index: RecordIndex(rawValue: .max), at: .never, principal: Principal(role: .operator, name: name),
                    word: "partitionsRetired", lease: LeaseID(rawValue: .max), text: path + path),
                count: LeaseExplanation.noteCountMax),
            forgottenNoteCount: .max >> 32))

    private static let nodes = (0..<Limits.pageCountMax).map { _ in
        var node = NodeView()
        node.id = NodeID(rawValue: .max)
        node.name = path
        node.kind = name
        node.gpus = GPUSet(bits: .max)
        node.leased = GPUSet(bits: .max)
        node.state = .quarantined
        node.reason = .hardwareDiffers
        node.since = Samples.noon
        node.isCordoned = true
        node.envelope = Watts(.max)
        node.committed = Watts(.max)
        node.drawn = Watts(.max)
        node.silence = Span(nanoseconds: .max)
        node.leases = Array(repeating: LeaseID(rawValue: .max), count: Limits.grantsPerNodeCountMax)
        return node
    }

    private static let detailed = {
        var node = nodes[0]
        node.detail = detail
        node.tickets = Array(detail.tickets.tickets.prefix(Limits.ticketsPerNodeCountMax))
        return node
    }()

    /// Texts, lists and numbers longer than any, of which the model keeps what there is room for.
    static let detail = {
        let text = String(repeating: "t", count: 1_000)
        let early = CalendarInstant(nanoseconds: .min)
        let gpu = GPUDetail(
            uuid: text, product: text, serial: text, bus: text, firmware: text, memoryMiB: .max, sliceMode: text,
            standing: .unhealthy, limit: Watts(.min), energyJoules: .max)
        let trouble = DeviceTrouble(
            gpu: 15, component: text, standing: .unhealthy, what: text, remedy: text, since: early, count: .max,
            ticket: .max)
        let power = PowerDetail(
            scope: .processors, source: text, quality: .counter, draw: Watts(.min), energyJoules: .max)
        let ticket = Ticket(
            name: Ticket.Name(opened: early, number: .max), gpu: 15, uuid: text, component: text, action: text,
            done: early, closing: nil)
        return NodeDetail(
            driver: text, gpus: Array(repeating: gpu, count: 100), power: Array(repeating: power, count: 100),
            troubles: Array(repeating: trouble, count: 100),
            tickets: ToldTickets(
                open: Array(repeating: ticket, count: 100),
                closed: Array(repeating: ticket.closed(.recovered, at: early), count: 100)),
            evictions: EvictionTimes(count: .max, slowest: Span(nanoseconds: .max)), statedAt: early)
    }()

    private static let fleet = Reply.fleet(
        FleetView(
            places: (0..<Limits.shownPlaceCountMax).map { _ in
                PlaceView(
                    path: [name, name, name].joined(separator: "/"), level: .site, nodeCount: .max >> 32,
                    gpuCount: .max >> 32, limit: Watts(.max), committed: Watts(.max))
            },
            kinds: (0..<Limits.kindCountMax).map { _ in
                let kind = GPUKind(name: name, memoryGiB: .max, envelope: Watts(.max), idleFloor: Watts(.max))
                return KindView(kind: kind, gpuCount: .max >> 32, freeCount: .max >> 32)
            }))
}
