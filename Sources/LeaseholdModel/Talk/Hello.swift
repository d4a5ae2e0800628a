/// The first message on every connection.
package struct Hello: Hashable, Sendable {
    /// The oldest and the newest protocol version that the sender speaks.
    package let versions: ClosedRange<UInt16>
    /// Who asks; on a plain-text loopback connection it is believed.
    package let principal: Principal
    package let incarnation: Incarnation
    package let boot: BootID
    /// The log and the highest reign that the sender has seen; nil for a client and for an agent of no log yet (L4).
    package let seen: SeenReign?
    /// The highest signed head of the log that the sender has kept; nil for a client and for who has none (L9).
    package var ledgerHead: HeadText?

    package init(
        versions: ClosedRange<UInt16>, principal: Principal, incarnation: Incarnation, boot: BootID, seen: SeenReign?,
        ledgerHead: HeadText? = nil
    ) {
        self.versions = versions
        self.principal = principal
        self.incarnation = incarnation
        self.boot = boot
        self.seen = seen
        self.ledgerHead = ledgerHead
    }

    /// The one version that this house speaks.
    package static let version: UInt16 = 1
}

/// A reign of a log, as an agent keeps it durably.
package struct SeenReign: Hashable, Sendable {
    package let log: LogID
    package let reign: Reign
    /// The start of the coordinator that led it.
    ///
    /// A log that has lost records counts a reign twice; the two are led by different starts (L9).
    package let incarnation: Incarnation
    package init(log: LogID, reign: Reign, incarnation: Incarnation) {
        self.log = log
        self.reign = reign
        self.incarnation = incarnation
    }
}

/// A head of a log, and the start of the coordinator that showed it.
///
/// An index alone does not say which history it belongs to: a log that has lost records gives it out again (L9).
package struct WitnessedHead: Hashable, Sendable {
    package let head: LogHead
    package let leader: Incarnation

    package init(_ head: LogHead, by leader: Incarnation) {
        self.head = head
        self.leader = leader
    }

    /// Nothing was ever shown.
    package static let none = WitnessedHead(.empty, by: Incarnation(high: 0, low: 0))
}

/// The coordinator's answer to a hello.
package struct Welcome: Hashable, Sendable {
    package let version: UInt16
    package let cluster: String
    package let reign: SeenReign
    package let holds: HoldSettings
    package let head: LogHead
    /// The public key that the log's heads are signed with, as text.
    package let ledgerKey: String

    package init(
        version: UInt16, cluster: String, reign: SeenReign, holds: HoldSettings, head: LogHead, ledgerKey: String
    ) {
        self.version = version
        self.cluster = cluster
        self.reign = reign
        self.holds = holds
        self.head = head
        self.ledgerKey = ledgerKey
    }
}

/// Why a connection is being closed; the last message on it.
package struct Complaint: Hashable, Sendable, Error {
    /// What was wrong with what the peer sent.
    package enum Code: UInt8, Sendable, CaseIterable {
        case frameBroken = 1
        case frameTooLong = 2
        case versionUnknown = 3
        case notHello = 4
        case messageUnknown = 5
        case notForRole = 6
        case tooSlow = 7
        case tooMany = 8
        case reignOld = 9
        case otherLog = 10
        case replaced = 11
        case closing = 12
    }

    package let code: Code
    /// The place, the value and what was expected.
    package let text: String

    package init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }
}
