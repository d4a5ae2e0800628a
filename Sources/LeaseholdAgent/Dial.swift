import LeaseholdModel
import LeaseholdPlatform
import LeaseholdTransport

/// Keeps one connection standing: tries the addresses in turn, and waits longer after every failure.
struct Dial {
    /// Where the connection is.
    private enum State: Equatable {
        case resting(until: BootInstant)
        case trying
        case standing(ConnectionID)
    }

    private let endpoints: [Endpoint]
    private var position = 0
    private var state: State
    private var pause: Span

    private static let pauseMin = Span.milliseconds(100)
    private static let pauseMax = Span.seconds(2)

    init(_ endpoints: [Endpoint], at now: BootInstant) {
        precondition(!endpoints.isEmpty, "nobody to connect to")
        self.endpoints = endpoints
        self.state = .resting(until: now)
        self.pause = Dial.pauseMin
    }

    /// When the next attempt is due; never while one is under way.
    var nextDeadline: BootInstant {
        switch state {
        case .resting(let until): until
        case .trying, .standing: .never
        }
    }

    /// The address to try now, if it is time.
    mutating func next(at now: BootInstant) -> Endpoint? {
        guard case .resting(let until) = state, until <= now else { return nil }
        state = .trying
        defer { position = (position + 1) % endpoints.count }
        return endpoints[position]
    }

    mutating func noteOpened(_ connection: ConnectionID) {
        state = .standing(connection)
    }

    /// The peer is who it should be: the next pause is short again.
    mutating func noteWelcomed() { pause = Dial.pauseMin }

    mutating func noteFailed(at now: BootInstant) {
        // Up to a quarter more, so that the agents of a site do not come back all at once.
        let jitter = Span(nanoseconds: .random(in: 0...pause.nanoseconds / 4))
        state = .resting(until: now + pause + jitter)
        pause = min(pause * 2, Dial.pauseMax)
    }

    /// Whether the connection that is gone was the standing one.
    mutating func noteClosed(_ connection: ConnectionID, at now: BootInstant) -> Bool {
        guard state == .standing(connection) else { return false }
        noteFailed(at: now)
        return true
    }
}
