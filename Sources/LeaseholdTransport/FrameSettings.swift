package import LeaseholdModel

/// The bounds of one side's connections; the defaults are those of `Limits` (L10).
package struct FrameSettings: Sendable {
    /// From the connection to `Connections.admit`; nil where the peers say no hello.
    package var helloDeadline: Span? = Limits.helloDeadline
    /// From the first byte of a frame to its last.
    package var frameDeadline = Limits.frameDeadline
    /// The largest payload before `Connections.admit` raises it.
    package var payloadByteCountMax = Limits.framePayloadByteCountMaxBeforeHello
    /// Messages before `Connections.admit`: a hello, and nothing more before the welcome.
    package var messageCountMaxBeforeAdmission = 1
    /// Bytes that wait to be written to one connection; above it the connection is closed.
    package var outputByteCountMax = Limits.outputByteCountMax
    /// Bytes that wait to be written above which the connection is not read until half of them are gone.
    package var outputByteCountPause = 1_048_576
    /// Connections of one server.
    package var connectionCountMax = Limits.connectionCountMax
    /// Connections of one server that are not admitted yet.
    package var unhelloedConnectionCountMax = Limits.unhelloedConnectionCountMax
    /// How long a peer that was complained to may take to read it and to hang up.
    package var farewellDeadline = Span.seconds(1)

    package init() {}

    /// For a server whose peers say hello.
    package static let server = FrameSettings()

    /// For a client of such a server: it admits the server once the welcome has arrived.
    package static var client: FrameSettings {
        var settings = FrameSettings()
        settings.payloadByteCountMax = Limits.framePayloadByteCountMax
        // Orders may follow the welcome before the owner has looked at it.
        settings.messageCountMaxBeforeAdmission = .max
        return settings
    }

    /// For a socket between two of our own processes, where nobody says hello.
    package static var withoutHello: FrameSettings {
        var settings = FrameSettings()
        settings.helloDeadline = nil
        settings.payloadByteCountMax = Limits.framePayloadByteCountMax
        return settings
    }
}

/// A message as it arrived, with the correlation number of its frame.
package typealias Arrival = (message: Message, correlation: UInt64)

/// What the owner's inbox made of a batch.
package enum Admission: Sendable {
    /// All of it was taken, or what was not needs no answer.
    case taken
    /// The requests with these correlation numbers were shed: each is answered `overloaded` at once.
    case shed([UInt64], retryAfter: Span)
    /// The peer has to go: the complaint is sent and the connection closed.
    case complained(Complaint)
}

/// What a server or a client tells its owner.
///
/// Called on event loops: they post to the owner's inbox and return. For one connection the calls come in order, one
/// at a time: `opened`, any number of `arrived`, `closed`.
package struct ConnectionEvents: Sendable {
    /// A connection stands; the text names the peer.
    package let opened: @Sendable (ConnectionID, String) -> Void
    /// All messages of one burst of reading, at least one.
    package let arrived: @Sendable (ConnectionID, [Arrival]) -> Admission
    /// The connection is gone; with the complaint that this side closed it for, nil where the peer hung up.
    package let closed: @Sendable (ConnectionID, Complaint?) -> Void

    package init(
        opened: @escaping @Sendable (ConnectionID, String) -> Void,
        arrived: @escaping @Sendable (ConnectionID, [Arrival]) -> Admission,
        closed: @escaping @Sendable (ConnectionID, Complaint?) -> Void
    ) {
        self.opened = opened
        self.arrived = arrived
        self.closed = closed
    }
}
