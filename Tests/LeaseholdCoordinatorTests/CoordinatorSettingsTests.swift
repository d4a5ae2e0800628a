import LeaseholdCoordinator
import LeaseholdModel
import LeaseholdTransport
import Testing

@Suite("settings of a coordinator")
struct CoordinatorSettingsTests {
    private func settings(speed: Int64, listen: String = "127.0.0.1:7400", http: String? = nil) throws
        -> CoordinatorSettings
    {
        CoordinatorSettings(
            stateDirectory: "/nowhere", listen: try #require(Endpoint(text: listen)),
            http: try http.map { try #require(Endpoint(text: $0)) }, holds: .standard, turnaround: .zero,
            calendarSpeed: speed, allowsPlaintext: true)
    }

    @Test("a calendar is sped up on loopback only, whichever address is open")
    func loopbackOnly() throws {
        for address in ["127.0.0.1:0", "localhost:1", "[::1]:7400", "unix:/tmp/socket"] {
            #expect(try settings(speed: 3_600, listen: address, http: address).calendarComplaint == nil)
        }
        for address in ["0.0.0.0:7400", "[::]:7400", "192.0.2.1:80", "coordinator.example:7400", "127.0.0.1.nip.io:1"] {
            for settings in [
                try settings(speed: 2, listen: address), try settings(speed: 2, http: address),
                try settings(speed: 2, listen: "127.0.0.1:1", http: address),
            ] {
                let complaint = try #require(settings.calendarComplaint)
                #expect(complaint.hasPrefix("--calendar-speed is 2, and \(address) is not on this machine"))
            }
            #expect(try settings(speed: 1, listen: address, http: address).calendarComplaint == nil)
        }
    }

    @Test("a speed is 1 to the limit; outside it is refused with both", arguments: [-1, 0, 100_001])
    func bounds(speed: Int64) throws {
        let complaint = "--calendar-speed is \(speed); expected 1 to 100000 calendar seconds per second"
        #expect(try settings(speed: speed).calendarComplaint == complaint)
        #expect(try settings(speed: Limits.calendarSpeedMax).calendarComplaint == nil)
    }
}
