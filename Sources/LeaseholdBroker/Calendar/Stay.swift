package import LeaseholdModel

/// GPUs of one node that a lease has to itself over a window, the turnaround after it included.
package struct Stay: Equatable, Sendable {
    package let from: CalendarInstant
    package let until: CalendarInstant
    package let lease: LeaseID
    /// Those that it has whole, and those of which it has parts.
    package let gpus: GPUSet
    /// Whether it takes something else than whole GPUs with what falls to them; the line knows what.
    package let hasUse: Bool

    /// Some GPUs of a node for a lease.
    package init(_ gpus: GPUSet, for lease: LeaseID, over window: Window, hasUse: Bool = false) {
        self.from = window.from
        self.until = window.until
        self.lease = lease
        self.gpus = gpus
        self.hasUse = hasUse
    }

    /// When.
    package var window: Window { Window(from: from, until: until) }
}
