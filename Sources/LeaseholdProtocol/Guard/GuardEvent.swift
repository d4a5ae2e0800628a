package import LeaseholdModel

/// Everything that can happen to a guard.
package enum GuardEvent: Hashable, Sendable {
    case agentConnected(ConnectionID)
    case agentDisconnected(ConnectionID)
    case ordered(ConnectionID, GuardOrder)
    /// The devices took the grant's mark and its work runs; nil for work that is modelled without a process.
    case launched(GuardedGrant, process: TenantProcessID?)
    /// The devices or the machine would not.
    case launchFailed(GuardedGrant, StartRefusal)
    /// A tenant's process is gone and reaped.
    case exited(TenantProcessID)
    /// The memory of the grant's GPUs is wiped and they carry no mark.
    case vacated(GuardedGrant)
    /// The deadline that the machine named has come.
    case deadlineReached
    /// End every tenant's work: the guard is going to stop.
    case drainRequested
}

/// Everything that a guard's shell carries out; each effect's outcome comes back as an event.
package enum GuardEffect: Hashable, Sendable {
    case answer(ConnectionID, GuardAnswer)
    /// Mark the devices with the grant, then start its work, which itself looks at the clock and does not start from
    /// the deadline on: says `launched` or `launchFailed`.
    case launch(GuardedGrant, notAfter: BootInstant)
    /// Kill the process and everything it started: says `exited`.
    case kill(TenantProcessID)
    /// End whoever works there that no process was launched for, wipe the memory, then take the mark off: says
    /// `vacated`, however long it takes. Because the grant's word ran out, or by order.
    case vacate(GuardedGrant, isFence: Bool)
    case close(ConnectionID)
    case note(Note)
}

/// A process of a tenant, as the system numbers it.
package struct TenantProcessID: NumberedID {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
}
