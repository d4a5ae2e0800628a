package import LeaseholdModel

/// A book out of its image: piece after piece, and then what follows from them.
///
/// It believes nothing that would make it stumble: a piece that cannot be is answered with what is wrong with it, and
/// whoever builds gives up. Whether all of it is right, the digest of the book says.
package struct BookBuilder {
    private var book = LeaseBook()
    private var fleet: FleetStage?
    private var nodeCount = 0
    private var hasHeading = false
    private var hasDemand = false

    /// Nothing built.
    package init() {}

    /// Takes the next piece, or says what is wrong with it.
    package mutating func take(_ piece: BookImage) -> String? {
        if case .heading(let heading) = piece { return take(heading) }
        guard hasHeading else { return "its first piece is no heading" }
        switch piece {
        case .heading: return nil
        case .fleet(let part): return take(part)
        case .nodes(let nodes): return take(nodes)
        case .staged(let part): return book.stage(part)
        case .tenants(let tenants):
            for tenant in tenants {
                guard let quota = UInt32(exactly: tenant.quota), book.tenants.id(named: tenant.name) == nil else {
                    return "tenant \(tenant.name) is there twice, or has no quota"
                }
                book.tenants.add(name: tenant.name, quota: quota)
            }
        case .leases(let leases): return take(leases)
        case .waiting(let waiting): return take(waiting)
        case .ending(let leases): return book.leases.restoreEnding(leases) ? nil : "a lease is in its end that is not"
        case .ended(let leases): return book.leases.restoreEnded(leases) ? nil : "a lease has ended that has not"
        case .answers(let answers): return book.requests.restore(answers)
        case .demand(let image):
            guard let demand = Demand(image) else { return "what is usually asked for cannot be" }
            book.demand = demand
            hasDemand = true
        case .tickets(let nodes):
            for image in nodes {
                guard image.node.offset < book.fleet.nodes.count else { return "no node \(image.node)" }
                if let complaint = book.tickets.restore(image) { return complaint }
            }
        }
        return nil
    }

    /// The book, once all pieces have come; nil where some are missing.
    package consuming func finished() -> LeaseBook? {
        book.calendar.settle()
        let counts = book.leases.counts
        guard hasDemand, nodeCount == book.fleet.nodes.count, counts.waitlisted == book.leases.waitlist.entries.count,
            book.leases.orders.ending.count == counts.ending,
            book.leases.orders.ended.count == counts.ended + counts.cancelled
        else { return nil }
        return book
    }

    private mutating func take(_ heading: BookHeading) -> String? {
        guard !hasHeading else { return "it has two headings" }
        hasHeading = true
        guard heading.restores.count <= Limits.restoreCountMax else {
            return "\(heading.restores.count) restores are remembered; at most \(Limits.restoreCountMax)"
        }
        book.head = heading.head
        book.lastInstant = heading.lastInstant
        book.reign = heading.reign
        book.reignBegan = heading.reignBegan
        book.longestHolds = heading.longestHolds
        book.restores = heading.restores
        return nil
    }

    private mutating func take(_ part: FleetPart) -> String? {
        guard book.fleet.places.isEmpty, var whole = FleetStage.following(fleet, part) else {
            return "part \(part.part) of \(part.partCount) of the fleet does not follow"
        }
        whole.add(part)
        fleet = part.isLast ? nil : whole
        guard part.isLast else { return nil }
        if let refusal = book.fleet.complaint(aboutWhole: whole.fleet) { return refusal.message }
        _ = book.grow(by: whole.fleet, at: book.lastInstant)
        book.calendar.advance(to: book.lastInstant)
        book.calendar.gather()
        return nil
    }

    private mutating func take(_ nodes: [NodeImage]) -> String? {
        guard nodeCount + nodes.count <= book.fleet.nodes.count else {
            return "\(nodeCount + nodes.count) nodes stand somehow, of \(book.fleet.nodes.count)"
        }
        for image in nodes {
            let row = book.fleet.nodes[nodeCount]
            guard image.unhealthy.isSubset(of: row.shape.gpus) else { return "node \(row.shape.name) lacks GPUs" }
            var standing = NodeStanding()
            standing.state = image.state
            standing.reason = image.reason
            standing.isCordoned = image.isCordoned
            standing.isDoubted = image.isDoubted
            standing.unhealthy = image.unhealthy
            standing.traits = image.traits
            book.fleet.nodes[nodeCount].since = image.since
            book.fleet.nodes[nodeCount].hardware = image.hardware
            book.fleet.set(standing, of: NodeID(rawValue: UInt32(nodeCount)))
            nodeCount += 1
        }
        return nil
    }

    private mutating func take(_ leases: [LeaseImage]) -> String? {
        for lease in leases {
            guard lease.granted.tenant.offset < book.tenants.rows.count else { return "lease \(lease.id) is nobody's" }
            for image in lease.parts {
                guard let row = LeaseRow(image, of: lease), book.leases.isNewest(row.id)
                else { return "lease \(lease.id) cannot be, or comes too late" }
                if let complaint = book.restore(row, LeaseNotes(image)) { return complaint }
            }
        }
        return nil
    }

    private mutating func take(_ waiting: [WaitingImage]) -> String? {
        for image in waiting {
            guard let row = book.leases[image.lease], row.state == .waitlisted,
                book.leases.waitlist.entries.last.map({ $0.lease < image.lease }) ?? true
            else { return "lease \(image.lease) does not wait, or waits out of its turn" }
            book.leases.waitlist.add(
                WaitlistEntry(lease: image.lease, tenant: row.granted.tenant, waiting: image.waiting))
        }
        return nil
    }
}

extension LeaseBook {
    /// Adds what has come of an import; or says what is wrong with it.
    fileprivate mutating func stage(_ part: FleetPart) -> String? {
        var some = stage ?? FleetStage(part)
        guard some.importHash == part.importHash, some.partCount == part.partCount, part.part < part.partCount else {
            return "two imports have come in part"
        }
        some.nextPart = part.part
        some.fleet.kinds += part.kinds
        some.fleet.places += part.places
        some.fleet.runs += part.runs
        stage = some
        return nil
    }

    /// Adds a part of a lease, with what it holds now and is promised; or says why it cannot be so.
    fileprivate mutating func restore(_ row: consuming LeaseRow, _ notes: LeaseNotes?) -> String? {
        tenants.rows[row.granted.tenant.offset].leases.append(row.id)
        if !row.state.isFinal, row.state != .waitlisted, let complaint = restorePlacements(of: row) { return complaint }
        leases.restore(row, notes)
        return nil
    }

    private mutating func restorePlacements(of row: borrowing LeaseRow) -> String? {
        let (id, tenant, stay, begun) = (row.id, row.granted.tenant, row.stay, row.begun)
        let placements = row.part.placements
        var kept = placements
        if row.retiredCount > 0 { kept = placements.indices.filter { !row.isRetired($0) }.map { placements[$0] } }
        let leaving = row.leaving
        let held = leaving.isEmpty ? kept : kept + leaving.map(\.placement)
        guard held.allSatisfy(fleet.has) else { return "lease \(id) lies on a node that is not there" }
        // Nothing but leases that no log has makes all bits of the sums.
        guard calendar.fetch(kept, over: stay, isForNext: true) != .max, begun == nil || fleet.fetch(kept) != .max
        else { return "lease \(id) and those before it cannot be" }
        if begun != nil {
            for placement in held {
                guard fleet.isFreeNow(placement) else { return "L1: lease \(id) has what another one has" }
                fleet.hold(placement, for: id)
            }
            tenants.rows[tenant.offset].heldThousandths +=
                row.gpuThousandths + leaving.reduce(0) { $0 + $1.placement.gpuThousandths }
            tenants.rows[tenant.offset].leaseCount += 1
        }
        calendar.add(kept, for: id, over: stay, in: fleet)
        for left in leaving { calendar.add([left.placement], for: id, over: left.stay, in: fleet) }
        if row.isDue { calendar.count(row.gpuThousandths, for: tenant, over: row.part.window) }
        return nil
    }
}

extension Inventory {
    /// Whether the node and the GPUs of a placement are there.
    fileprivate func has(_ placement: Placement) -> Bool {
        placement.node.offset < briefs.count && placement.gpus.isSubset(of: briefs[placement.node.offset].gpus)
    }
}
