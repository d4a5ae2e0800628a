package import LeaseholdModel
package import LeaseholdTransport

/// Why a request has no answer: the world, not a refusal.
package enum ClientFailure: Error, Hashable, Sendable {
    /// No coordinator could be talked to, and nothing of this request was sent.
    case notReachable([Endpoint], reason: String)
    /// The request was sent and no answer came: a change may or may not have happened.
    case noAnswer(after: Span, request: RequestID?)
    /// The coordinator closed the connection over something that this side sent; nothing happened.
    case closed(Complaint)
    /// The connection of a watch is gone; the watch can go on from this index, where one is known.
    case watchLost(next: RecordIndex?)
    /// Events came faster than they were taken; the watch can go on from this index.
    case watchBehind(next: RecordIndex)
    /// So many requests wait already.
    case tooManyWaiting(limit: Int)
    /// The client was closed by its own process.
    case ended
}

extension ClientFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notReachable(let endpoints, let reason):
            "no coordinator at \(endpoints.map(\.description).joined(separator: ", ")): \(reason)"
        case .noAnswer(let span, .some(let id)):
            "no answer within \(span); whether it happened is unknown (request \(id))"
        case .noAnswer(let span, nil): "no answer within \(span)"
        case .closed(let complaint): "the coordinator closed the connection: \(complaint.text) (\(complaint.code))"
        case .watchLost: "the connection was lost while watching"
        case .watchBehind(let next): "events came faster than they were read; those from index \(next) on are missing"
        case .tooManyWaiting(let limit): "\(limit) requests wait for an answer already"
        case .ended: "the client was closed"
        }
    }

    /// What the asker could do next.
    package var advice: String {
        switch self {
        case .notReachable:
            "start one (leasehold-coordinator run), or name it: --coordinator HOST:PORT or LEASEHOLD_COORDINATOR"
        case .noAnswer(_, .some(let id)): "run again with --request-id \(id): it will not happen twice"
        case .noAnswer(_, nil): "run again, or allow more time with --timeout"
        case .closed(let complaint):
            switch complaint.code {
            case .versionUnknown: "use a leasectl of the coordinator's release"
            case .tooMany, .tooSlow, .closing, .replaced: "run again in a moment"
            case .notForRole: "ask as another principal"
            case .frameBroken, .frameTooLong, .notHello, .messageUnknown, .reignOld, .otherLog:
                "check that the address is a coordinator's wire port"
            }
        case .watchBehind(let next): "watch again with --from-index \(next)"
        case .watchLost(let next):
            next.map { "watch again with --from-index \($0)" } ?? "watch again"
        case .tooManyWaiting: "send fewer at once"
        case .ended: "run again"
        }
    }

    /// The word in JSON output.
    package var word: String {
        switch self {
        case .notReachable: "notReachable"
        case .noAnswer: "noAnswer"
        case .closed: "closed"
        case .watchLost: "watchLost"
        case .watchBehind: "watchBehind"
        case .tooManyWaiting: "tooManyWaiting"
        case .ended: "ended"
        }
    }

    /// Whether a change that failed so may have happened nevertheless.
    package var isOutcomeUnknown: Bool {
        switch self {
        case .noAnswer: true
        case .notReachable, .closed, .watchLost, .watchBehind, .tooManyWaiting, .ended: false
        }
    }

    /// The exit status of leasectl: 7 where asking again may help, 1 where the two do not understand each other.
    package var exitStatus: Int32 {
        switch self {
        case .notReachable, .noAnswer, .watchLost, .watchBehind: 7
        case .closed(let complaint): complaint.code.isPassing ? 7 : 1
        case .tooManyWaiting, .ended: 1
        }
    }
}

extension Complaint.Code {
    /// Whether the same bytes may be welcome on another connection, later.
    var isPassing: Bool {
        switch self {
        case .tooSlow, .tooMany, .closing, .replaced: true
        case .frameBroken, .frameTooLong, .versionUnknown, .notHello, .messageUnknown, .notForRole, .reignOld,
            .otherLog:
            false
        }
    }
}
