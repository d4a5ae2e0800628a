import LeaseholdTransport

/// Where a coordinator may be: one address, or several that are tried in order.
package struct CoordinatorAddresses: Hashable, Sendable, CustomStringConvertible {
    let endpoints: [Endpoint]

    /// Reads `HOST[:PORT][,HOST[:PORT]]` or `unix:PATH`; the port is 7400 where none is named.
    ///
    /// Nil for anything else.
    package init?(text: String) {
        guard let endpoints = Endpoint.list(text: text), !endpoints.isEmpty else { return nil }
        self.endpoints = endpoints
    }

    /// Why one of them cannot be talked to as they stand; nil where all can.
    package var complaint: String? {
        for endpoint in endpoints {
            do {
                try ChannelSecurity.plaintext.admit(endpoint)
            } catch {
                return error.description
            }
        }
        return nil
    }

    package var description: String { endpoints.map(\.description).joined(separator: ", ") }
}
