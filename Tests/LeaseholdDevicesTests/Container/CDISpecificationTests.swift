import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("The CDI specification of a grant")
struct CDISpecificationTests {
    private typealias Samples = CDISamples

    private func paths(_ devices: GrantedDevice...) throws -> [String] {
        try CDISpecification(grant: Samples.name(13), devices: devices, tables: Samples.tables).nodes.map(\.path)
    }

    private let control = ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"]

    @Test("a GPU is its own file and those of control, and a slice its GPU's file and its own two capabilities")
    func nodes() throws {
        #expect(try paths(.gpu(Samples.whole)) == control + ["/dev/nvidia0"])
        #expect(
            try paths(Samples.slice(2)) == control + [
                "/dev/nvidia1", "/dev/nvidia-caps/nvidia-cap156", "/dev/nvidia-caps/nvidia-cap157",
            ])
        #expect(
            try paths(Samples.slice(1, 1), Samples.slice(1, 0)) == control + [
                "/dev/nvidia1", "/dev/nvidia-caps/nvidia-cap147", "/dev/nvidia-caps/nvidia-cap148",
                "/dev/nvidia-caps/nvidia-cap149",
            ])
    }

    @Test("the file is these bytes, in whatever order the devices are named")
    func bytes() throws {
        let one = try Samples.specification(13, .gpu(Samples.whole), Samples.slice(2))
        let other = try Samples.specification(13, Samples.slice(2), .gpu(Samples.whole))
        #expect(one.bytes == other.bytes)
        let nodes = [
            ("/dev/nvidiactl", 195, 255, "rw"), ("/dev/nvidia-uvm", 510, 0, "rw"),
            ("/dev/nvidia-uvm-tools", 510, 1, "rw"), ("/dev/nvidia0", 195, 0, "rw"), ("/dev/nvidia1", 195, 1, "rw"),
            ("/dev/nvidia-caps/nvidia-cap156", 235, 156, "r"), ("/dev/nvidia-caps/nvidia-cap157", 235, 157, "r"),
        ].map { path, major, minor, permissions in
            """
                      {
                        "path": "\(path)",
                        "type": "c",
                        "major": \(major),
                        "minor": \(minor),
                        "permissions": "\(permissions)"
                      }
            """
        }
        let text = """
            {
              "cdiVersion": "1.1.0",
              "kind": "leasehold.dev/lease",
              "devices": [
                {
                  "name": "L13-1.13-0",
                  "containerEdits": {
                    "env": [
                      "NVIDIA_VISIBLE_DEVICES=void"
                    ],
                    "deviceNodes": [
            \(nodes.joined(separator: ",\n"))
                    ]
                  }
                }
              ]
            }

            """
        #expect(String(decoding: one.bytes, as: UTF8.self) == text)
        #expect(one.qualifiedName == "leasehold.dev/lease=L13-1.13-0")
    }

    @Test("what the driver does not list is refused by name, and so is a grant of nothing or of a thing twice")
    func refused() {
        let stranger = GPUUUID(high: 0xC, low: 0xC)
        let grant = Samples.name(13)
        let cases: [([GrantedDevice], CDIObjection)] = [
            ([], .empty(grant)),
            ([.gpu(stranger)], .gpuUnknown(stranger)),
            ([Samples.slice(1, 0, of: stranger)], .gpuUnknown(stranger)),
            ([Samples.slice(3)], .capabilityUnknown("gpu1/gi3/access")),
            ([Samples.slice(2, 1)], .capabilityUnknown("gpu1/gi2/ci1/access")),
            ([.gpu(Samples.whole), .gpu(Samples.whole)], .twice(grant, .gpu(Samples.whole))),
            ([Samples.slice(1), Samples.slice(1)], .twice(grant, Samples.slice(1))),
            ([Samples.slice(1), .gpu(Samples.cut)], .twice(grant, Samples.slice(1))),
        ]
        for (devices, objection) in cases {
            #expect(throws: objection) {
                try CDISpecification(grant: grant, devices: devices, tables: Samples.tables)
            }
        }
    }

    @Test("a module that is not loaded is named; an older driver has another name, a block device's is none")
    func modules() throws {
        for name in ["nvidia", "nvidia-uvm", "nvidia-caps"] {
            let lines = Samples.devices.split(separator: "\n").filter {
                !$0.hasSuffix(" \(name)") || $0.contains("259")
            }
            let tables = Samples.tables([Samples.whole, Samples.cut], devices: lines.joined(separator: "\n"))
            #expect(throws: CDIObjection.driverUnknown(name)) {
                try Samples.specification(13, Samples.slice(1), tables: tables)
            }
        }
        let older = Samples.devices.replacing("195 nvidia\n", with: "194 nvidia-frontend\n")
        let tables = Samples.tables([Samples.whole, Samples.cut], devices: older)
        let nodes = try Samples.specification(13, .gpu(Samples.whole), tables: tables).nodes
        #expect(nodes.last?.number == DeviceNumber(major: 194, minor: 0))
    }

    @Test("a GPU that does not say who it is, or whose number nobody can read, is not listed")
    func unread() {
        let texts = [
            Samples.information("GPU-????????-????-????-????-????????????", minor: "0"),
            Samples.information(Samples.whole.driverText, minor: "-1"), "GPU UUID: \(Samples.cut.driverText)\n", "",
        ]
        let tables = DriverTables(devices: Samples.devices, gpus: texts, capabilities: "gpu0/gi1/access x\n\n")
        for gpu in [Samples.whole, Samples.cut] {
            #expect(throws: CDIObjection.gpuUnknown(gpu)) {
                try Samples.specification(13, .gpu(gpu), tables: tables)
            }
        }
    }

    @Test("two grants share no GPU, and of a cut one no slice")
    func objections() throws {
        let gpu = GrantedDevice.gpu(Samples.whole)
        let one = Samples.name(1)
        let cases: [(GrantedDevice, GrantedDevice, CDIObjection?)] = [
            (gpu, Samples.slice(1), nil),
            (Samples.slice(1), Samples.slice(2), nil),
            (gpu, gpu, .held("\(gpu)", by: one)),
            (.gpu(Samples.cut), Samples.slice(1), .held("\(Samples.slice(1))", by: one)),
            (Samples.slice(1), .gpu(Samples.cut), .held(Samples.cut.driverText, by: one)),
            // Compute instances of one slice share its memory.
            (Samples.slice(1, 0), Samples.slice(1, 1), .held("\(Samples.slice(1, 1))", by: one)),
        ]
        for (first, second, objection) in cases {
            let standing = try Samples.specification(1, first)
            #expect(try Samples.specification(2, second).objection(beside: standing) == objection)
        }
    }

    @Test("after the driver has counted its GPUs anew, a file of before stands for what it opens as well")
    func renumbered() throws {
        let after = Samples.tables([Samples.cut, Samples.whole])
        let cases: [(GrantedDevice, GrantedDevice, String?)] = [
            (.gpu(Samples.whole), .gpu(Samples.cut), "/dev/nvidia0"),
            (.gpu(Samples.whole), Samples.slice(1), "/dev/nvidia0"),
            (Samples.slice(1), .gpu(Samples.whole), "/dev/nvidia1"),
            (Samples.slice(1), Samples.slice(1, of: Samples.whole), "/dev/nvidia-caps/nvidia-cap147"),
            (Samples.slice(1), Samples.slice(2, of: Samples.whole), nil),
        ]
        for (first, second, path) in cases {
            let before = try Samples.specification(1, first)
            let objection = try Samples.specification(2, second, tables: after).objection(beside: before)
            #expect(objection == path.map { .held($0, by: Samples.name(1)) })
        }
    }
}
