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
            try NodeList.source(node: "s/h/r/n", devices: "simulated:X1*4", asking: DriverWatch.Settings())
        }
        #expect(end?.text.contains("X1*4@900W") == true)
    }
}
