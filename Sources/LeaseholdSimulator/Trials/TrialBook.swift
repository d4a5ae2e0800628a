package import LeaseholdBroker
package import LeaseholdModel

/// A lease book by itself, with a fleet that is all there, to try what it would do with many requests.
///
/// No log, no network, no agents: every record is taken in as soon as it is decided, and every node can carve.
package struct TrialBook {
    package private(set) var book = LeaseBook()
    private var now: Now
    private static let tenant = "trial"
    private static let asker = Principal(role: .operator, name: "trial")
    private static let boot = BootID(high: 0, low: 1)
    private static let reign = Reign(rawValue: 1)
    /// When a trial begins.
    package static let start = CalendarInstant(nanoseconds: 1_767_225_600_000_000_000)

    /// A book with the fleet, all of it ready, and a tenant who may have all of it.
    ///
    /// Throws the refusal where the book does not take the fleet.
    package init(_ fleet: FleetDeclaration) throws(Refusal) {
        now = Now(boot: BootInstant(nanoseconds: 1_000_000_000_000), calendar: TrialBook.start)
        enter(
            .reignBegan(
                ReignBegan(
                    reign: TrialBook.reign, incarnation: Incarnation(high: 0, low: 1), boot: TrialBook.boot,
                    holds: .standard)))
        for part in fleet.parts(importHash: 1) {
            switch decide(.importFleet(part)) {
            case .record(let record): enter(record)
            case .refuse(let refusal): throw refusal
            }
        }
        for node in 0..<fleet.nodeCount {
            enter(.nodeReported(node: NodeID(rawValue: UInt32(node)), hardware: UInt64(node), traits: .handsOut))
        }
        enter(.tenantCreated(name: TrialBook.tenant, quota: .max))
    }

    /// Asks for a lease; what is granted is in the book at once.
    package mutating func lease(_ ask: TrialAsk, start: LeaseStart, for term: Span) -> LeaseGranted? {
        let terms = LeaseTerms(
            tenant: TrialBook.tenant, unit: ask.unit, count: ask.count, kinds: ask.kinds, shape: ask.shape,
            start: start, end: .after(term), onSilence: .fence, within: ask.unit == .gpu ? .node : nil)
        guard case .record(.leaseGranted(let granted)) = decide(.createLease(terms)) else { return nil }
        enter(.leaseGranted(granted))
        return granted
    }

    /// What nobody holds, node by node.
    package var rooms: [HostRoom] {
        (0..<book.nodeCount).map { number in
            let node = NodeID(rawValue: UInt32(number))
            let free = book.unheld(of: node)
            return HostRoom(
                kind: book.facts(of: node).kind, cpu: free.cpu, memory: free.memory, shares: free.shares)
        }
    }

    /// Lets time go by to an instant: what is due ends and is off its nodes at once, then what is due begins.
    package mutating func advance(to instant: CalendarInstant) {
        while let next = [book.nextEnd, book.nextStart].compactMap(\.self).min(), next <= instant {
            now.calendar = max(now.calendar, next)
            for lease in book.lapsed(at: now.calendar, countMax: .max) { end(lease) }
            let due = book.due(at: now.calendar, countMax: .max)
            var began = false
            for lease in due {
                guard let record = book.decideBegin(lease, in: context) else { continue }
                enter(record)
                began = true
            }
            precondition(began || due.isEmpty, "nothing of \(due.count) leases that are due begins")
        }
        now.calendar = max(now.calendar, instant)
    }

    private mutating func end(_ lease: LeaseID) {
        enter(.leaseEnding(lease, cause: .lapsed))
        let nodes = book.unretired(lease).map(\.node)
        enter(.partitionsRetired(lease, nodes: nodes, proof: .acknowledged))
    }

    private var context: DecisionContext {
        DecisionContext(
            now: now, reign: TrialBook.reign, nextIndex: book.head.next, boot: TrialBook.boot, holds: .standard)
    }

    private func decide(_ request: Request) -> Decision { book.decide(request, by: TrialBook.asker, in: context) }

    private mutating func enter(_ record: Record) {
        book.evolve(
            LogEntry(
                index: book.head.next, at: now.calendar, principal: .coordinator, request: nil, record: record))
    }
}

/// One request of a trial: for part of one node.
package struct TrialAsk: Sendable {
    package let unit: LeaseUnit
    package let count: UInt32
    /// Kinds that will do, each as good as the others.
    package let kinds: [String]
    package let shape: UnitShape
    /// Thousandths of GPUs, in all.
    package let gpuThousandths: Int

    /// So many GPUs of so many thousandths each, with CPU and memory in all.
    package init(gpuCount: Int, gpuThousandths: Int, cpu: Millicores, memory: Mebibytes, kinds: [String]) {
        self.kinds = kinds.isEmpty ? [] : [kinds.joined(separator: "|")]
        self.gpuThousandths = gpuCount * gpuThousandths
        let each = { (all: UInt32) in (all + UInt32(max(1, gpuCount)) - 1) / UInt32(max(1, gpuCount)) }
        let isShare = gpuCount > 0 && gpuThousandths < 1_000
        unit = gpuCount == 0 ? .cpu : isShare ? .share : .gpu
        count = UInt32(max(1, gpuCount))
        shape = UnitShape(
            share: isShare ? UInt16(gpuThousandths) : nil, cpu: Millicores(each(cpu.count)),
            memory: Mebibytes(each(memory.count)))
    }
}
