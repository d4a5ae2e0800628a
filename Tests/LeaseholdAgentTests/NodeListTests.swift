import LeaseholdAgent
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("node lists")
struct NodeListTests {
    @Test("a list names a node and its devices on each line, with comments and blank lines between")
    func readsList() throws {
        let text = "# rack 1\nsite/hall/rack/a H100*8\n\n  site/hall/rack/b\tT4*2  # two\nsite/hall/rack/c X1*4@900W\n"
        let shapes = try NodeList.read(text, name: "nodes.txt")
        #expect(shapes.map(\.path) == ["site/hall/rack/a", "site/hall/rack/b", "site/hall/rack/c"])
        #expect(shapes.map(\.gpuCount) == [8, 2, 4])
        #expect(shapes.map(\.envelope.count) == [10_200, 202, 3_600])
    }

    @Test(
        "what is wrong is named with its line",
        arguments: [
            ("site/hall/rack/a", "nodes.txt:1: \"site/hall/rack/a\"; expected PATH KIND*COUNT"),
            ("rack/a H100*8", "nodes.txt:1: node \"rack/a\"; expected SITE/HALL/RACK/NODE"),
            ("s/h/r/a H100*17", "nodes.txt:1: devices \"H100*17\"; expected KIND*COUNT with 1 to 16 GPUs"),
            ("s/h/r/a 1/2", "nodes.txt:1: devices \"1/2\"; expected KIND*COUNT with 1 to 16 GPUs"),
            ("s/h/r/a H100*1\ns/h/r/a H100*1", "nodes.txt:2: node s/h/r/a stands in the list twice"),
            ("# nothing", "nodes.txt: no node in it"),
        ])
    func complains(text: String, complaint: String) {
        #expect(throws: ProcessEnd(.usage, complaint)) { try NodeList.read(text, name: "nodes.txt") }
    }

    @Test("a kind that nobody knows needs its envelope")
    func unknownKind() {
        let end = #expect(throws: ProcessEnd.self) {
            try NodeList.source(node: "s/h/r/n", devices: "simulated:X1*4")
        }
        #expect(end?.text.contains("X1*4@900W") == true)
    }

    @Test("the GPUs of the machine are those of the driver, of a kind that is stated where the catalogue has none")
    func driver() throws {
        guard
            case .driver(node: "s/h/r/n", kind: nil, let watch, let enforcement, let senses) =
                try NodeList.source(node: "s/h/r/n", devices: "nvml")
        else { return #expect(Bool(false), "no driver") }
        #expect(watch.limit == nil && enforcement.reset?.path == "/usr/bin/nvidia-smi")
        #expect(enforcement.reset?.arguments == ["--gpu-reset", "-i"] && enforcement.hookDirectory == nil)
        #expect(senses.meters.files != nil && senses.meters.hook == nil && senses.probes.directory == nil)
        guard
            case .driver(_, kind: let kind?, _, _, _) = try NodeList.source(node: "s/h/r/n", devices: "nvml:L40S@520W")
        else {
            return #expect(Bool(false), "no kind")
        }
        #expect(kind.name == "L40S" && kind.envelope == Watts(520))
        for devices in ["nvml:", "nvml:X1", "nvml:H100@0W", "nvml:H100@999MW", "cuda"] {
            #expect(throws: ProcessEnd.self, "\(devices)") { try NodeList.source(node: "s/h/r/n", devices: devices) }
        }
    }

    @Test("a flag for the machine's GPUs that makes no sense is refused by its name")
    func flags() {
        let cases: [(String, String, (inout DriverFlags, String) -> Void)] = [
            ("--hook-limit", "0s", { $0.hookLimit = $1 }), ("--hook-limit", "2h", { $0.hookLimit = $1 }),
            ("--hooks", "hooks", { $0.hooks = $1 }), ("--cdi-dir", "cdi", { $0.cdiDirectory = $1 }),
            ("--probe-interval", "0s", { $0.probeInterval = $1 }), ("--probe-limit", "2h", { $0.probeLimit = $1 }),
            ("--power-interval", "often", { $0.powerInterval = $1 }), ("--power-files", "sys", { $0.powerFiles = $1 }),
            ("--attest", "always", { $0.attest = $1 }), ("--attest", "required", { $0.attest = $1 }),
            ("--gpu-reset", "nvidia-smi", { $0.gpuReset = $1 }), ("--gpu-reset", "", { $0.gpuReset = $1 }),
        ]
        for (name, text, set) in cases {
            var flags = DriverFlags()
            set(&flags, text)
            let end = #expect(throws: ProcessEnd.self) {
                try NodeList.source(node: "s/h/r/n", devices: "nvml", flags)
            }
            #expect(end?.text.hasPrefix("\(name) is \"\(text)\"") == true && end?.status == .usage)
        }
    }

    @Test("the site's probes and its program for power are below its hooks, and the kernel's files where it says")
    func senses() throws {
        var flags = DriverFlags()
        flags.hooks = "/etc/leasehold/hooks"
        flags.probeInterval = "90s"
        flags.powerFiles = "none"
        guard
            case .driver(_, _, _, _, let senses) = try NodeList.source(node: "s/h/r/n", devices: "nvml", flags)
        else { return #expect(Bool(false), "no driver") }
        #expect(senses.probes.directory == "/etc/leasehold/hooks/probes" && senses.probes.interval == .seconds(90))
        #expect(senses.meters.hook == "/etc/leasehold/hooks/power-reading" && senses.meters.files == nil)
        #expect(senses.probes.limit == .seconds(30) && senses.meters.hookInterval == .seconds(10))
    }

    @Test("a power limit is watts, and those of a GPU", arguments: ["600", "0W", "999MW", "warm"])
    func powerLimit(text: String) {
        var flags = DriverFlags()
        flags.powerLimit = text
        #expect(throws: ProcessEnd.self) { try NodeList.source(node: "s/h/r/n", devices: "nvml", flags) }
    }
}
