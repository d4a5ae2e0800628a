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
    /// Calendar seconds per second; more than 1 for a test on loopback.
    package var calendarSpeed: Int64
    /// Whether plain text was asked for; without it nothing is served yet.
    package var allowsPlaintext: Bool

    /// A write of the log that takes longer is a disk in trouble, for so long after the last one (D16).
    static let slowGroup = Span.seconds(2)
    static let slowGroupMemory = Span.seconds(10)

    /// How long a record that nobody waits for may wait for others to be written and synced with.
    package static let recordRest = Span.milliseconds(2)

    package init(
        stateDirectory: String, listen: Endpoint, http: Endpoint?, holds: HoldSettings, turnaround: Span,
        calendarSpeed: Int64, allowsPlaintext: Bool
    ) {
        self.stateDirectory = stateDirectory
        self.listen = listen
        self.http = http
        self.holds = holds
        self.turnaround = turnaround
        self.calendarSpeed = calendarSpeed
        self.allowsPlaintext = allowsPlaintext
    }

    /// Why the calendar cannot run so fast; nil where it can.
    ///
    /// A calendar that runs faster ends and bills leases that real people hold, so nobody else may be able to ask for one.
    package var calendarComplaint: String? {
        guard (1...Limits.calendarSpeedMax).contains(calendarSpeed) else {
            return
                "--calendar-speed is \(calendarSpeed); expected 1 to \(Limits.calendarSpeedMax) calendar seconds per second"
        }
        guard calendarSpeed > 1, let open = [listen, http].compactMap(\.self).first(where: { !$0.isLoopback }) else {
            return nil
        }
        return
            "--calendar-speed is \(calendarSpeed), and \(open) is not on this machine: a calendar is sped up for tests "
            + "on loopback only (127.0.0.1, ::1, localhost, or unix:PATH)"
    }
}
