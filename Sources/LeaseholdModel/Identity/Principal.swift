/// Who asked: the one name that a record carries (L13).
///
/// Over TLS it comes from the certificate; on a plain-text loopback connection it is what the hello said.
package struct Principal: Hashable, Sendable, CustomStringConvertible {
    /// What kind of party asks.
    package enum Role: UInt8, Sendable, CaseIterable {
        /// The provider's people and scripts: everything.
        case `operator` = 1
        /// A lessee: its own leases only.
        case tenant = 2
        /// An agent process, speaking for its nodes.
        case agent = 3
        /// The coordinator itself: time passing, nodes falling silent, a reign beginning.
        case coordinator = 4
    }

    package let role: Role
    /// For `tenant` the tenant's name; for `agent` the name it gave at hello.
    package let name: String

    package init(role: Role, name: String) {
        self.role = role
        self.name = name
    }

    /// The coordinator, acting by itself.
    package static let coordinator = Principal(role: .coordinator, name: "coordinator")

    package var description: String { "\(role)/\(name)" }
}

/// A principal's request, as the request table knows it (L2).
package struct RequestKey: Hashable, Sendable {
    package let id: RequestID
    /// A hash of the body as it arrived; the same id with another hash is an error.
    package let bodyHash: UInt64
    package init(id: RequestID, bodyHash: UInt64) {
        self.id = id
        self.bodyHash = bodyHash
    }
}
