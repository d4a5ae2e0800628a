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

/// What tenants' work is to a guard.
enum WorkForm: Sendable {
    /// It starts a process for each grant, which plays a tenant's.
    case process
    /// A mark on the device without a process: for many nodes on one machine.
    case modelled
    /// Whoever has the devices of a grant open: others start it, and the guard ends it.
    case tenants(TenantRoom)

    /// Whether the guard has children that it waits for; its hooks wait for their own.
    var hasChildren: Bool {
        switch self {
        case .process: true
        case .modelled, .tenants: false
        }
    }
}
