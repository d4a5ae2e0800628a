import LeaseholdModel
import LeaseholdTransport
import LeaseholdWire
import Synchronization

/// The life of the connection: made when something has to be sent, made again when it was lost with requests open.
extension BrokerClient {
    /// Sends what waits, soon: calls that come meanwhile share one write.
    func scheduleFlush() {
        let isFirst = state.withLock { state in
            defer { state.isFlushScheduled = true }
            return !state.isFlushScheduled
        }
        if isFirst { loops.soon { self.flush() } }
    }

    /// Sends as much of the queue as the window has room for; connects first where there is no connection.
    private func flush() {
        let mustConnect: Bool = state.withLock { state in
            state.isFlushScheduled = false
            switch state.link {
            case .down: return !state.queue.isEmpty
            case .resting, .connecting, .greeting: return false
            case .open(_, let connection):
                var batch: [(ConnectionID, [UInt8])] = []
                var taken = 0
                for correlation in state.queue {
                    guard state.sentCount < settings.windowCountMax else { break }
                    taken += 1
                    // Settled while it waited.
                    guard let index = state.pending.index(forKey: correlation) else { continue }
                    state.pending.values[index].isSent = true
                    state.sentCount += 1
                    batch.append((connection, state.pending.values[index].bytes))
                }
                state.queue.removeFirst(taken)
                connections.send(batch)
                return false
            }
        }
        if mustConnect { connect(position: 0) }
    }

    private func connect(position: Int) {
        let attempt: UInt64? = state.withLock { state in
            guard !state.isEnded else { return nil }
            state.lastAttempt += 1
            state.complaint = nil
            state.link = .connecting(attempt: state.lastAttempt, position: position)
            return state.lastAttempt
        }
        guard let attempt else { return }
        let events = ConnectionEvents(
            opened: { connection, _ in self.opened(connection, attempt) },
            arrived: { connection, batch in self.arrived(batch, over: connection, attempt) },
            closed: { _, complaint in self.closed(complaint, attempt) })
        frames.open(endpoints[position], timeout: settings.connectTimeout, events: events) { failure in
            self.failed(attempt, reason: failure.reason)
        }
    }

    private func opened(_ connection: ConnectionID, _ attempt: UInt64) {
        state.withLock { state in
            guard case .connecting(attempt, let position) = state.link else {
                connections.close(connection, after: nil)
                return
            }
            state.link = .greeting(attempt: attempt, position: position, connection)
            var bytes: [UInt8] = []
            WireCodec.encode(.hello(hello), correlation: 0, into: &bytes)
            connections.send([(connection, bytes)])
        }
    }

    private func arrived(_ batch: [Arrival], over connection: ConnectionID, _ attempt: UInt64) -> Admission {
        for (message, correlation) in batch {
            switch message {
            case .welcome(let welcome): self.welcome(welcome, connection, attempt)
            case .reply(let reply): answer(reply, to: correlation)
            case .complaint(let complaint): state.withLock { $0.complaint = complaint }
            case .hello, .request, .agent, .order, .guardOrder, .guardAnswer:
                return .complained(Complaint(.messageUnknown, "a client takes replies only"))
            }
        }
        scheduleFlush()
        return .taken
    }

    private func welcome(_ welcome: Welcome, _ connection: ConnectionID, _ attempt: UInt64) {
        state.withLock { state in
            guard case .greeting(attempt, _, connection) = state.link else { return }
            state.link = .open(attempt: attempt, connection)
            state.wasEverWelcome = true
            state.failedRoundCount = 0
            connections.admit(connection, payloadByteCountMax: Limits.framePayloadByteCountMaxReply)
        }
    }

    private func closed(_ ours: Complaint?, _ attempt: UInt64) {
        enum Step {
            case nothing, failed(String)
            case lost([PendingRequest], [EventBuffer], Complaint?)
        }
        let step: Step = state.withLock { state in
            let complaint = state.complaint ?? ours
            switch state.link {
            case .connecting(attempt, _), .greeting(attempt, _, _):
                let text = complaint.map { "\($0.text) (\($0.code))" }
                return .failed(text ?? "the connection was closed before a welcome")
            case .open(attempt, _):
                state.link = .down
                let watches = Array(state.watches.values)
                state.watches = [:]
                // What was complained about would be complained about again.
                guard let complaint, !complaint.code.isPassing else {
                    state.requeueSent()
                    return .lost([], watches, nil)
                }
                let sent = state.pending.keys.sorted().filter { state.pending[$0]?.isSent == true }
                return .lost(sent.compactMap { state.take($0) }, watches, complaint)
            case .down, .resting, .connecting, .greeting, .open: return .nothing
            }
        }
        switch step {
        case .nothing: break
        case .failed(let reason): failed(attempt, reason: reason)
        case .lost(let requests, let watches, let complaint):
            for watch in watches { watch.finish(.watchLost(next: watch.next)) }
            if let complaint { for request in requests { request.settle(.failure(.closed(complaint))) } }
            scheduleFlush()
        }
    }

    /// One address could not be talked to: the next one, or a rest, or the end where none ever could.
    private func failed(_ attempt: UInt64, reason: String) {
        enum Step {
            case nothing, next(Int), rest(Span)
            case giveUp([PendingRequest])
        }
        let step: Step = state.withLock { state in
            let position: Int
            switch state.link {
            case .connecting(attempt, let tried), .greeting(attempt, let tried, _): position = tried
            case .down, .resting, .connecting, .greeting, .open: return .nothing
            }
            state.lastReason = reason
            if position + 1 < endpoints.count { return .next(position + 1) }
            guard state.wasEverWelcome else {
                state.link = .down
                state.queue = []
                return .giveUp(state.takeAll())
            }
            guard !state.pending.isEmpty else {
                state.link = .down
                return .nothing
            }
            state.link = .resting
            let rest = settings.reconnectMin * (Int64(1) << Int64(min(state.failedRoundCount, 10)))
            state.failedRoundCount += 1
            return .rest(min(rest, settings.reconnectMax))
        }
        switch step {
        case .nothing: break
        case .next(let position): connect(position: position)
        case .rest(let span):
            loops.schedule(after: span) { self.connect(position: 0) }
        case .giveUp(let requests):
            for request in requests { request.settle(.failure(.notReachable(endpoints, reason: reason))) }
        }
    }

    // MARK: answers

    private func answer(_ reply: Reply, to correlation: UInt64) {
        if case .event(let event) = reply {
            state.withLock { $0.watches[correlation] }?.put(event)
            return
        }
        if case .refused(.overloaded(let retryAfter)) = reply, retry(correlation, after: retryAfter) { return }
        let request: PendingRequest? = state.withLock { state in
            guard let request = state.take(correlation) else { return nil }
            if case .watching = reply, let buffer = request.buffer { state.watches[correlation] = buffer }
            return request
        }
        request?.settle(.success(reply))
    }

    /// Asks again after a while; false where the request is settled already.
    private func retry(_ correlation: UInt64, after span: Span) -> Bool {
        let isOpen = state.withLock { state in
            guard let index = state.pending.index(forKey: correlation), state.pending.values[index].isSent else {
                return false
            }
            state.pending.values[index].isSent = false
            state.pending.values[index].overloaded = .overloaded(retryAfter: span)
            state.sentCount -= 1
            return true
        }
        guard isOpen else { return false }
        loops.schedule(after: max(span, .milliseconds(1))) {
            self.state.withLock { state in
                guard state.pending[correlation] != nil else { return }
                state.queue.append(correlation)
            }
            self.scheduleFlush()
        }
        return true
    }

    func timeOut(_ correlation: UInt64) {
        let (request, reason) = state.withLock { ($0.take(correlation), $0.lastReason) }
        guard let request else { return }
        scheduleFlush()
        if request.isSent || request.wasLost {
            request.settle(.failure(.noAnswer(after: settings.timeout, request: request.exchange.id)))
        } else if let refusal = request.overloaded {
            request.settle(.success(.refused(refusal)))
        } else {
            request.settle(.failure(.notReachable(endpoints, reason: reason)))
        }
    }
}
