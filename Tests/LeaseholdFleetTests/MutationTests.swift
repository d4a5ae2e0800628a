import LeaseholdFleet
import LeaseholdModel
import Testing

@Suite("Files that were damaged")
struct MutationTests {
    /// Chance that repeats: xorshift, 64 bits.
    private struct Chance {
        var state: UInt64
        mutating func next(below bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
    }

    private let good = """
        site: colossus-1
        limit: 300MW            # the feed
        kinds:
          - {name: X1, memory: 80GiB, envelope: 900W, idle: 110W}
        halls:
          - name: hall-1
            limit: 80MW
            racks:
              - {count: 280, name: rack, first: 1, nodes_per_rack: 18, gpus_per_node: 4, kind: GB200, limit: 132kW}
              - name: "rack-a"
                nodes: [{name: 'n1', kind: H100, gpus: 8, envelope: 10.2kW}, {count: 3, kind: X1, gpus: 2}]
        """
    /// Characters that mean something to a parser, and numbers that mean something to a counter.
    private let splinters = [
        "\n", "\r", "  ", "\t", ":", ": ", "- ", "? ", "[", "]", "{", "}", ",", "\"", "'", "#", "&a ", "*a", "!!int ",
        "|", ">", "%", "@", "`", "\\", "\u{0}", "\u{85}", "\u{2028}", "\u{FEFF}", "é", "\u{1F600}", "---", "...", "~",
        "<<: ",
        "-1", "0", "99999999999999999999", "1e9", "4294967295MW", "0x10", "limit", "count: 100000, ", "\"\\x07\"",
    ]

    private func mutant(of text: String, _ chance: inout Chance) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0...chance.next(below: 4) {
            let at = chance.next(below: scalars.count + 1)
            let end = min(scalars.count, at + chance.next(below: 12))
            switch chance.next(below: 3) {
            case 0: scalars.removeSubrange(at..<end)
            case 1: scalars.insert(contentsOf: splinters[chance.next(below: splinters.count)].unicodeScalars, at: at)
            default: scalars.insert(contentsOf: Array(scalars[at..<end]), at: chance.next(below: scalars.count + 1))
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    @Test("a damaged fleet file is read or refused by name; it never traps", arguments: 1...4 as ClosedRange<UInt64>)
    func fleetFiles(seed: UInt64) {
        var chance = Chance(state: seed)
        var refused = 0
        for _ in 0..<2_500 {
            let text = mutant(of: good, &chance)
            do {
                let fleet = try FleetFile.read(text: text, name: "f.yaml")
                #expect(fleet.nodeCount <= Limits.nodeCountMax)
                #expect(fleet.runs.allSatisfy { Int($0.rack) < fleet.places.count })
            } catch {
                refused += 1
                let lines = error.description.split(separator: "\n", omittingEmptySubsequences: false)
                #expect((1...21).contains(lines.count))
                #expect(lines.allSatisfy { $0.hasPrefix("f.yaml:") }, "\(error)")
            }
        }
        #expect((1_250..<2_500).contains(refused), "\(refused) of 2500 refused")
    }

    @Test("a damaged list is read or refused; it never traps")
    func lists() {
        var chance = Chance(state: 5)
        let list = "sn,gpu,model\nn-1,2,T4\n\"n-2\",4,\"P100\"\r\nn-3,8,G2\n"
        var refused = 0
        for _ in 0..<5_000 {
            let text = mutant(of: list, &chance)
            do {
                _ = try FleetFile.readNodeCSV(text: text, name: "n.csv", site: "s")
            } catch {
                refused += 1
                #expect(error.description.hasPrefix("n.csv:"))
            }
        }
        #expect((2_500..<5_000).contains(refused), "\(refused) of 5000 refused")
    }

    @Test("no beginning of a file is taken for the file")
    func beginnings() {
        // Of YAML a beginning may be a fleet of its own; JSON says where it ends.
        let json = """
            {"site": "a", "limit": "1MW", "halls": [{"name": "h", "racks": [
              {"count": 2, "name": "r", "nodes_per_rack": 3, "gpus_per_node": 8, "kind": "H100"},
              {"name": "odd", "nodes": [{"name": "n1", "kind": "T4", "gpus": 2, "envelope": "300W"}]}]}]}
            """
        #expect(throws: Never.self) { try FleetFile.read(text: json, name: "f.yaml") }
        for count in 0..<json.count {
            #expect(throws: FileComplaint.self, "the first \(count) characters") {
                try FleetFile.read(text: String(json.prefix(count)), name: "f.yaml")
            }
        }
    }

    @Test("values within values without end are refused")
    func depth() {
        for text in [String(repeating: "- ", count: 100_000), String(repeating: "? ", count: 100_000)] {
            #expect(throws: FileComplaint.self) { try FleetFile.read(text: text, name: "f.yaml") }
        }
        let deep = String(repeating: "- ", count: 990) + "a"
        #expect(BrokenFleet.complaint(of: deep) == "f.yaml:1: is a list; expected a mapping of keys to values")
    }
}
