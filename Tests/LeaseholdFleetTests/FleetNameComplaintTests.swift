import LeaseholdFleet
import Testing

@Suite("Complaints about names and kinds in fleet files")
struct FleetNameComplaintTests {
    @Test(
        "names and kinds are told with what was meant",
        arguments: [
            BrokenText(
                BrokenFleet.changed("name: r", "name: r 1"),
                "f.yaml:5: halls[0].racks[0].name: \"r 1\" is not a name; \(BrokenFleet.nameForm)"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: -r"),
                "f.yaml:5: halls[0].racks[0].name: \"-r\" is not a name; \(BrokenFleet.nameForm)"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: ~"),
                "f.yaml:5: halls[0].racks[0].name: has no value; expected a name"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: \"\\e[2J\""),
                "f.yaml:5: halls[0].racks[0].name: \"\\u{1B}[2J\" is not a name; \(BrokenFleet.nameForm)"),
            BrokenText(
                BrokenFleet.changed("name: r", "name: \(String(repeating: "r", count: 61)), count: 10"),
                "f.yaml:5: halls[0].racks[0].name: \"\(String(repeating: "r", count: 60))…\" is not a name; "
                    + "expected at most 63 bytes"),
            BrokenText(
                BrokenFleet.changed("H100", "H1000"),
                "f.yaml:5: halls[0].racks[0].kind: \"H1000\" is not a kind; did you mean H100? "
                    + "expected one of \(BrokenFleet.kindNames), or one listed under kinds"),
            BrokenText(
                BrokenFleet.changed("H100", "Voodoo"),
                "f.yaml:5: halls[0].racks[0].kind: \"Voodoo\" is not a kind; "
                    + "expected one of \(BrokenFleet.kindNames), or one listed under kinds"),
            BrokenText(
                BrokenFleet.node(
                    "name: n, kind: X2, gpus: 8", above: "kinds: [{name: X1, memory: 1GiB, envelope: 1W}]\n"),
                "f.yaml:7: halls[0].racks[0].nodes[0].kind: \"X2\" is not a kind; did you mean G2? "
                    + "expected one of \(BrokenFleet.kindNames), X1, or one listed under kinds"),
        ])
    func names(_ broken: BrokenText) {
        #expect(BrokenFleet.complaint(of: broken.text) == broken.complaint)
    }

    @Test(
        "a name that stands twice is told with where it stood first",
        arguments: [
            BrokenText(
                "sites:\n  - {name: a, halls: []}\n  - {name: a, halls: []}\n",
                """
                f.yaml:2: sites[0].halls: is an empty list; expected a list of halls
                f.yaml:3: sites[1].name: "a" stands twice in the file, first in line 2
                f.yaml:3: sites[1].halls: is an empty list; expected a list of halls
                """),
            BrokenText(
                """
                site: a
                halls:
                  - name: h
                    racks:
                      - {count: 10, nodes_per_rack: 1, gpus_per_node: 1, kind: T4}
                      - {name: rack-07, nodes_per_rack: 1, gpus_per_node: 1, kind: T4}
                      - {name: rack-7, nodes_per_rack: 1, gpus_per_node: 1, kind: T4}
                      - {count: 5, first: 8, nodes_per_rack: 1, gpus_per_node: 1, kind: T4}
                      - {count: 5, first: 11, nodes_per_rack: 1, gpus_per_node: 1, kind: T4}
                      - {count: 1, first: 0, nodes_per_rack: 1, gpus_per_node: 1, kind: T4}
                  - {name: h, racks: [{name: r, nodes_per_rack: 1, gpus_per_node: 1, kind: T4}]}
                """,
                """
                f.yaml:7: halls[0].racks[2].name: "rack-7" stands twice in h, first in line 5
                f.yaml:8: halls[0].racks[3].count: "rack-8" stands twice in h, first in line 5
                f.yaml:11: halls[1].name: "h" stands twice in a, first in line 3
                """),
            BrokenText(
                BrokenFleet.node("name: n, kind: T4, gpus: 1}, {name: n, kind: T4, gpus: 1"),
                "f.yaml:6: halls[0].racks[0].nodes[1].name: \"n\" stands twice in r, first in line 6"),
        ])
    func duplicates(_ broken: BrokenText) {
        #expect(BrokenFleet.complaint(of: broken.text) == broken.complaint)
    }

    @Test(
        "kinds are told with line and field; their uses are not told again",
        arguments: [
            BrokenText(
                BrokenFleet.node(
                    "name: n, kind: X1, gpus: 8", above: "kinds: [{name: X1, memory: 80, envelope: 9kV, idel: 1W}]\n"),
                """
                f.yaml:2: kinds[0]: "idel" is not a key of a kind; did you mean idle?
                f.yaml:2: kinds[0].memory: "80" is not a size in whole GiB; expected a form like 80GiB
                f.yaml:2: kinds[0].envelope: "9kV" is not a power in whole watts; \(BrokenFleet.wattForm)
                """),
            BrokenText(
                BrokenFleet.node(
                    "name: n, kind: T4, gpus: 8", above: "kinds: [{name: T4, memory: 0GiB, envelope: 101kW}]\n"),
                """
                f.yaml:2: kinds[0].name: "T4" is in the catalogue already; expected another name
                f.yaml:2: kinds[0].memory: 0GiB is out of range; expected 1GiB to 65536GiB
                f.yaml:2: kinds[0].envelope: 101kW is out of range; expected 1W to 100kW
                """),
            BrokenText(
                BrokenFleet.node(
                    "name: n, kind: T4, gpus: 8",
                    above: "kinds: [{name: X, memory: 1GiB, envelope: 5W, idle: 6W}, {}]\n"),
                """
                f.yaml:2: kinds[0].idle: 6W is out of range; expected 0W to 5W
                f.yaml:2: kinds[1].name: is missing
                f.yaml:2: kinds[1].memory: is missing
                f.yaml:2: kinds[1].envelope: is missing
                """),
        ])
    func kinds(_ broken: BrokenText) {
        #expect(BrokenFleet.complaint(of: broken.text) == broken.complaint)
    }

    @Test("complaints stand in the order of lines, whatever is read first")
    func order() {
        let text = BrokenFleet.node("name: n, kind: T4, gpus: 0") + "kinds: [{name: X, memory: 1GiB, envelope: 0W}]\n"
        let expected = """
            f.yaml:6: halls[0].racks[0].nodes[0].gpus: 0 is out of range; expected 1 to 16
            f.yaml:7: kinds[0].envelope: 0W is out of range; expected 1W to 100kW
            """
        #expect(BrokenFleet.complaint(of: text) == expected)
    }

    @Test("more kinds than a book can number are refused, and kinds of one name")
    func manyKinds() {
        let entries = (1...246).map { "  - {name: X\($0), memory: 1GiB, envelope: 1W}\n" }
        let text = BrokenFleet.node("name: n, kind: T4, gpus: 8", above: "kinds:\n\(entries.joined())")
        #expect(BrokenFleet.complaint(of: text) == "f.yaml:2: kinds: has 246 entries; expected at most 245")
        let twice = BrokenFleet.node(
            "name: n, kind: X1, gpus: 8", above: "kinds:\n\(entries[0])\(entries[0])")
        #expect(
            BrokenFleet.complaint(of: twice) == "f.yaml:4: kinds[1].name: \"X1\" stands twice in kinds, first in line 3"
        )
    }
}
