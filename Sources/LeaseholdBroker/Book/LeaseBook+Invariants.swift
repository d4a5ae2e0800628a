import LeaseholdModel

/// The laws, as far as one book can break them: L1, L2, L4, L10, L11, L12.
extension LeaseBook {
    /// What is wrong with the book, as sentences that begin with the law; empty when nothing is.
    ///
    /// Recounts everything from nodes and leases. For tests, simulators and standing checks, not for the hot path.
    package func checkInvariants() -> [String] {
        fleet.complaints() + complaintsAboutHolders() + complaintsAboutLeases() + complaintsAboutTenants()
            + complaintsAboutCalendar() + requests.complaints()
    }

    /// L1 in the book: every GPU is held by the one lease that has it among its placements, and by no other.
    private func complaintsAboutHolders() -> [String] {
        var found: [String] = []
        var claimed = Array(repeating: UInt64(0), count: fleet.holders.count)
        for row in leases.rows where !row.isForgotten && row.begun != nil {
            for placement in row.unretired {
                guard placement.node.offset < fleet.nodes.count else {
                    found.append("L1: lease \(row.id) lies on node \(placement.node), which is not there")
                    continue
                }
                let held = fleet[placement.node].uses.first { $0.lease == row.id }?.placement.use ?? .whole
                if held != placement.use {
                    found.append("L12: lease \(row.id) holds another part of node \(placement.node) than it was leased")
                }
                guard !placement.use.isPart else { continue }
                let first = fleet[placement.node].shape.firstHolder
                for position in placement.gpus.positions where first + position < claimed.count {
                    if claimed[first + position] != 0 {
                        found.append(
                            "L1: GPU \(position) of node \(placement.node) is held by leases "
                                + "L\(claimed[first + position]) and \(row.id)")
                    }
                    claimed[first + position] = row.id.rawValue
                }
            }
        }
        for (position, holder) in fleet.holders.enumerated() where holder != claimed[position] {
            found.append("L12: GPU \(position) of the fleet is held by L\(holder), leased to L\(claimed[position])")
        }
        return found
    }

    private func complaintsAboutLeases() -> [String] {
        var found: [String] = []
        var truth = LeaseCounts()
        var last: LeaseID?
        for row in leases.rows {
            if let last, row.id <= last { found.append("L4: lease \(row.id) comes after \(last)") }
            last = row.id
            if row.epoch.reign > reign || row.epoch.index > head || row.id.index > head
                || row.begun != nil && row.epoch.index < row.id.index
            {
                found.append("L4: lease \(row.id) has the epoch \(row.epoch), above reign \(reign) or index \(head)")
            }
            guard !row.isForgotten else { continue }
            let placementCount = row.part.placements.count
            let isSound: Bool
            switch row.state {
            case .waitlisted:
                truth.waitlisted += 1
                isSound =
                    placementCount == 0 && row.begun == nil && leases.waitlist[row.id]?.tenant == row.granted.tenant
            case .confirmed:
                truth.confirmed += 1
                isSound = row.leaving.isEmpty && row.retiredCount == 0 && row.cause == .none && row.begun == nil
            case .cancelled:
                truth.cancelled += 1
                isSound = row.retiredCount == 0 && row.cause != .none && row.begun == nil
            case .starting:
                truth.starting += 1
                isSound = row.retiredCount == 0 && row.cause == .none
            case .active:
                truth.active += 1
                isSound = row.retiredCount == 0 && row.cause == .none
            case .ending:
                truth.ending += 1
                isSound = row.retiredCount < placementCount + row.leaving.count && row.cause != .none
            case .ended:
                truth.ended += 1
                isSound = row.retiredCount == placementCount && row.leaving.isEmpty && row.cause != .none
            }
            if !isSound || row.unretired.count != placementCount - row.retiredCount + row.leaving.count {
                found.append("lease \(row.id) is \(row.state.word) with \(row.retiredCount) placements retired")
            }
            if row.part.watts != fleet.envelope(of: row.part.placements) || row.gpuCount != row.part.gpuCount
                || row.gpuThousandths != row.part.gpuThousandths
            {
                found.append("L11: lease \(row.id) has \(row.part.watts), not the envelope of its GPUs")
            }
            if let begun = row.begun, (row.granted.onSilence == .keep) != (begun.keepBound != nil) {
                found.append("L6: lease \(row.id) is \(row.granted.onSilence.word) and its bound does not fit")
            }
        }
        if leases.notes.count != leases.rows.count(where: { !$0.isForgotten && leases.notes[$0.id] != nil }) {
            found.append("L10: notes are kept of leases that nobody remembers")
        }
        if leases.ids != leases.rows.map(\.id) { found.append("leases are looked for where others are") }
        if leases.counts != truth { found.append("L12: counted \(leases.counts), there are \(truth)") }
        return found + complaintsAboutQueues()
    }

    private func complaintsAboutQueues() -> [String] {
        var found: [String] = []
        let counts = leases.counts
        if leases.waitlist.entries.count != counts.waitlisted {
            found.append("L12: \(leases.waitlist.entries.count) leases are on the waitlist, of \(counts)")
        }
        if nextWaitlistEnd != leases.waitlist.entries.map(\.waiting.until).min() {
            found.append("L15: the next end of a wait is not that of the lease whose wait ends first")
        }
        let due = leases.ends(by: .never, countMax: .max)
        if due.count != counts.confirmed + counts.starting + counts.active || leases.ends.liveCount != due.count {
            found.append("L15: \(due.count) leases wait for their end, of \(counts)")
        }
        if nextEnd != due.first.flatMap({ leases[$0]?.part.endsAt }) {
            found.append("L15: the next end is not that of the lease that ends first")
        }
        let awaited = leases.starts(by: .never, countMax: .max)
        if awaited.count != counts.confirmed || leases.starts.liveCount != awaited.count {
            found.append("L15: \(awaited.count) of \(counts.confirmed) confirmed leases wait for their start")
        }
        if nextStart != awaited.first.flatMap({ leases[$0]?.part.startsAt }) {
            found.append("L15: the next start is not that of the lease that begins first")
        }
        if leases.ending.count != counts.ending {
            found.append("L15: \(leases.ending.count) of \(counts.ending) ending leases are queued")
        }
        if leases.ended.count != counts.ended + counts.cancelled {
            found.append("L10: \(leases.ended.count) leases wait to be forgotten, of \(counts)")
        }
        return found
    }

    private func complaintsAboutTenants() -> [String] {
        var held = Array(repeating: 0, count: tenants.rows.count)
        var leaseCounts = held
        var found: [String] = []
        for row in leases.rows where !row.isForgotten && !row.state.isFinal {
            let tenant = row.granted.tenant.offset
            held[tenant] += row.begun == nil ? 0 : row.gpuThousandths
            held[tenant] += row.leaving.reduce(0) { $0 + $1.placement.gpuThousandths }
            leaseCounts[tenant] += row.begun == nil ? 0 : 1
            if !tenants.rows[tenant].leases.contains(row.id) {
                found.append("lease \(row.id) is missing in its tenant's list")
            }
        }
        for (offset, row) in tenants.rows.enumerated() {
            if row.heldThousandths != held[offset] || row.leaseCount != leaseCounts[offset] {
                found.append(
                    "L12: tenant \(row.name) is said to hold \(row.heldThousandths) thousandths of GPUs, and holds \(held[offset])"
                )
            }
            if tenants.id(named: row.name)?.offset != offset {
                found.append("tenant \(row.name) is not found by its name")
            }
        }
        return found
    }

    /// The witness: every lease has its GPUs to itself over its window, and the counts over time are their sums (L1, L11).
    private func complaintsAboutCalendar() -> [String] {
        var found: [String] = []
        var truth = Calendar()
        truth.grow(to: fleet)
        truth.advance(to: lastInstant)
        for row in leases.rows where !row.isForgotten && !row.state.isFinal {
            let own = row.part.placements.indices.filter { !row.isRetired($0) }.map {
                (row.part.placements[$0], row.stay)
            }
            for (placement, stay) in own + row.leaving.map({ ($0.placement, $0.stay) }) {
                if !truth.isFree(placement, over: stay, in: fleet) {
                    found.append("L1: lease \(row.id) is promised what of node \(placement.node) another one has")
                }
                truth.add([placement], for: row.id, over: stay, in: fleet)
            }
        }
        found += complaintsAboutSums(against: &truth)
        for offset in fleet.nodes.indices {
            let node = NodeID(rawValue: UInt32(offset))
            if calendar.stays(on: node) != truth.stays(on: node) {
                found.append("L1: the calendar of node \(node) is not that of its leases")
            }
        }
        for offset in fleet.places.indices {
            let place = fleet.places[offset]
            let id = PlaceID(rawValue: UInt32(offset))
            guard place.isBinding, let limit = place.limit else { continue }
            let peak = truth.peak(of: id, from: lastInstant)
            if peak != calendar.peak(of: id, from: lastInstant) {
                found.append("L11: \(place.path) has promised other watts than its leases have")
            }
            if place.floor + peak > limit { found.append("L11: \(place.path) has promised more than \(limit)") }
        }
        return found
    }

    /// What tenants have been promised, and of each kind, at every instant at which a lease begins (L12).
    private func complaintsAboutSums(against truth: inout Calendar) -> [String] {
        let due = leases.rows.filter { !$0.isForgotten && $0.isDue }
        for row in due {
            let from = max(row.part.startsAt, lastInstant)
            truth.count(row.gpuThousandths, for: row.granted.tenant, over: Window(from: from, until: row.part.endsAt))
        }
        var found: [String] = []
        let moments = [lastInstant] + due.map(\.part.startsAt).filter { $0 > lastInstant }
        for moment in Set(moments).sorted() {
            let window = Window(from: moment, until: moment + Span(nanoseconds: 1))
            for offset in tenants.rows.indices {
                let tenant = TenantID(rawValue: UInt32(offset))
                let (promised, sum) = (calendar.promised(tenant, over: window), truth.promised(tenant, over: window))
                if promised != sum {
                    found.append(
                        "L12: tenant \(tenants[tenant].name) is promised \(sum) thousandths, counted \(promised)")
                }
            }
            for (kind, line) in truth.kinds.enumerated()
            where kind < calendar.kinds.count && calendar.kinds[kind].height(at: moment) != line.height(at: moment) {
                found.append("L12: of kind \(kind) other GPUs are promised than leases have")
            }
        }
        return found
    }
}
