import LeaseholdBroker
package import LeaseholdModel

/// How many refusals of one principal may still be recorded: a bucket that fills with time (L2).
struct RefusalAllowance: Hashable, Sendable {
    /// In thousandths of a refusal.
    var milliCount: Int64
    var filledAt: BootInstant

    /// Takes one; false when the bucket is empty.
    mutating func take(at now: BootInstant) -> Bool {
        let full = Int64(Limits.recordedRefusalBurst) * 1_000
        // Counted in whole milliseconds; the rest of one stays for the next time.
        let elapsed = (now - filledAt).wholeMilliseconds
        milliCount = min(full, milliCount + min(elapsed, 3_600_000) * Int64(Limits.recordedRefusalsPerSecond))
        filledAt = filledAt + .milliseconds(elapsed)
        guard milliCount >= 1_000 else { return false }
        milliCount -= 1_000
        return true
    }
}

extension CoordinatorMachine {
    /// A request of a client: a query is answered from the book, a change becomes one record or a refusal.
    mutating func consider(
        _ envelope: RequestEnvelope, from asker: Asker, at now: Now, into out: inout CoordinatorBuffer
    ) {
        guard let peer = peers[asker.connection] else {
            close(asker.connection, Complaint(.notHello, "a request before the hello"), into: &out)
            return
        }
        counters.requestCount += 1
        switch peer.principal.role {
        case .operator, .tenant: break
        case .agent, .coordinator:
            let complaint = Complaint(.notForRole, "a request from \(peer.principal); clients ask, agents report")
            close(asker.connection, complaint, into: &out)
            return
        }
        if case .watchEvents(let filter) = envelope.request {
            addWatch(filter, of: peer.principal, for: asker, into: &out)
        } else if case .askLog(let question) = envelope.request {
            if let refusal = book.refusal(to: envelope.request, by: peer.principal) {
                out.observed(.refused(refusal), to: asker, applied: book.head)
            } else {
                out.now(.lookUp(asker, question, by: peer.principal))
            }
        } else if envelope.request.isChange {
            change(envelope, by: peer.principal, for: asker, at: now, into: &out)
        } else {
            let reply = answer(envelope.request, by: peer.principal, at: now)
            out.observed(reply, to: asker, applied: book.head)
        }
    }

    /// Same id, same body: the same answer.
    ///
    /// Otherwise decide, and let the answer wait for its record (L2, L3).
    private mutating func change(
        _ envelope: RequestEnvelope, by principal: Principal, for asker: Asker, at now: Now,
        into out: inout CoordinatorBuffer
    ) {
        guard let key = envelope.key else {
            let refusal = Refusal.invalid(field: "requestId", value: "absent", expected: "a UUID of version 7")
            out.observed(.refused(refusal), to: asker, applied: book.head)
            return
        }
        switch book.remembered(key, of: principal) {
        case .reply(let reply):
            counters.repeatedCount += 1
            out.observed(reply, to: asker, applied: book.head)
            return
        case .otherBody:
            refuse(.requestReused(id: key.id), key: nil, by: principal, for: asker, at: now, into: &out)
            return
        case nil: break
        }
        let askedAt = identity.pace.instant(ofWallClock: key.id.askedAt)
        if let refusal = book.complaint(about: key, of: principal, askedAt: askedAt, at: now.calendar) {
            counters.count(refusal)
            out.observed(.refused(refusal), to: asker, applied: book.head)
            return
        }
        guard !isDraining else {
            out.now(.turnAway(asker, .notServing(reason: "it is draining")))
            return
        }
        if let strain, !envelope.request.isRelease {
            out.now(.turnAway(asker, .notServing(reason: strain.reason)))
            return
        }
        switch book.decide(envelope.request, by: principal, in: context(at: now)) {
        case .refuse(let refusal):
            refuse(refusal, key: key, by: principal, for: asker, at: now, into: &out)
        case .record(let record):
            let entry = enter(record, by: principal, for: key, at: now)
            out.record(entry, thenReply: book.reply(for: entry), to: asker)
            follow(entry, at: now, into: &out)
        }
    }

    /// A refused change is a record too, unless the principal is refused faster than records are worth.
    private mutating func refuse(
        _ refusal: Refusal, key: RequestKey?, by principal: Principal, for asker: Asker, at now: Now,
        into out: inout CoordinatorBuffer
    ) {
        counters.count(refusal)
        var allowance =
            refusalAllowances[principal]
            ?? RefusalAllowance(milliCount: Int64(Limits.recordedRefusalBurst) * 1_000, filledAt: now.boot)
        let isRecorded = allowance.take(at: now.boot)
        refusalAllowances[principal] = allowance
        guard isRecorded else {
            out.now(.turnAway(asker, .overloaded(retryAfter: Limits.overloadedRetry)))
            return
        }
        let entry = enter(.requestRefused(refusal), by: principal, for: key, at: now)
        out.record(entry, thenReply: .refused(refusal), to: asker)
    }

    /// The book's answer, with what only this reign knows added: readings, silence, connections, the durable head.
    private func answer(_ query: Request, by principal: Principal, at now: Now) -> Reply {
        switch book.answer(query, by: principal, in: context(at: now)) {
        case .status:
            var status = status
            status.calendar = max(now.calendar, status.calendar)
            status.bookDigest = book.digest()
            return .status(status)
        case .node(let node):
            // Of one node alone: a page of such words would not fit its frame.
            var node = withContact(node, at: now)
            node.detail = detail(of: node.id)
            node.tickets = book.tickets(on: node.id)
            return .node(node)
        case .nodes(let nodes, let next): return .nodes(nodes.map { withContact($0, at: now) }, next: next)
        case let other: return other
        }
    }

    /// What has to be done about GPUs, in tickets.
    package var openTicketCount: Int { book.openTicketCount }

    /// What a node's agent last said of its devices; nil where it has no session, or has said nothing in it.
    package func detail(of node: NodeID) -> NodeDetail? { contacts[node.offset].session?.detail }

    private func withContact(_ node: NodeView, at now: Now) -> NodeView {
        var node = node
        let contact = contacts[node.id.offset]
        node.drawn = contact.drawn
        if let heardAt = contact.heardAt { node.silence = now.boot - heardAt }
        return node
    }
}
