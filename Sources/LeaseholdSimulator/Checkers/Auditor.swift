import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol

/// Follows every record from its decision to its recovery, and holds it against the laws and against the devices.
///
/// It keeps books of its own: a follower book that is fed with durable records (L14), and a slate that knows nothing of
/// the book's tables (L1, L11, L12). It looks at the ground truth, which no process can see.
final class Auditor {
    /// Where a node of the fleet really is.
    struct Place {
        let path: String
        let bench: Bench
        let slot: Int
        let agent: AgentProcess
    }

    unowned let world: World
    /// By `NodeID.offset`, in the order of the fleet file.
    var places: [Place] = []
    /// Everything that was said to be durable, in order.
    private(set) var claimed: [LogEntry] = []
    /// Decided by the coordinator that runs, and not durable yet.
    private var undecided: [LogEntry] = []
    private(set) var follower = LeaseBook()
    private var slate: Slate
    /// The chain at each head that was durable in the history as it stands.
    private var chains = Lookup<RecordIndex, ChainHash>()
    /// Partitions that were given free, so that nothing may start there under that epoch any more.
    private var freed = Lookup<FreedPartition, RetirementProof>()
    /// By which records leases, and what they have on a node, began to end.
    private var endings = Endings()
    private var auditedAt = 0
    private var lastReign = Reign.zero
    /// Where the log ended when the coordinator that runs read it.
    private var recoveredHead = RecordIndex.zero
    /// The head to which the disk was rolled back by hand, until the next recovery has seen it.
    private var rollback: RecordIndex?
    /// Whether the log was ever rolled back: then acknowledged records are gone, and witnesses must say so (L9).
    private(set) var wasRolledBack = false
    /// The last connection before the last rollback: what was answered over it may be gone.
    private var lastLostLink = ConnectionID(rawValue: 0)

    private struct FreedPartition: Hashable, Sendable {
        let lease: LeaseID
        let epoch: Epoch
        let node: Int
    }

    /// Records between two full audits; each costs a walk of the book.
    private static let recordsPerAudit = 48

    init(in world: World) {
        self.world = world
        slate = Slate(world.weather.fleet)
    }

    // MARK: Decisions

    /// A record was decided; it may still be lost.
    func decided(_ entry: LogEntry) {
        world.note(entry.index.rawValue)
        world.count { $0.recordCount += 1 }
        world.tell("coordinator", "writes \(entry.index): \(entry.record.story)")
        let expected = (undecided.last?.index ?? follower.head).next
        if entry.index != expected {
            world.report(.sameBook, "record \(entry.index) is decided where \(expected) is next")
        }
        undecided.append(entry)
        endings.take(entry)
        switch entry.record {
        case .partitionsRetired(let lease, let nodes, let proof): judgeRetirement(of: lease, on: nodes, by: proof)
        case .nodeReported(let node, _, _): judgeWitness(of: node)
        case .partitionSanitised(let node, let certificate): judge(certificate, of: node)
        case .ticketNoted(let node, let ticket, _): judge(ticket, of: node)
        case .reignBegan, .fleetPartImported, .tenantCreated, .tenantQuotaSet, .nodeCordonSet, .nodesSetAside,
            .gpuHealthChanged, .leaseGranted, .leaseWaitlisted, .leaseConfirmed, .leaseBegun, .leaseMoved,
            .leaseExtended, .leaseShrunk, .leaseActivated, .leaseEnding, .headCountersigned, .requestRefused:
            break
        }
    }

    /// A partition comes back only when nothing of its epoch is on the device, by proof or by the wait (L1, L5, L6).
    private func judgeRetirement(of lease: LeaseID, on nodes: [NodeID], by proof: RetirementProof) {
        guard let epoch = epoch(of: lease) else {
            world.report(.conservation, "lease \(lease) gives back what it never had")
            return
        }
        for node in nodes {
            switch proof {
            case .acknowledged: world.count { $0.retiredByWordCount += 1 }
            case .waited: world.count { $0.retiredByWaitCount += 1 }
            }
            let place = places[node.offset]
            if let process = place.bench.isAtWork(lease, epoch, slot: place.slot) {
                world.report(
                    .oneHolder,
                    "\(place.path) counts as free of \(lease) (\(proof)) while process \(process) works there for it")
            }
        }
    }

    /// Nobody vouches for what still works (L1).
    private func judge(_ certificate: SanitisingCertificate, of node: NodeID) {
        let place = places[node.offset]
        guard let process = place.bench.isAtWork(certificate.lease, certificate.epoch, slot: place.slot) else { return }
        world.report(
            .oneHolder,
            "\(place.path) vouches for \(certificate.lease) while process \(process) works there for it")
    }

    /// The log says of a node's GPUs what the node has said.
    private func judge(_ ticket: Ticket, of node: NodeID) {
        let place = places[node.offset]
        if ticket.closing?.outcome == .untold {
            world.report(.sameBook, "\(place.path) tells of ticket \(ticket.name.number), and it is closed as untold")
        } else if !place.bench.hasHad(ticket, slot: place.slot) {
            world.report(.sameBook, "\(place.path) has never had ticket \(ticket.name.number) as it is written")
        }
    }

    /// From here on nothing starts there under that epoch; before the record was durable it could still be undone.
    private func free(_ lease: LeaseID, on nodes: [NodeID], by proof: RetirementProof) {
        guard let epoch = follower.lease(lease)?.epoch else { return }
        for node in nodes { freed[FreedPartition(lease: lease, epoch: epoch, node: node.offset)] = proof }
    }

    /// The epoch under which a lease began; nil for one that has not.
    private func epoch(of lease: LeaseID) -> Epoch? {
        for entry in undecided {
            switch entry.record {
            case .leaseGranted(let granted) where LeaseID(entry.index) == lease:
                guard let begun = granted.begun else { continue }
                return Epoch(reign: begun.reign, index: entry.index)
            case .leaseConfirmed(lease, let granted):
                guard let begun = granted.begun else { continue }
                return Epoch(reign: begun.reign, index: entry.index)
            case .leaseBegun(lease, let begun): return Epoch(reign: begun.reign, index: entry.index)
            default: continue
            }
        }
        return follower.lease(lease).flatMap { $0.begun == nil ? nil : $0.epoch }
    }

    /// Work starts on a node: never under an epoch that was given free (L4).
    func launched(_ grant: GuardedGrant, on bench: Bench) {
        guard let node = places.firstIndex(where: { $0.bench === bench && $0.slot == grant.slot.offset }) else {
            return
        }
        let partition = FreedPartition(lease: grant.lease, epoch: grant.epoch, node: node)
        guard let proof = freed[partition] else { return }
        world.report(
            .oneHolder,
            "\(places[node].path) starts \(grant.lease) under \(grant.epoch), which was given free (\(proof))")
    }

    /// A node that has witnessed more than this log still had when it was recovered is never ready (L9).
    ///
    /// Below that head a witness proves nothing: an index does not say which history it belongs to.
    private func judgeWitness(of node: NodeID) {
        let place = places[node.offset]
        guard let witness = place.agent.witness, witness.index > recoveredHead else { return }
        guard let chain = chains[witness.index] else {
            world.report(
                .witnesses, "\(place.path) is ready, and has seen record \(witness.index), which this log never had")
            return
        }
        if chain != witness.chain {
            world.report(.witnesses, "\(place.path) is ready, and has seen another record \(witness.index)")
        }
    }

    // MARK: Durability

    /// The log has said that records are durable, and the machine believes it.
    func claimedDurable(_ head: LogHead, by machine: CoordinatorMachine) {
        chains[head.index] = head.chain
        while let entry = undecided.first, entry.index <= head.index {
            undecided.removeFirst()
            take(entry)
        }
        guard claimed.count - auditedAt >= Auditor.recordsPerAudit, follower.head == machine.book.head else { return }
        audit(machine)
    }

    private func take(_ entry: LogEntry) {
        if let objection = follower.objection(to: entry) {
            world.report(.sameBook, "a follower cannot take record \(entry.index): \(objection)")
            return
        }
        if case .reignBegan(let began) = entry.record {
            // Nobody has heard of a reign before this.
            if began.reign <= lastReign {
                world.report(.epochsGrow, "reign \(began.reign) begins after reign \(lastReign)")
            }
            lastReign = began.reign
        }
        if case .partitionsRetired(let lease, let nodes, let proof) = entry.record { free(lease, on: nodes, by: proof) }
        follower.evolve(entry)
        claimed.append(entry)
        for (law, text) in slate.take(entry) { world.report(law, text) }
    }

    /// Everything that costs a walk: the digests, the book's own invariants, the slate against the follower.
    func audit(_ machine: CoordinatorMachine) {
        auditedAt = claimed.count
        if follower.head == machine.book.head {
            let live = machine.book.digest()
            world.note(live)
            if live != follower.digest() {
                world.report(.sameBook, "at record \(follower.head) the follower's digest is not that of the live book")
            }
        }
        for complaint in machine.book.checkInvariants() { world.report(Law(citedBy: complaint), complaint) }
        for complaint in slate.differences(from: follower) { world.report(.conservation, complaint) }
    }

    /// What leaves the coordinator rests on what the disk keeps, whatever the log may say (L3).
    func left(_ effect: CoordinatorEffect, trulyDurable: RecordIndex) {
        guard let index = restsOn(effect), index > trulyDurable else { return }
        world.report(.durableFirst, "an effect of record \(index) leaves when the disk has \(trulyDurable): \(effect)")
    }

    /// The last record that an effect certainly rests on; nil where it names none.
    private func restsOn(_ effect: CoordinatorEffect) -> RecordIndex? {
        switch effect {
        case .order(_, .retire(let order)):
            endings.record(of: order.name.lease, on: order.name.node) ?? order.head.index
        case .reply(_, .released(let released)), .reply(_, .cancelled(let released)): endings.record(of: released.lease)
        case .reply(_, .resized(let resized)): endings.record(of: resized.lease, to: resized.count)
        case .order, .reply, .immediate: effect.names
        }
    }

    // MARK: Ends and recoveries

    /// Somebody puts an older disk in place of the log (C7): what was acknowledged since is gone.
    func rolledBack(to index: RecordIndex, lastLink: ConnectionID) {
        rollback = index
        wasRolledBack = true
        lastLostLink = lastLink
    }

    /// Whether what was said over a connection rests on the history as it stands, and not on one that was rolled back.
    func stands(_ link: ConnectionID) -> Bool { link > lastLostLink }

    /// A log was read: what was acknowledged must be there, and nothing that nobody decided (L2, L14).
    func recovered(_ entries: [LogEntry], head: LogHead, book: LeaseBook) {
        if let image = rollback {
            rollback = nil
            if entries.count < Int(image.rawValue) {
                world.report(.nothingLost, "the old disk had record \(image), read were \(entries.count)")
            }
            forget(after: entries.count)
        }
        if entries.count < claimed.count {
            world.report(.nothingLost, "\(claimed.count - entries.count) acknowledged records are lost")
            forget(after: entries.count)
        }
        if Array(entries.prefix(claimed.count)) != claimed {
            world.report(.nothingLost, "the log has other records than those that were acknowledged")
        }
        let beyond = Array(entries.dropFirst(claimed.count))
        if beyond != Array(undecided.prefix(beyond.count)) {
            world.report(.sameBook, "the log has records that nobody decided")
        }
        for entry in beyond { take(entry) }
        undecided = []
        chains[head.index] = head.chain
        recoveredHead = head.index
        endings = Endings()
        for entry in claimed { endings.take(entry) }
        if follower.digest() != book.digest() {
            world.report(.sameBook, "at record \(head.index) the recovered book is not the follower's")
        }
    }

    private func forget(after count: Int) {
        claimed.removeSubrange(min(count, claimed.count)...)
        follower = LeaseBook()
        slate = Slate(world.weather.fleet)
        lastReign = .zero
        for entry in claimed {
            if case .reignBegan(let began) = entry.record { lastReign = began.reign }
            follower.evolve(entry)
            _ = slate.take(entry)
        }
        var kept = Lookup<RecordIndex, ChainHash>()
        for entry in claimed { kept[entry.index] = chains[entry.index] }
        chains = kept
        freed = Lookup()
        auditedAt = claimed.count
    }
}

extension Law {
    /// The law that a complaint of the book begins with; sums and counts where it begins with none.
    fileprivate init(citedBy complaint: String) {
        let number = complaint.prefix { $0 != ":" && $0 != " " }
        self = Law(rawValue: String(number)) ?? .conservation
    }
}

extension CoordinatorEffect {
    /// The last record that the effect certainly rests on; nil where it names none.
    fileprivate var names: RecordIndex? {
        switch self {
        case .reply(_, .granted(let view)): view.lease.index
        case .reply(_, .waitlisted(let waiting)): waiting.lease.index
        case .reply(_, .lease(let view)): view.grant.lease.index
        case .reply(_, .explained(let explanation)):
            max(explanation.lease.index, explanation.notes.last?.index ?? .zero)
        case .reply(_, .leases(let views, _)): views.map(\.grant.lease.index).max()
        case .reply(_, .status(let status)): status.head.index
        case .reply: nil
        case .order(_, .grant(let order)): max(order.name.epoch.index, order.head.index)
        case .order(_, .retire(let order)): order.head.index
        case .order: nil
        case .immediate(.renew(_, let renewal)): renewal.head.index
        case .immediate(.welcome(_, let welcome, _)): welcome.head.index
        case .immediate: nil
        }
    }
}
