/// Why a process of ours ends, with the exit status that operators rely on.
package struct ProcessEnd: Error, Hashable, Sendable, CustomStringConvertible {
    /// The exit statuses of coordinator, agent and guard.
    package enum Status: Int32, Sendable {
        /// After a drain.
        case drained = 0
        /// Disk, port, certificate: named.
        case world = 1
        /// Flags or settings.
        case usage = 2
        /// The log, or an agent's witness, says that data was lost.
        case dataLost = 3
        /// The directory belongs to another cluster or is in use.
        case notOurs = 4
    }

    package let status: Status
    /// What is wrong, the value, what was expected, what to do.
    package let text: String

    package init(_ status: Status, _ text: String) {
        self.status = status
        self.text = text
    }

    package var description: String { text }
}
