import LeaseholdClient
import LeaseholdModel

/// Follows events over as many connections as it takes.
struct Watch {
    let asker: Asker

    /// What follows an event.
    enum Step {
        case goesOn, ends
    }

    /// Shows every event to the body, until it ends the watch.
    ///
    /// A lost connection is made again.
    func follow(
        _ filter: EventFilter, began: () async throws(Ending) -> Step = { () throws(Ending) in .goesOn },
        each: (EventView) async throws(Ending) -> Step
    ) async throws(Ending) {
        var filter = filter
        while true {
            let (events, from) = try await start(filter)
            filter = EventFilter(from: from, leasesOnly: filter.leasesOnly, lease: filter.lease)
            guard case .goesOn = try await began() else { return }
            var iterator = events.makeAsyncIterator()
            reading: while true {
                do {
                    guard let event = try await iterator.next() else { return }
                    filter = EventFilter(from: event.index.next, leasesOnly: filter.leasesOnly, lease: filter.lease)
                    guard case .goesOn = try await each(event) else { return }
                } catch let failure as ClientFailure {
                    switch failure {
                    case .watchLost, .watchBehind: break reading
                    case .notReachable, .noAnswer, .closed, .tooManyWaiting, .ended: throw Ending(failure)
                    }
                } catch let ending as Ending {
                    throw ending
                } catch {
                    preconditionFailure("a watch throws failures and endings: \(error)")
                }
            }
        }
    }

    private func start(_ filter: EventFilter) async throws(Ending) -> (EventStream, from: RecordIndex) {
        let start: BrokerClient.WatchStart
        do {
            start = try await asker.client.watch(filter)
        } catch {
            throw Ending(error)
        }
        switch start {
        case .events(let events, let from): return (events, from)
        case .refused(let refusal): throw Ending(refusal, format: asker.format)
        }
    }
}

/// Follows one lease through its states: each of its events is a reason to look again, and nothing else is.
struct LeaseFollower: Sendable {
    let asker: Asker
    let lease: LeaseID

    /// How long a coordinator that was heard may stay away while somebody waits without a timeout.
    static let patience = Span.hours(1)

    /// Waits for a state, or ends where the lease can no longer come there.
    func wait(for state: LeaseState) async throws(Ending) -> LeaseView {
        let progress = Progress(asker.console)
        defer { progress.clear() }
        var found: LeaseView?
        let look = { () async throws(Ending) -> Watch.Step in
            let view = try await self.look()
            if view.state == state {
                found = view
                return .ends
            }
            guard LeaseFollower.canCome(from: view.state, to: state) else {
                throw Ending(.wrongState(lease: lease, state: view.state, asked: state.word), format: asker.format)
            }
            let nodes = Rendering.count(view.grant.placements.count, "node")
            let detail =
                view.waiting.map { "at position \($0.position)" } ?? "given back by \(view.retiredCount) of \(nodes)"
            progress.tell("\(lease) is \(view.state.word), \(detail)")
            return .goesOn
        }
        try await Watch(asker: asker).follow(
            EventFilter(from: nil, leasesOnly: true, lease: lease), began: look,
            each: { _ throws(Ending) in try await look() })
        guard let found else { throw Ending(.ended) }
        return found
    }

    /// Whether a lease can still come from a state to the one that is waited for, `active` or `ended`.
    private static func canCome(from now: LeaseState, to state: LeaseState) -> Bool {
        switch now {
        case .waitlisted, .confirmed, .starting: true
        case .active, .ending: state == .ended
        case .ended, .cancelled: false
        }
    }

    /// Prints the lease's events until it has ended.
    func showUntilEnded(from first: RecordIndex?) async throws(Ending) {
        var next = first
        let filter = EventFilter(from: first, leasesOnly: true, lease: lease)
        try await Watch(asker: asker).follow(filter) { () throws(Ending) in
            try await look().state.isFinal ? .ends : .goesOn
        } each: { event throws(Ending) in
            asker.print(.event(event))
            next = event.index.next
            return try await look().state.isFinal ? .ends : .goesOn
        }
        if let next {
            try await showPast(from: next)
        } else {
            asker.console.error("\(lease) has ended; --from-index shows what became of it\n")
        }
    }

    /// Prints what the log has of a lease that has ended: every record up to the head is looked at, because nothing
    /// marks the last one about the lease.
    private func showPast(from first: RecordIndex) async throws(Ending) {
        let reply = try await asker.ask(.status)
        guard case .status(let status) = reply else { throw Ending(unexpected: reply, to: "status") }
        guard first <= status.head.index else { return }
        let filter = EventFilter(from: first, leasesOnly: false, lease: nil)
        try await Watch(asker: asker).follow(filter) { event throws(Ending) in
            if event.lease?.whole == lease.whole, event.index <= status.head.index { asker.print(.event(event)) }
            return event.index < status.head.index ? .goesOn : .ends
        }
    }

    private func look() async throws(Ending) -> LeaseView {
        let reply = try await asker.ask(.showLease(lease))
        guard case .lease(let view) = reply else { throw Ending(unexpected: reply, to: "lease show") }
        return view
    }
}
