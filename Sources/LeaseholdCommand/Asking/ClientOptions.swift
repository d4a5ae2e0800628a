import ArgumentParser
import LeaseholdClient
import LeaseholdModel

/// The flags of every verb that talks to the coordinator.
struct ClientOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the coordinator is; several are tried in order. "
                + "(default: LEASEHOLD_COORDINATOR, or 127.0.0.1:7400)",
            valueName: "host:port,..."))
    var coordinator: String?

    @Option(
        help: ArgumentHelp(
            "Who asks, on a plain-text loopback connection: operator/NAME or tenant/NAME. "
                + "(default: LEASEHOLD_PRINCIPAL, or operator/USER)",
            valueName: "role/name"),
        transform: Reading.principal)
    var principal: Principal?

    @Option(
        help: ArgumentHelp(
            "How long to wait for the answer, asking again included. (default: 10s)",
            valueName: "duration"),
        transform: Reading.span)
    var timeout: Span?

    @Option(name: [.customShort("o"), .long], help: "How to print answers.")
    var output: OutputFormat = .table

    /// Where to ask, from the flag, the environment or the default.
    func addresses() throws -> CoordinatorAddresses {
        let text = coordinator ?? environment("LEASEHOLD_COORDINATOR") ?? "127.0.0.1:7400"
        guard let addresses = CoordinatorAddresses(text: text) else {
            let place = coordinator == nil ? "LEASEHOLD_COORDINATOR" : "--coordinator"
            throw ValidationError("\(place) is '\(text)'; expected HOST:PORT, or several separated by commas")
        }
        if let complaint = addresses.complaint { throw ValidationError(complaint) }
        return addresses
    }

    /// Who asks, from the flag, the environment or the user's name.
    func asker() throws -> Principal {
        if let principal { return principal }
        if let text = environment("LEASEHOLD_PRINCIPAL") {
            do {
                return try Reading.principal(text)
            } catch {
                throw ValidationError("LEASEHOLD_PRINCIPAL is '\(text)'; \(error)")
            }
        }
        let user = environment("USER") ?? ""
        return Principal(role: .operator, name: isWellFormedName(user) ? user : "operator")
    }

    private func environment(_ name: String) -> String? {
        Console.current.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// The flag of every verb that changes something.
struct ChangeOptions: ParsableArguments {
    @Option(
        name: .customLong("request-id"),
        help: ArgumentHelp(
            "Names this change, so that running it again does not do it twice: a UUID of version 7. (default: a new one)",
            valueName: "uuid"),
        transform: Reading.requestID)
    var requestID: RequestID?

    /// The id given, or a new one.
    var id: RequestID { requestID ?? .fresh() }
}
