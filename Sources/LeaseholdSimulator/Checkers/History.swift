import LeaseholdModel

/// What clients asked and what they were told: the outside's own record, held against the log at the end (L2).
final class History {
    /// One change or question of one client.
    struct Ask {
        let principal: Principal
        let id: RequestID?
        let request: Request
        var sentCount = 0
        /// The first answer that says what became of it.
        var answer: Reply?
        /// Over which connection it came.
        var answeredOn = ConnectionID(rawValue: 0)
        var isAnswered = false
    }

    private unowned let world: World
    private(set) var asks: [Ask] = []

    init(in world: World) { self.world = world }

    /// The number of a new entry.
    func add(_ principal: Principal, _ id: RequestID?, _ request: Request) -> Int {
        asks.append(Ask(principal: principal, id: id, request: request))
        return asks.count - 1
    }

    func noteSent(_ number: Int) {
        asks[number].sentCount += 1
        if asks[number].sentCount > 1 { world.count { $0.repeatedCount += 1 } }
    }

    /// An answer came; every answer that says what became of a change says the same (L2).
    ///
    /// False where it says that nothing happened and the change should be sent again.
    func noteAnswer(_ reply: Reply, to number: Int, on link: ConnectionID) -> Bool {
        if case .refused(let refusal) = reply, refusal.isPassing, asks[number].request.isChange { return false }
        if !asks[number].isAnswered {
            asks[number].isAnswered = true
            world.count {
                $0.answeredCount += 1
                if case .granted = reply { $0.grantedCount += 1 }
            }
        }
        guard asks[number].request.isChange else { return true }
        guard let first = asks[number].answer else {
            asks[number].answer = reply
            asks[number].answeredOn = link
            return true
        }
        if first != reply, world.auditor.stands(asks[number].answeredOn) {
            world.report(.nothingLost, "\(asks[number].request.words) was answered \(first), then \(reply)")
        }
        return true
    }
}

extension Refusal {
    /// Whether it says that nothing happened, so that the same request may come again.
    fileprivate var isPassing: Bool {
        switch code {
        case .overloaded, .notServing, .requestTableFull, .requestTooOld, .requestAhead: true
        case .noCapacity, .noWholeNodes, .noPower, .quotaExceeded, .notFound, .alreadyThere, .wrongState, .invalid,
            .notAllowed, .requestReused, .historyTrimmed, .promised, .logLost:
            false
        }
    }
}
