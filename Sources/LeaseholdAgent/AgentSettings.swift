import LeaseholdModel
package import LeaseholdTransport

/// How an agent is run; every field has a flag of the same name.
package struct AgentSettings: Sendable {
    package var stateDirectory: String
    package var devices: DeviceSource
    package var coordinators: [Endpoint]
    /// Nil for no HTTP.
    package var http: Endpoint?
    /// Whether plain text was asked for; without it nothing is connected to yet.
    package var allowsPlaintext: Bool

    package init(
        stateDirectory: String, devices: DeviceSource, coordinators: [Endpoint], http: Endpoint?, allowsPlaintext: Bool
    ) {
        self.stateDirectory = stateDirectory
        self.devices = devices
        self.coordinators = coordinators
        self.http = http
        self.allowsPlaintext = allowsPlaintext
    }
}

/// How a guard runs tenants' work.
package enum WorkForm: String, Sendable, CaseIterable {
    /// A process for each grant.
    case process
    /// A mark on the device without a process: for many nodes on one machine.
    case modelled
}
