/// Kinds of thing that a request can name.
package enum Noun: UInt8, Sendable, CaseIterable {
    case node = 1
    case tenant = 2
    case lease = 3
    case place = 4
    case kind = 5
    case fleet = 6

    /// The word of the command line.
    package var word: String {
        switch self {
        case .node: "node"
        case .tenant: "tenant"
        case .lease: "lease"
        case .place: "place"
        case .kind: "kind"
        case .fleet: "fleet"
        }
    }
}

/// A correct answer that says no: why, with its numbers, and what to try next.
///
/// The same value stands on the wire, in the record, in the metric and in what the command line prints.
package enum Refusal: Hashable, Sendable, Error {
    /// So many GPUs were asked for, so many could be granted at all, so many of them within one place of the level.
    case noCapacity(asked: Int, grantable: Int, inventory: Int)
    /// Whole nodes or a whole site were asked for.
    case noWholeNodes(unit: LeaseUnit, asked: Int, grantable: Int)
    /// A place's feed would carry more than its limit.
    case noPower(place: String, limit: Watts, committed: Watts, asked: Watts)
    case quotaExceeded(tenant: String, quota: Int, held: Int, asked: Int)
    case notFound(Noun, name: String)
    case alreadyThere(Noun, name: String)
    case wrongState(lease: LeaseID, state: LeaseState, asked: String)
    /// A field of the request cannot be: its name, its value, what was expected.
    case invalid(field: String, value: String, expected: String)
    case notAllowed(principal: String, action: String)
    /// The id was made longer ago than answers are kept (L2).
    case requestTooOld(age: Span, window: Span)
    /// The id claims to be made so far in the future.
    case requestAhead(by: Span, limit: Span)
    /// The same id came with another body before (L2).
    case requestReused(id: RequestID)
    case requestTableFull(limit: Int)
    /// A queue of the request's class is full; nothing happened.
    case overloaded(retryAfter: Span)
    /// The coordinator is draining or cannot use its log; nothing happened.
    case notServing(reason: String)
    /// The watch asked for records that are no longer kept in memory.
    case historyTrimmed(oldest: RecordIndex)
    /// Somebody has shown a head of this log's own key whose records the log does not have (L9); nothing is answered any
    /// more.
    case logLost(reason: String)
    /// A lease cannot be extended so far, because GPUs of it are promised to another one from then on.
    case promised(lease: LeaseID, node: String, until: CalendarInstant)

    /// What scripts and metrics call the refusal.
    package enum Code: UInt8, Sendable, CaseIterable {
        case noCapacity = 1
        case noWholeNodes = 2
        case noPower = 3
        case quotaExceeded = 4
        case notFound = 5
        case alreadyThere = 6
        case wrongState = 7
        case invalid = 8
        case notAllowed = 9
        case requestTooOld = 10
        case requestAhead = 11
        case requestReused = 12
        case requestTableFull = 13
        case overloaded = 14
        case notServing = 15
        case historyTrimmed = 16
        case promised = 17
        case logLost = 18

        /// The word in JSON, in metrics and in messages.
        package var word: String { "\(self)" }
    }

    /// The code of the refusal.
    package var code: Code {
        switch self {
        case .noCapacity: .noCapacity
        case .noWholeNodes: .noWholeNodes
        case .noPower: .noPower
        case .quotaExceeded: .quotaExceeded
        case .notFound: .notFound
        case .alreadyThere: .alreadyThere
        case .wrongState: .wrongState
        case .invalid: .invalid
        case .notAllowed: .notAllowed
        case .requestTooOld: .requestTooOld
        case .requestAhead: .requestAhead
        case .requestReused: .requestReused
        case .requestTableFull: .requestTableFull
        case .overloaded: .overloaded
        case .notServing: .notServing
        case .historyTrimmed: .historyTrimmed
        case .promised: .promised
        case .logLost: .logLost
        }
    }

    /// The exit status of leasectl.
    package var exitStatus: Int32 {
        switch code {
        case .invalid: 2
        case .notFound: 3
        case .notAllowed: 4
        case .noCapacity, .noWholeNodes, .noPower, .quotaExceeded, .promised: 5
        case .alreadyThere, .wrongState, .requestTooOld, .requestAhead, .requestReused, .historyTrimmed,
            .logLost:
            6
        case .requestTableFull, .overloaded, .notServing: 7
        }
    }
}

extension Refusal {
    /// The reason with its numbers, one sentence.
    package var message: String {
        switch self {
        case .noCapacity(let asked, let grantable, let inventory):
            "\(counted(asked, "GPU")) asked for, \(grantable) of \(inventory) can be granted now"
        case .noWholeNodes(let unit, let asked, let grantable):
            "\(counted(asked, (unit.traits.isEmpty ? "whole " : "") + unit.word)) asked for, "
                + "\(grantable) can be granted now"
        case .noPower(let place, let limit, let committed, let asked):
            "\(place) carries \(committed) of \(limit); \(asked) more do not fit"
        case .quotaExceeded(let tenant, let quota, let held, let asked):
            "tenant \(tenant) holds \(held) of its quota of \(counted(quota, "GPU")); "
                + "\(asked) more \(asked == 1 ? "does" : "do") not fit"
        case .notFound(let noun, let name): "no \(noun.word) \(name)"
        case .alreadyThere(let noun, let name): "\(noun.word) \(name) is already there"
        case .wrongState(let lease, let state, let asked): "lease \(lease) is \(state.word); it cannot be \(asked)"
        case .invalid(let field, let value, let expected): "\(field) is \(value); expected \(expected)"
        case .notAllowed(let principal, let action): "\(principal) may not \(action)"
        case .requestTooOld(let age, let window):
            "the request id was made \(age.wholeSeconds) s ago; answers are kept for \(window)"
        case .requestAhead(let by, let limit):
            "the request id was made \(by.wholeSeconds) s in the future; at most \(limit) is accepted"
        case .requestReused(let id): "request id \(id) was used before for another request"
        case .requestTableFull(let limit): "\(limit) answers are kept for this principal already"
        case .overloaded(let retryAfter): "the coordinator is overloaded; retry after \(retryAfter)"
        case .notServing(let reason): "the coordinator is not serving: \(reason)"
        case .logLost(let reason): "the coordinator's log has lost records: \(reason)"
        case .historyTrimmed(let oldest): "records before index \(oldest) are no longer kept for watches"
        case .promised(let lease, let node, let until):
            "GPUs of lease \(lease) on \(node) are promised to another lease; it can be extended to \(until.rfc3339)"
        }
    }

    /// What the asker could do next.
    package var advice: String {
        switch self {
        case .noCapacity: "ask for fewer, another kind, or wait for a release (leasectl lease list)"
        case .noWholeNodes(let unit, _, _):
            unit.traits.isEmpty
                ? "ask for fewer nodes, or for single GPUs (--unit gpu)"
                : "ask for fewer, or look what the agents of the nodes can carve (leasectl node show)"
        case .noPower: "ask for fewer GPUs, another kind, or raise the limit of that place"
        case .quotaExceeded(let tenant, _, _, _):
            "release a lease, or raise the quota (leasectl tenant set-quota \(tenant))"
        case .notFound(.place, _), .notFound(.kind, _), .notFound(.fleet, _): "leasectl fleet show shows what is there"
        case .notFound(let noun, _): "leasectl \(noun.word) list shows what is there"
        case .alreadyThere: "choose another name; nothing was changed"
        case .wrongState(_, .waitlisted, _), .wrongState(_, .confirmed, _):
            "leasectl lease cancel gives up what has not begun"
        case .wrongState(_, .starting, _), .wrongState(_, .active, _):
            "leasectl lease release gives back what has begun"
        case .wrongState: "leasectl lease show says how it came there"
        case .invalid: "correct the field; nothing was changed"
        case .notAllowed: "ask as an operator, or as the tenant whose lease it is"
        case .requestTooOld, .requestReused: "make a new request id"
        case .requestAhead: "set this machine's clock"
        case .requestTableFull: "wait until answers are a day old, or ask as another principal"
        case .overloaded: "run again with the same --request-id"
        case .notServing: "run again with the same --request-id once it serves"
        case .logLost: "keep the head that shows it, and tell the operator"
        case .historyTrimmed(let oldest): "watch from index \(oldest) on"
        case .promised: "extend it to that instant at most, or lease other GPUs from then on"
        }
    }
}

/// A number with its word: `1 node`, `2 nodes`.
package func counted(_ number: some BinaryInteger, _ word: String) -> String {
    "\(number) \(word)\(number == 1 ? "" : "s")"
}
