package import LeaseholdModel
package import LeaseholdTransport

/// How a coordinator is run; every field has a flag of the same name.
package struct CoordinatorSettings: Sendable {
    package var stateDirectory: String
    package var listen: Endpoint
    /// Nil for no HTTP.
    package var http: Endpoint?
    package var holds: HoldSettings
    /// How long nobody is promised a lease's GPUs after its end.
    package var turnaround: Span
    /// Whether plain text was asked for; without it nothing is served yet.
    package var allowsPlaintext: Bool

    package init(
        stateDirectory: String, listen: Endpoint, http: Endpoint?, holds: HoldSettings, turnaround: Span,
        allowsPlaintext: Bool
    ) {
        self.stateDirectory = stateDirectory
        self.listen = listen
        self.http = http
        self.holds = holds
        self.turnaround = turnaround
        self.allowsPlaintext = allowsPlaintext
    }
}
