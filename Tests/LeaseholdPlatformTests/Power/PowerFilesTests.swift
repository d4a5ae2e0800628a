import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("The kernel's files about power")
struct PowerFilesTests {
    private let scratch = Scratch()

    /// Writes a file of the tree, with a line's end as the kernel does.
    private func write(_ text: String, _ path: String) throws {
        let whole = URL(filePath: scratch.path(of: path))
        try FileManager.default.createDirectory(
            at: whole.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("\(text)\n".utf8).write(to: whole)
    }

    private func zone(_ zone: String, _ name: String, _ microjoules: UInt64) throws {
        try write(name, "powercap/\(zone)/name")
        try write("262143328850", "powercap/\(zone)/max_energy_range_uj")
        try write("\(microjoules)", "powercap/\(zone)/energy_uj")
    }

    private func round() -> PowerRound { PowerFiles(root: scratch.path).round() }

    private func counters(_ round: PowerRound) -> [String: UInt64?] {
        Dictionary(uniqueKeysWithValues: round.readings.map { ($0.instrument, $0.counter?.shown.count) })
    }

    @Test("packages and their memory are read, what they count too is not, and what is shown twice is one")
    func rapl() throws {
        try write("intel-rapl", "powercap/intel-rapl/enabled")
        try zone("intel-rapl:0", "package-0", 5_000_000)
        try zone("intel-rapl:0:0", "core", 4_000_000)
        try zone("intel-rapl:0:1", "dram", 700_999)
        try zone("intel-rapl:1", "package-1", 6_000_000)
        try zone("intel-rapl:2", "psys", 20_000_000)
        try zone("intel-rapl-mmio:0", "package-0", 5_000_000)
        try zone("intel-rapl:3", "package-1", 9_000_000)
        let round = round()
        #expect(round.complaints == [])
        #expect(
            counters(round) == ["package-0": 5_000, "package-0/dram": 700, "package-1": 6_000, "psys": 20_000])
        #expect(round.readings.map(\.source).filter { $0 == .platform }.count == 1)
        #expect(round.readings.allSatisfy { $0.counter?.range == Millijoules(262_143_327) })
    }

    @Test("a meter's average comes before its instant, wherever its driver has its files")
    func sensors() throws {
        try write("power_meter", "hwmon/hwmon0/name")
        try write("415000000", "hwmon/hwmon0/power1_average")
        try write("417000000", "hwmon/hwmon0/power1_input")
        try write("power_meter", "hwmon/hwmon1/name")
        try write("100000000", "hwmon/hwmon1/device/power1_average")
        try write("Grace Power Socket 0", "hwmon/hwmon1/device/power1_oem_info")
        try write("amd_energy", "hwmon/hwmon2/name")
        try write("77000000", "hwmon/hwmon2/energy65_input")
        try write("Esocket0", "hwmon/hwmon2/energy65_label")
        try write("76000000", "hwmon/hwmon2/energy1_input")
        try write("Ecore000", "hwmon/hwmon2/energy1_label")
        try write("nvme", "hwmon/hwmon3/name")
        try write("5000000", "hwmon/hwmon3/power1_input")
        let round = round()
        #expect(round.complaints == [])
        #expect(round.readings.map(\.source).sorted() == [.meter, .sockets, .grace])
        #expect(
            round.readings.first { $0.source == .meter }?.draw
                == InstrumentReading.Draw(shown: Milliwatts(415_000), quality: .average))
        #expect(round.readings.first { $0.source == .grace }?.instrument == "Grace Power Socket 0")
        #expect(round.readings.first { $0.source == .sockets }?.counter?.shown == Millijoules(77_000))
    }

    @Test("a machine that shows nothing has nothing to complain of")
    func nothing() {
        #expect(round() == PowerRound(.files, readings: [], complaints: []))
    }

    @Test("files that only root reads are said once, with what helps; the rest is read")
    func forbidden() throws {
        try zone("intel-rapl:0", "package-0", 1)
        try zone("intel-rapl:1", "package-1", 1)
        try write("power_meter", "hwmon/hwmon0/name")
        try write("415000000", "hwmon/hwmon0/power1_average")
        let files = PowerFiles(root: scratch.path) { (path) throws(SystemFailure) in
            if path.hasSuffix("energy_uj") { throw SystemFailure(operation: "open", subject: path, code: EACCES) }
            return try AtomicFile.read(path)
        }
        let round = files.round()
        #expect(round.readings.map(\.source) == [.meter])
        #expect(round.complaints.count == 1)
        let complaint = try #require(round.complaints.first)
        #expect(complaint.what.contains("powercap/intel-rapl:0/energy_uj is closed to the agent's user"))
        #expect(complaint.remedy.contains("run the agent as root"))
    }

    @Test("what is no number is told with its file")
    func noNumber() throws {
        try zone("intel-rapl:0", "package-0", 1)
        try write("many", "powercap/intel-rapl:0/energy_uj")
        let round = round()
        #expect(round.readings == [])
        #expect(
            round.complaints.map(\.what) == [
                "\(scratch.path)/powercap/intel-rapl:0/energy_uj says \"many\", which is no number"
            ])
    }
}
