import LeaseholdBroker
import LeaseholdModel
import Testing

@Suite("Requests and who may ask")
struct RequestTests {
    @Test("the same id and body gets the same answer, though the book has moved on")
    func repetition() throws {
        var registry = Registry(.site())
        let key = registry.newKey()
        let first = registry.ask(.createLease(.terms(2)), key: key)
        guard case .granted(let view) = first else { return }
        let releaseKey = registry.newKey()
        let released = registry.ask(.releaseLease(view.lease), key: releaseKey)
        registry.retire(view.lease)
        registry.advance(.hours(23))
        registry.createTenant("later", quota: 1)
        let head = registry.book.head
        #expect(registry.ask(.createLease(.terms(2)), key: key) == first)
        #expect(registry.ask(.releaseLease(view.lease), key: releaseKey) == released)
        #expect(registry.book.head == head)
    }

    @Test("a refused change stays refused, though it would be granted now")
    func refusalsAreKept() throws {
        var registry = Registry(.site(), quota: 1)
        let key = registry.newKey()
        let refusal = registry.ask(.createLease(.terms(2)), key: key)
        registry.ask(.setQuota(tenant: "acme", quota: 9))
        #expect(registry.ask(.createLease(.terms(2)), key: key) == refusal)
        #expect(refusal == .refused(.quotaExceeded(tenant: "acme", quota: 1, held: 0, asked: 2)))
    }

    @Test("the answer to a quota keeps what was held then")
    func quotaAnswers() throws {
        var registry = Registry(.site())
        let key = registry.newKey()
        let answer = registry.ask(.setQuota(tenant: "acme", quota: 9), key: key)
        _ = try registry.granted(3)
        #expect(registry.ask(.setQuota(tenant: "acme", quota: 9), key: key) == answer)
        guard case .tenant(let view) = registry.ask(.showTenant(name: "acme")) else { return }
        #expect(view.held == 3 && view.leaseCount == 1)
    }

    @Test("the same id with another body is an error, and ids of two principals never meet")
    func otherBodies() {
        var registry = Registry(.site())
        let key = registry.newKey(body: 1)
        registry.ask(.createLease(.terms(1)), key: key)
        let other = RequestKey(id: key.id, bodyHash: 2)
        #expect(registry.ask(.createLease(.terms(2)), key: other) == .refused(.requestReused(id: key.id)))
        #expect(registry.book.remembered(other, of: Registry.tenant("acme")) == nil)
    }

    @Test("ids that are old, ahead or of no version 7 are refused unrecorded")
    func idsOutsideTheWindow() {
        let registry = Registry(.site())
        let now = registry.clock.calendar
        func complaint(_ asked: Span) -> Refusal? {
            complaint(about: RequestKey(id: RequestID(at: now + asked, chance: (1, 1)), bodyHash: 0))
        }
        func complaint(about key: RequestKey) -> Refusal? {
            registry.book.complaint(about: key, of: Registry.operations, askedAt: key.id.askedAt, at: now)
        }
        #expect(complaint(.zero) == nil)
        #expect(complaint(.seconds(-86_400)) == nil)
        #expect(complaint(.seconds(-86_401)) == .requestTooOld(age: .seconds(86_401), window: .hours(24)))
        #expect(complaint(.seconds(600)) == nil)
        #expect(complaint(.seconds(601)) == .requestAhead(by: .seconds(601), limit: .seconds(600)))
        for id in [RequestID(high: 5, low: 5), RequestID(high: .max, low: .max)] {
            let key = RequestKey(id: id, bodyHash: 0)
            guard case .invalid? = complaint(about: key) else {
                Issue.record("\(id) was taken")
                continue
            }
        }
        let farthest = RequestKey(id: RequestID(high: .max << 16 | 0x7000, low: 2 << 62), bodyHash: 0)
        guard case .requestAhead? = complaint(about: farthest) else {
            Issue.record("an id of the year 10889 was taken")
            return
        }
    }

    @Test("an id is refused as too old before its answer is forgotten, however far its clock was ahead")
    func answersOutliveTheirIds() {
        var registry = Registry(.site())
        let asked = registry.clock.calendar + Limits.requestAheadMax
        let key = RequestKey(id: RequestID(at: asked, chance: (9, 9)), bodyHash: 1)
        registry.ask(.createTenant(name: "first", quota: 1), key: key)
        registry.advance(Limits.requestWindow + Limits.requestAheadMax)
        registry.createTenant("second", quota: 1)
        #expect(registry.book.remembered(key, of: Registry.operations) != nil)
        registry.advance(.milliseconds(2))
        registry.createTenant("third", quota: 1)
        #expect(registry.book.remembered(key, of: Registry.operations) == nil)
        func complaint(at instant: CalendarInstant) -> Refusal? {
            registry.book.complaint(about: key, of: Registry.operations, askedAt: key.id.askedAt, at: instant)
        }
        guard case .requestTooOld? = complaint(at: registry.clock.calendar) else {
            Issue.record("a forgotten id was taken again")
            return
        }
        // And a clock that steps back does not make it young again.
        let back = CalendarInstant(nanoseconds: asked.nanoseconds)
        guard case .requestTooOld? = complaint(at: back) else {
            Issue.record("a forgotten id was taken again by a clock that stepped back")
            return
        }
    }

    @Test("answers and ended leases are forgotten after a day, in bounded steps")
    func forgetting() throws {
        var registry = Registry(.site())
        for _ in 0..<500 {
            let lease = try registry.granted(1).lease
            registry.ask(.releaseLease(lease))
            registry.retire(lease)
        }
        #expect(registry.book.statusView.leases.ended == 500)
        #expect(registry.book.requests.count == 1_003)
        registry.advance(.hours(25))
        for number in 0..<400 { registry.createTenant("t\(number)", quota: 1) }
        #expect(registry.book.statusView.leases.ended == 0)
        #expect(registry.book.requests.count == 400)
        #expect(registry.book.leases.rows.count < 64)
        #expect(registry.book.checkInvariants() == [])
        #expect(registry.replayed() == registry.book)
    }

    // MARK: Who may what (L13)

    @Test("a tenant's principal may ask about its own leases and nothing else")
    func tenantsSeeTheirOwn() throws {
        var registry = Registry(.site())
        registry.createTenant("rival", quota: 9)
        guard case .granted(let rivals) = registry.lease(2, tenant: "rival") else { return }
        let own = try registry.granted(1)
        let acme = Registry.tenant("acme")
        let page = Page<LeaseID>(after: nil, countMax: 9)
        guard
            case .leases(let listed, nil) = registry.ask(
                .listLeases(page, LeaseFilter(tenant: nil, includesEnded: true)), by: acme)
        else { return }
        #expect(listed.map(\.grant.lease) == [own.lease])
        let unseen = Reply.refused(.notFound(.lease, name: rivals.lease.description))
        #expect(registry.ask(.showLease(rivals.lease), by: acme) == unseen)
        #expect(registry.ask(.releaseLease(rivals.lease), by: acme) == unseen)
        let forbidden: [Request] = [
            .status, .showFleet, .listNodes(Page(after: nil, countMax: 1)), .showNode(name: "s/hall-1/rack-1/node-1"),
            .cordonNode(name: "s/hall-1/rack-1/node-1"), .uncordonNode(name: "s/hall-1/rack-1/node-1"),
            .createTenant(name: "new", quota: 1), .listTenants(Page(after: nil, countMax: 1)),
            .showTenant(name: "rival"), .setQuota(tenant: "acme", quota: 99), .quoteLease(.terms(1, tenant: "rival")),
            .createLease(.terms(1, tenant: "rival")),
            .listLeases(page, LeaseFilter(tenant: "rival", includesEnded: true)),
            .importFleet(FleetPart(importHash: 1, part: 0, partCount: 1, kinds: [], places: [], runs: [])),
            .askLog(.export(tenant: "rival", from: RecordIndex(rawValue: 1), under: nil)),
            .askLog(.export(tenant: nil, from: RecordIndex(rawValue: 1), under: nil)),
        ]
        for request in forbidden {
            let refusal = Refusal.notAllowed(principal: "tenant/acme", action: request.words)
            #expect(registry.ask(request, by: acme) == .refused(refusal))
        }
        let visible = registry.log.filter { registry.book.isVisible($0, to: acme) }
        #expect(visible.map(\.lease) == [own.lease])
        let agent = Principal(role: .agent, name: "a")
        #expect(
            registry.ask(.showLease(own.lease), by: agent)
                == .refused(.notAllowed(principal: "agent/a", action: "lease show")))
    }

    @Test("pages follow each other without a gap, and a page of large leases ends early")
    func pages() throws {
        var registry = Registry(.site(racks: 120, nodes: 210, gpus: 1))
        for _ in 0..<3 { _ = try registry.granted(8_000) }
        for _ in 0..<5 { _ = try registry.granted(1) }
        var after: LeaseID?
        var sizes: [Int] = []
        var seen: [LeaseID] = []
        repeat {
            let page = Page(after: after, countMax: 4)
            guard
                case .leases(let views, let next) = registry.ask(
                    .listLeases(page, LeaseFilter(tenant: "acme", includesEnded: false)))
            else { return }
            sizes.append(views.count)
            seen += views.map(\.grant.lease)
            after = next
        } while after != nil
        #expect(sizes == [1, 1, 4, 2])
        #expect(seen == seen.sorted() && Set(seen).count == 8)
        guard case .nodes(let nodes, let next) = registry.ask(.listNodes(Page(after: nil, countMax: 5_000))) else {
            return
        }
        #expect(nodes.count == Limits.pageCountMax && next == nodes.last?.id)
        #expect(
            registry.ask(.listNodes(Page(after: nil, countMax: 0)))
                == .refused(.invalid(field: "countMax", value: "0", expected: "1 or more")))
    }

    @Test("a lease is degraded while a node of it is silent or a GPU of it unhealthy")
    func degraded() throws {
        var registry = Registry(.site(nodes: 2))
        let lease = try registry.granted(2).lease
        func isDegraded() -> Bool? {
            guard
                case .lease(let view) = registry.book.answer(
                    .showLease(lease), by: Registry.operations, in: registry.context)
            else {
                return nil
            }
            return view.isDegraded
        }
        let node = NodeID(rawValue: 0)
        #expect(isDegraded() == false)
        registry.append(.nodesSetAside([node], state: .suspect, reason: .silent))
        #expect(isDegraded() == true)
        registry.report(node)
        #expect(isDegraded() == false)
        registry.append(.gpuHealthChanged(node: node, unhealthy: .only(5)))
        #expect(isDegraded() == false)
        registry.append(.gpuHealthChanged(node: node, unhealthy: .only(1)))
        #expect(isDegraded() == true)
    }
}
