import LeaseholdFleet
import LeaseholdModel
import Testing

@Suite("Complaints about fleet files")
struct FleetComplaintTests {
    @Test(
        "text that is no YAML, or more than the house reads, is refused with its line",
        arguments: [
            BrokenText("", "f.yaml: is empty"),
            BrokenText("# Nothing.\n", "f.yaml: is empty"),
            BrokenText(
                "site: a\nhalls: [{name: h\nlimit: 3\n",
                "f.yaml:3: is not YAML: did not find expected ',' or '}' while parsing a flow mapping "
                    + "that starts in line 2"),
            BrokenText(
                "site: a\n\tlimit: 1W\n",
                "f.yaml:2: is not YAML: found a tab character that violates indentation while scanning a plain scalar "
                    + "that starts in line 1"),
            BrokenText(
                "site: \"a\n",
                "f.yaml:2: is not YAML: found unexpected end of stream while scanning a quoted scalar "
                    + "that starts in line 1"),
            BrokenText("site: a\n---\nsite: b\n", "f.yaml:2: expected one document, but found another document"),
            BrokenText(
                "site: a\nlimit: 1W\nsite: b\n", "f.yaml:1: \"site\" stands more than once in one mapping, first here"),
            BrokenText("site: &x a\n", BrokenFleet.strange("&", line: 1)),
            BrokenText("site: a\nhalls: [*x]\n", BrokenFleet.strange("*", line: 2)),
            BrokenText("site: !!str a\n", BrokenFleet.strange("!", line: 1)),
            BrokenText("site: |\n  a\n", BrokenFleet.strange("|", line: 1)),
            BrokenText("site: a\r\nhalls: \u{7}\r\n", "f.yaml:2: holds the control character U+0007; expected text"),
            BrokenText("a: " + String(repeating: "[", count: 17), "f.yaml:1: more than 16 brackets are open"),
            BrokenText("- a\n- b\n", "f.yaml:1: is a list; expected a mapping of keys to values"),
            BrokenText("just text\n", "f.yaml:1: is \"just text\"; expected a mapping of keys to values"),
            BrokenText("~\n", "f.yaml:1: has no value; expected a mapping of keys to values"),
        ])
    func notYAML(_ broken: BrokenText) {
        #expect(BrokenFleet.complaint(of: broken.text) == broken.complaint)
    }

    @Test(
        "unknown, missing and contradicting keys are told with line and path",
        arguments: [
            BrokenText(
                "sit: a\nhalls: []\n",
                """
                f.yaml:1: "sit" is not a key of a fleet; did you mean site?
                f.yaml:1: site: is missing
                f.yaml:2: halls: is an empty list; expected a list of halls
                """),
            BrokenText("site: a\n", "f.yaml:1: halls: is missing"),
            BrokenText(
                "site: a\nhalls:\n  - name: h\n    colour: red\n    racks: {}\n",
                """
                f.yaml:4: halls[0]: "colour" is not a key of a hall; expected one of name, count, first, limit, racks
                f.yaml:5: halls[0].racks: is a mapping; expected a list of racks
                """),
            BrokenText("site: a\nhalls: [{name: h}]\n", "f.yaml:2: halls[0].racks: is missing"),
            BrokenText("site: a\nhalls: [h]\n", "f.yaml:2: halls[0]: is \"h\"; expected a mapping of keys to values"),
            BrokenText("site: a\nhalls:\n", "f.yaml:2: halls: has no value; expected a list of halls"),
            BrokenText(
                "site: a\n? [b]\n: c\nhalls: h\n",
                """
                f.yaml:2: a key is no text
                f.yaml:4: halls: is "h"; expected a list of halls
                """),
            BrokenText(
                BrokenFleet.rack("name: r"),
                """
                f.yaml:5: halls[0].racks[0].nodes_per_rack: is missing
                f.yaml:5: halls[0].racks[0].gpus_per_node: is missing
                f.yaml:5: halls[0].racks[0].kind: is missing
                """),
            BrokenText(BrokenFleet.changed("name: r, ", ""), "f.yaml:5: halls[0].racks[0].name: is missing"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: r, first: 2"),
                "f.yaml:5: halls[0].racks[0].first: stands without count, which it numbers from"),
            BrokenText(
                BrokenFleet.changed("kind", "node_envelope: 9kW, rack_envelope: 18kW, kind"),
                "f.yaml:5: halls[0].racks[0].rack_envelope: stands beside node_envelope; expected one of the two"),
            BrokenText(
                BrokenFleet.rack("name: r, kind: H100, nodes: [{name: n, kind: H100, gpus: 8}]"),
                "f.yaml:5: halls[0].racks[0].kind: stands beside nodes; expected it within an entry of the list"),
            BrokenText(
                BrokenFleet.node("kind: H100"),
                """
                f.yaml:6: halls[0].racks[0].nodes[0].name: is missing
                f.yaml:6: halls[0].racks[0].nodes[0].gpus: is missing
                """),
            BrokenText(
                "site: a\nsites: [{name: b, halls: 3}]\n",
                """
                f.yaml:1: site: stands beside sites; expected it within an entry of the list
                f.yaml:2: sites[0].halls: is "3"; expected a list of halls
                """),
        ])
    func keys(_ broken: BrokenText) {
        #expect(BrokenFleet.complaint(of: broken.text) == broken.complaint)
    }

    @Test(
        "numbers, powers and sizes are told with what they may be",
        arguments: [
            BrokenText(
                BrokenFleet.changed("rack: 2", "rack: two"),
                "f.yaml:5: halls[0].racks[0].nodes_per_rack: \"two\" is not a whole number; expected 1 to 10000"),
            BrokenText(
                BrokenFleet.changed("rack: 2", "rack: \"2\""),
                "f.yaml:5: halls[0].racks[0].nodes_per_rack: \"2\" is text; expected a whole number, 1 to 10000"),
            BrokenText(
                BrokenFleet.changed("rack: 2", "rack: 2.5"),
                "f.yaml:5: halls[0].racks[0].nodes_per_rack: \"2.5\" is not a whole number; expected 1 to 10000"),
            BrokenText(
                BrokenFleet.changed("rack: 2", "rack: 010"),
                "f.yaml:5: halls[0].racks[0].nodes_per_rack: \"010\" is not a whole number; expected 1 to 10000"),
            BrokenText(
                BrokenFleet.changed("rack: 2", "rack: 0"),
                "f.yaml:5: halls[0].racks[0].nodes_per_rack: 0 is out of range; expected 1 to 10000"),
            BrokenText(
                BrokenFleet.changed("rack: 2", "rack: [2]"),
                "f.yaml:5: halls[0].racks[0].nodes_per_rack: is a list; expected a whole number, 1 to 10000"),
            BrokenText(
                BrokenFleet.changed("node: 8", "node: 17"),
                "f.yaml:5: halls[0].racks[0].gpus_per_node: 17 is out of range; expected 1 to 16"),
            BrokenText(
                BrokenFleet.changed("node: 8", "node: -8"),
                "f.yaml:5: halls[0].racks[0].gpus_per_node: -8 is out of range; expected 1 to 16"),
            BrokenText(
                BrokenFleet.changed("name: r", "count: 99999999999999999999"),
                "f.yaml:5: halls[0].racks[0].count: 99999999999999999999 is out of range; expected 1 to 100000"),
            BrokenText(
                BrokenFleet.changed("name: r", "count: 1, first: 1000001"),
                "f.yaml:5: halls[0].racks[0].first: 1000001 is out of range; expected 0 to 1000000"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: r, limit: 300"),
                "f.yaml:5: halls[0].racks[0].limit: \"300\" is not a power in whole watts; \(BrokenFleet.wattForm)"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: r, limit: 0.5W"),
                "f.yaml:5: halls[0].racks[0].limit: \"0.5W\" is not a power in whole watts; \(BrokenFleet.wattForm)"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: r, limit: 0W"),
                "f.yaml:5: halls[0].racks[0].limit: 0W is out of range; expected 1W to 100000MW"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: r, limit: {}"),
                "f.yaml:5: halls[0].racks[0].limit: is a mapping; \(BrokenFleet.wattForm)"),
            BrokenText(
                BrokenFleet.changed("kind", "node_envelope: 2MW, kind"),
                "f.yaml:5: halls[0].racks[0].node_envelope: 2MW is out of range; expected 1W to 1MW"),
            BrokenText(
                BrokenFleet.changed("kind", "node_envelope: 1kW, kind"),
                "f.yaml:5: halls[0].racks[0].node_envelope: leaves a node 1kW; "
                    + "expected at least the idle floor of its GPUs, 1272W"),
            BrokenText(
                BrokenFleet.changed("kind", "rack_envelope: 2543W, kind"),
                "f.yaml:5: halls[0].racks[0].rack_envelope: leaves a node 1271W; "
                    + "expected at least the idle floor of its GPUs, 1272W"),
            BrokenText(
                BrokenFleet.node("name: n, kind: H100, gpus: 8, envelope: 1271W"),
                "f.yaml:6: halls[0].racks[0].nodes[0].envelope: leaves a node 1271W; "
                    + "expected at least the idle floor of its GPUs, 1272W"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: r, limit: 2543W"),
                "f.yaml:5: halls[0].racks[0].limit: 2543W is less than the 2544W that its nodes draw idle"),
            BrokenText(
                BrokenFleet.changed("name: r", "count: 2").replacing("site: a\n", with: "site: a\nlimit: 5087W\n"),
                "f.yaml:2: limit: 5087W is less than the 5088W that its nodes draw idle"),
            BrokenText(
                BrokenFleet.changed("rack: 2", "rack: 10000").replacing("name: r", with: "count: 100000")
                    .replacing("name: h", with: "count: 1000"),
                "f.yaml: has 1000000000000 nodes; expected at most 320000"),
            BrokenText(
                "site: a\nhalls:\n"
                    + (1...63).map {
                        "- {name: h\($0), count: 1000, racks: [{count: 5, nodes_per_rack: 1, gpus_per_node: 2, kind: T4}]}\n"
                    }.joined(),
                "f.yaml: has 378001 places and 315000 runs of nodes, 269 parts; "
                    + "expected at most 256 parts, so write nodes that are alike with a count"),
        ])
    func numbers(_ broken: BrokenText) {
        #expect(BrokenFleet.complaint(of: broken.text) == broken.complaint)
    }

    @Test("twenty complaints are told and the rest counted")
    func twenty() throws {
        let racks = String(repeating: "      - {}\n", count: 10)
        let told = BrokenFleet.complaint(of: "site: a\nhalls:\n  - name: h\n    racks:\n\(racks)")?.split(
            separator: "\n")
        #expect(told?.count == 21)
        #expect(told?.first == "f.yaml:5: halls[0].racks[0].name: is missing")
        #expect(told?.last == "f.yaml: 20 more not shown")
    }

    @Test("a file that is too long is refused before it is read")
    func tooLong() {
        let text = "site: a\n" + String(repeating: "#", count: FileText.byteCountMax)
        #expect(BrokenFleet.complaint(of: text) == "f.yaml: has 33554440 bytes; expected at most 33554432")
    }

    @Test("bytes that are no text are refused with the offset of the first")
    func noText() throws {
        #expect(try FileText.decode(Array("a: é\n".utf8), name: "f.yaml") == "a: é\n")
        for (bytes, complaint) in [
            (Array("a: é\nb: ".utf8) + [0xFF, 0x41], "f.yaml:2: byte 0xff at offset 9 is not UTF-8"),
            (Array("a".utf8) + [0xC3], "f.yaml:1: byte 0xc3 at offset 1 is not UTF-8"),
        ] {
            let error = #expect(throws: FileComplaint.self) { try FileText.decode(bytes, name: "f.yaml") }
            #expect(error?.description == complaint)
        }
    }
}
