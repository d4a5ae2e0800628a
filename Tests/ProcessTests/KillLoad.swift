import LeaseholdClient
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdTransport
import ProcessHarness
import Synchronization

/// What clients were told while processes were being killed: the record that the recovered book is held against.
final class Acknowledgements: Sendable {
    /// One change of a client and its outcome.
    struct Facts: Sendable {
        /// By request: the lease that was granted.
        var granted: [RequestID: LeaseID] = [:]
        /// Leases whose release was acknowledged.
        var released: Set<LeaseID> = []
        /// Changes whose outcome the client does not know yet.
        var unknown: [RequestID: Request] = [:]
        var refused = 0
        var inFlight = 0
    }

    private let facts = Mutex(Facts())

    var current: Facts { facts.withLock { $0 } }

    func began() { facts.withLock { $0.inFlight += 1 } }
    func ended() { facts.withLock { $0.inFlight -= 1 } }

    func note(_ reply: Reply, to request: Request, id: RequestID) {
        facts.withLock { facts in
            facts.unknown[id] = nil
            switch reply {
            case .granted(let grant): facts.granted[id] = grant.lease
            case .released(let released): facts.released.insert(released.lease)
            case .refused: facts.refused += 1
            case .status, .fleetImported, .fleet, .nodes, .node, .tenant, .tenants, .quote, .declined, .waitlisted,
                .leases, .lease, .watching, .cancelled, .extended, .resized, .explained, .event, .cordon,
                .shown, .countersigned, .backupPage:
                break
            }
        }
    }

    func noteUnknown(_ request: Request, id: RequestID) { facts.withLock { $0.unknown[id] = request } }
}

/// Clients that lease one GPU and give it back, over and over, until they are told to stop.
final class KillLoad: Sendable {
    let acknowledgements = Acknowledgements()
    private let client: BrokerClient
    private let clientCount: Int
    private let isStopped = Mutex(false)

    init(to endpoint: Endpoint, clientCount: Int) throws {
        var settings = ClientSettings()
        settings.timeout = .seconds(30)
        guard let addresses = CoordinatorAddresses(text: "\(endpoint)") else {
            throw HarnessFailure("no address: \(endpoint)")
        }
        client = BrokerClient(to: addresses, as: Principal(role: .operator, name: "killer"), settings: settings)
        self.clientCount = clientCount
    }

    /// Ends the load after the requests that are under way.
    func stop() { isStopped.withLock { $0 = true } }

    /// Runs until `stop`, then asks again for every outcome that is unknown, under its old id.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<clientCount { group.addTask { await self.lease(as: number) } }
        }
        for (id, request) in acknowledgements.current.unknown { await ask(request, id: id) }
    }

    private func lease(as number: Int) async {
        var round = number
        while !isStopped.withLock({ $0 }) {
            round += 1
            let terms = LeaseTerms(
                tenant: "load", unit: .gpu, count: 1, kinds: [], end: .after(.hours(1)),
                onSilence: round % 2 == 0 ? .fence : .keep)
            guard case .granted(let grant)? = await ask(.createLease(terms), id: .random()) else { continue }
            await ask(.releaseLease(grant.lease), id: .random())
        }
    }

    @discardableResult
    private func ask(_ request: Request, id: RequestID) async -> Reply? {
        acknowledgements.began()
        defer { acknowledgements.ended() }
        do throws(ClientFailure) {
            let reply = try await client.send(request, id: id)
            acknowledgements.note(reply, to: request, id: id)
            return reply
        } catch {
            acknowledgements.noteUnknown(request, id: id)
            return nil
        }
    }

    /// Every lease that the book remembers.
    func leases() async throws -> [LeaseView] {
        var leases: [LeaseView] = []
        var after: LeaseID?
        while true {
            let filter = LeaseFilter(tenant: nil, includesEnded: true)
            let page = Page(after: after, countMax: Limits.pageCountMax)
            guard case .leases(let views, let next) = try await client.send(.listLeases(page, filter), id: nil) else {
                throw HarnessFailure("no list of leases")
            }
            leases += views
            guard let next else { return leases }
            after = next
        }
    }
}

/// What was acknowledged, held against the book.
struct LossCount: Equatable, CustomStringConvertible {
    var grantsAcknowledged = 0
    var releasesAcknowledged = 0
    var outcomesUnknown = 0
    /// Acknowledged grants that the book does not have, and acknowledged releases that it does not know of.
    var lost = 0
    /// Leases of the book that no acknowledged request asked for.
    var doubled = 0

    init(_ facts: Acknowledgements.Facts, against book: [LeaseView]) {
        let byID = Dictionary(uniqueKeysWithValues: book.map { ($0.grant.lease, $0) })
        grantsAcknowledged = facts.granted.count
        releasesAcknowledged = facts.released.count
        outcomesUnknown = facts.unknown.count
        lost = facts.granted.values.count { byID[$0] == nil }
        lost += facts.released.count { byID[$0]?.cause != .released }
        let granted = Set(facts.granted.values)
        doubled = book.count { !granted.contains($0.grant.lease) } + facts.granted.count - granted.count
    }

    var description: String {
        "grants acknowledged \(grantsAcknowledged), releases acknowledged \(releasesAcknowledged), "
            + "outcomes unknown \(outcomesUnknown), lost \(lost), doubled \(doubled)"
    }
}
