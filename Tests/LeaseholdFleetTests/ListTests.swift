import LeaseholdFleet
import LeaseholdModel
import Testing

@Suite("Node lists and request lists")
struct ListTests {
    private let header = "sn,cpu_milli,memory_mib,gpu,model\n"

    private func nodes(_ text: String, site: String = "s") throws(FleetComplaint) -> FleetDeclaration {
        try FleetFile.readNodeCSV(text: text, name: "n.csv", site: site)
    }

    private func complaint(_ text: String, site: String = "s") -> String? {
        do {
            _ = try nodes(text, site: site)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("a node list becomes one rack without limits, a run for each node in the list's order")
    func nodeList() throws {
        let fleet = try nodes(header + "n-0001,64000,262144,2,P100\nn-0000,96000,786432,8,G2\n")
        let places = ["s", "s/all", "s/all/all"].map { PlaceDeclaration(path: $0, limit: nil) }
        #expect(fleet.places == places)
        let runs = [
            NodeRun(
                rack: 2, namePrefix: "n-0001", firstNumber: nil, count: 1, kind: "P100", gpusPerNode: 2,
                envelope: Watts(724), cpu: Millicores(64_000), memory: Mebibytes(262_144)),
            NodeRun(
                rack: 2, namePrefix: "n-0000", firstNumber: nil, count: 1, kind: "G2", gpusPerNode: 8,
                envelope: Watts(1_736), cpu: Millicores(96_000), memory: Mebibytes(786_432)),
        ]
        #expect(fleet.runs == runs)
        #expect(fleet.kinds.isEmpty)
    }

    @Test("CRLF, quotes, empty lines, other columns and their order change nothing")
    func otherSpellings() throws {
        let plain = try nodes("sn,gpu,model\nn-1,2,T4\nn-2,4,T4\n")
        let other = "\u{FEFF}model,\"note\",\"sn\",gpu\r\nT4,\"a, \"\"b\"\"\nc\",n-1,2\r\n\r\n\"T4\",,n-2,\"4\""
        #expect(try nodes(other) == plain)
    }

    @Test(
        "a broken node list is told by line and column",
        arguments: [
            BrokenText("", "n.csv: is empty; expected a header"),
            BrokenText("sn,gpu,model\n", "n.csv: has no row below its header"),
            BrokenText("sn,gpus,model\nn,1,T4\n", "n.csv:1: has no column gpu; did you mean \"gpus\"?"),
            BrokenText(
                "name,model\nn,T4\n",
                """
                n.csv:1: has no column sn; it has "name", "model"
                n.csv:1: has no column gpu; it has "name", "model"
                """),
            BrokenText("sn,gpu,gpu,model\nn,1,1,T4\n", "n.csv:1: has the column gpu twice"),
            BrokenText(
                "sn,gpu,model\nn,1\nm,1,T4,5\n",
                """
                n.csv:2: has 2 values; expected 3, as the header has
                n.csv:3: has 4 values; expected 3, as the header has
                """),
            BrokenText(
                "sn,gpu,model\n\nn,x,T5\nn,0,Voodoo\n-n,17,\n",
                """
                n.csv:3: gpu: "x" is not a whole number; expected 1 to 16
                n.csv:3: model: "T5" is not a kind; did you mean T4?
                n.csv:4: sn: "n" stands twice, first in line 3
                n.csv:4: gpu: 0 is out of range; expected 1 to 16
                n.csv:4: model: "Voodoo" is not a kind; expected one of H100, H200, B200, GB200, A10, T4, P100, \
                V100M16, V100M32, G2, G3
                n.csv:5: sn: "-n" is not a name; expected 1 to 63 letters, digits, hyphens, underscores or dots, \
                a letter, a digit or an underscore first
                n.csv:5: gpu: 17 is out of range; expected 1 to 16
                n.csv:5: model: "" is not a kind; expected one of H100, H200, B200, GB200, A10, T4, P100, V100M16, \
                V100M32, G2, G3
                """),
            BrokenText("sn,gpu,model\n\"n\nm,1,T4\n", "n.csv:2: has a quoted value that is never closed"),
            BrokenText(
                "sn,gpu,model\n\"n\"1,1,T4\n",
                "n.csv:2: goes on behind a closing quote; expected a comma or the end of the line"),
        ])
    func brokenNodeList(_ broken: BrokenText) {
        #expect(complaint(broken.text) == broken.complaint)
    }

    @Test("a site must have a name")
    func siteName() {
        let complaint = complaint(header + "n,1,1,1,T4\n", site: "a/b")
        #expect(complaint == "n.csv: site: \"a/b\" is not a name; \(BrokenFleet.nameForm)")
    }

    @Test("a request list keeps shares, CPU alone, kinds and times as they are")
    func requestList() throws {
        let text = """
            name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,creation_time,deletion_time
            p-0,12000,16384,1,1000,,LS,0,90
            p-1,6000,12288,1,460,,LS,5,
            p-2,6000,12288,0,0,,BE,6,7
            p-3,6000,12288,8,1000,V100M16|V100M32,BE,7,8
            """
        func row(
            _ name: String, _ count: Int, _ share: Int = 1_000, cpu: UInt32 = 6_000, memory: UInt32 = 12_288,
            kinds: [String] = [], from: Int, until: Int?
        ) -> RequestList.Row {
            RequestList.Row(
                name: name, gpuCount: count, gpuThousandths: share, cpu: Millicores(cpu), memory: Mebibytes(memory),
                kinds: kinds, createdAt: from, deletedAt: until)
        }
        let rows = [
            row("p-0", 1, cpu: 12_000, memory: 16_384, from: 0, until: 90), row("p-1", 1, 460, from: 5, until: nil),
            row("p-2", 0, 0, from: 6, until: 7), row("p-3", 8, kinds: ["V100M16", "V100M32"], from: 7, until: 8),
        ]
        #expect(try RequestList.read(text: text, name: "p.csv") == rows)
    }

    @Test("a broken request list is told by line and column")
    func brokenRequestList() {
        let text = "name,num_gpu,gpu_milli\np,1,1001\np,-1,1000\n,1,1000\n"
        let error = #expect(throws: FileComplaint.self) { try RequestList.read(text: text, name: "p.csv") }
        let expected = """
            p.csv:2: gpu_milli: 1001 is out of range; expected 0 to 1000
            p.csv:3: name: "p" stands twice, first in line 2
            p.csv:3: num_gpu: -1 is out of range; expected 0 to 1000000
            p.csv:4: name: is empty; expected the request's name
            """
        #expect(error?.description == expected)
    }
}
