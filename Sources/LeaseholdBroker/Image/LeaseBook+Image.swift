package import LeaseholdModel

/// The book as facts, a bounded piece at a time.
extension LeaseBook {
    /// Entries of a piece, or placements of its leases: small enough that a piece is read at one go, large enough that
    /// there are few.
    static let imagePieceCountMax = 4_096

    /// Hands out the pieces of the book's image, in order; a walk of the whole book.
    ///
    /// What is left out follows from them: counts, indexes, the calendar. `BookBuilder` makes the same book again.
    package func forEachImage<Failure: Error>(_ each: (BookImage) throws(Failure) -> Void) throws(Failure) {
        try each(
            .heading(
                BookHeading(
                    head: head, lastInstant: lastInstant, reign: reign, reignBegan: reignBegan,
                    longestHolds: longestHolds, restores: restores)))
        for part in fleet.declaration.parts(importHash: 0) { try each(.fleet(part)) }
        for range in LeaseBook.pieces(of: fleet.nodes.count) { try each(.nodes(fleet.nodes[range].map(\.image))) }
        if let stage {
            for part in stage.fleet.parts(importHash: stage.importHash) {
                try each(
                    .staged(
                        FleetPart(
                            importHash: stage.importHash, part: stage.nextPart, partCount: stage.partCount,
                            kinds: part.kinds, places: part.places, runs: part.runs)))
            }
        }
        for range in LeaseBook.pieces(of: tenants.rows.count) {
            try each(.tenants(tenants.rows[range].map { TenantImage(name: $0.name, quota: $0.quota) }))
        }
        try forEachLeaseImage(each)
        let orders = leases.orders
        for range in LeaseBook.pieces(of: orders.ending.count) { try each(.ending(Array(orders.ending[range]))) }
        for range in LeaseBook.pieces(of: orders.ended.count) { try each(.ended(Array(orders.ended[range]))) }
        let names = requests.order.all
        for range in LeaseBook.pieces(of: names.count) {
            let some = names[names.startIndex + range.lowerBound..<names.startIndex + range.upperBound]
            try each(.answers(some.map { requests.image(of: $0) }))
        }
        try each(.demand(demand.image))
        for range in LeaseBook.pieces(of: tickets.rows.count, by: LeaseBook.ticketPieceCountMax) {
            try each(.tickets(Array(tickets.rows[range])))
        }
    }

    /// Entries of the waitlist in a piece: each may be as long as a request for a lease with every kind and label.
    static let waitingPieceCountMax = 256

    /// Nodes with tickets in a piece: each may have as many as a node can have open.
    static let ticketPieceCountMax = 256

    private static func pieces(of count: Int, by countMax: Int = imagePieceCountMax) -> [Range<Int>] {
        stride(from: 0, to: count, by: countMax).map { $0..<min(count, $0 + countMax) }
    }

    private func forEachLeaseImage<Failure: Error>(_ each: (BookImage) throws(Failure) -> Void) throws(Failure) {
        var piece: [LeaseImage] = []
        var weight = 0
        var position = 0
        while position < leases.rows.count {
            let row = leases.rows[position]
            guard !row.isForgotten else {
                position += 1
                continue
            }
            var parts: [LeasePartImage] = []
            let whole = row.id.whole
            while position < leases.rows.count, leases.rows[position].id.whole == whole {
                let part = leases.rows[position]
                if !part.isForgotten { parts.append(part.image(leases.notes[part.id])) }
                weight += 1 + part.part.placements.count
                position += 1
            }
            piece.append(LeaseImage(id: whole, principal: row.principal, granted: row.granted, parts: parts))
            if weight >= LeaseBook.imagePieceCountMax {
                try each(.leases(piece))
                piece = []
                weight = 0
            }
        }
        if !piece.isEmpty { try each(.leases(piece)) }
        let waiting = leases.waitlist.entries
        for range in LeaseBook.pieces(of: waiting.count, by: LeaseBook.waitingPieceCountMax) {
            try each(.waiting(waiting[range].map { WaitingImage(lease: $0.lease, waiting: $0.waiting) }))
        }
    }
}

extension Inventory {
    /// The fleet as it would be imported: everything in the order of its ids, a run for each node.
    fileprivate var declaration: FleetDeclaration {
        FleetDeclaration(
            kinds: kinds.map(\.kind), places: places.map { PlaceDeclaration(path: $0.path, limit: $0.limit) },
            runs: nodes.map { row in
                let rack = self[row.shape.rack].path
                return NodeRun(
                    rack: row.shape.rack.rawValue, namePrefix: String(row.shape.name.dropFirst(rack.count + 1)),
                    firstNumber: nil, count: 1, kind: self[row.shape.kind].kind.name,
                    gpusPerNode: UInt8(row.shape.gpuCount), envelope: row.shape.envelope, cpu: row.shape.cpu,
                    memory: row.shape.memory, labels: labelSets[Int(row.shape.labelSet)])
            })
    }
}

extension NodeRow {
    fileprivate var image: NodeImage {
        NodeImage(
            state: standing.state, reason: standing.reason, isCordoned: standing.isCordoned,
            isDoubted: standing.isDoubted, unhealthy: standing.unhealthy, traits: standing.traits, since: since,
            hardware: hardware)
    }
}
