package import LeaseholdModel

/// Where a server listens or a client connects: a TCP host and port, or the path of a Unix socket.
package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    case tcp(host: String, port: UInt16)
    case unix(path: String)

    /// The port of the coordinator's wire protocol where none is named.
    package static let standardPort: UInt16 = 7400
    /// What the kernel's socket address can hold, without its final zero.
    package static let unixPathByteCountMax = 107

    /// Reads `HOST:PORT`, `[IPv6]:PORT`, `HOST` (with the port given) or `unix:PATH`; nil for anything else.
    package init?(text: String, standardPort: UInt16 = Endpoint.standardPort) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty else { return nil }
            self = .unix(path: path)
            return
        }
        let host: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<bracket]
            rest = text[text.index(after: bracket)...]
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<colon]
            rest = text[colon...]
        }
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
        guard !rest.isEmpty else {
            self = .tcp(host: String(host), port: standardPort)
            return
        }
        guard rest.first == ":", rest.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }),
            let port = UInt16(rest.dropFirst())
        else { return nil }
        self = .tcp(host: String(host), port: port)
    }

    /// Reads `HOST:PORT[,HOST:PORT]`; nil where one of them is no address, or where there is none.
    package static func list(text: String, standardPort: UInt16 = Endpoint.standardPort) -> [Endpoint]? {
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let endpoints = words.compactMap { Endpoint(text: String($0), standardPort: standardPort) }
        return endpoints.count == words.count ? endpoints : nil
    }

    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// Whether only this machine can be at the other end: a Unix socket, `localhost`, `::1` or 127.0.0.0/8.
    package var isLoopback: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _): host == "localhost" || host == "::1" || Endpoint.isLoopbackAddress(host)
        }
    }

    private static func isLoopbackAddress(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

/// What protects the bytes of a connection.
///
/// TLS becomes a second case: its handler goes in front of the frames, and everything behind it stays.
package enum ChannelSecurity: Sendable {
    /// Nothing: the peer's hello is believed, so it serves this machine alone.
    case plaintext

    /// Refuses an endpoint that this protection does not suffice for.
    package func admit(_ endpoint: Endpoint) throws(TransportFailure) {
        switch self {
        case .plaintext: guard endpoint.isLoopback else { throw .notLoopback(endpoint) }
        }
        if case .unix(let path) = endpoint, path.utf8.count > Endpoint.unixPathByteCountMax {
            throw .pathTooLong(path, byteCountMax: Endpoint.unixPathByteCountMax)
        }
    }
}

/// What the world denied to a server or a client.
package enum TransportFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Plain text is spoken on this machine only.
    case notLoopback(Endpoint)
    case pathTooLong(String, byteCountMax: Int)
    case cannotListen(Endpoint, reason: String)
    case cannotConnect(Endpoint, reason: String)
    /// The handshake did not finish in this time.
    case connectTimeout(Endpoint, after: Span)

    package var description: String {
        switch self {
        case .notLoopback, .pathTooLong: reason
        case .cannotListen(let endpoint, _): "cannot listen on \(endpoint): \(reason)"
        case .cannotConnect(let endpoint, _), .connectTimeout(let endpoint, _):
            "cannot connect to \(endpoint): \(reason)"
        }
    }

    /// The same without what was tried, for a sentence that says it already.
    package var reason: String {
        switch self {
        case .notLoopback(let endpoint):
            "\(endpoint) is not on this machine: plain text is spoken on loopback only "
                + "(127.0.0.1, ::1, localhost, or unix:PATH)"
        case .pathTooLong(let path, let limit):
            "the socket path \(path) has \(path.utf8.count) bytes; the kernel takes \(limit)"
        case .cannotListen(_, let reason), .cannotConnect(_, let reason): reason
        case .connectTimeout(_, let span): "no answer within \(span)"
        }
    }
}
