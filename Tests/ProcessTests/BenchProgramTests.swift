import Foundation
import ProcessHarness
import Testing

@Suite("leasehold-bench as a program")
struct BenchProgramTests {
    @Test("site measures every step of a small fleet, and counts what it says it counted")
    func site() throws {
        let fleet = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString).yaml")
        let text = """
            site: small
            halls:
              - {name: hall, racks: [{count: 3, nodes_per_rack: 4, gpus_per_node: 8, kind: H100}]}
            """
        try Data(text.utf8).write(to: fleet)
        defer { unlink(fleet.path) }
        let answer = try run(
            "leasehold-bench",
            [
                "site", "--runs", "1", "--fleet", fleet.path, "--agents", "2", "--leases", "60", "--seconds", "5",
            ])
        #expect(answer.status == 0, "\(answer.complaint)")
        let lines = try jsonLines(answer.output)
        #expect(lines.first?["bench"] as? String == "site")
        #expect(lines.first?["cpu"] != nil && lines.first?["commit"] != nil)
        let figures = Dictionary(uniqueKeysWithValues: lines.dropFirst().map { ($0["figure"] as? String ?? "", $0) })
        #expect(number(figures["site.lease.acknowledgements"]?["value"]) == 12)
        for name in ["decide", "import", "lease.held", "list.nodes", "release.retired", "recover.ready"] {
            let figure = try #require(figures["site.\(name)"], "no figure site.\(name)")
            #expect((figure["value"] as? Double ?? 0) > 0)
            #expect(figure["unit"] as? String == "s")
        }
        #expect(figures["site.decide"]?["ratio"] != nil)
    }

    @Test("book fills the calendar of a small fleet and measures decisions on it")
    func book() throws {
        let fleet = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString).yaml")
        let text = """
            site: small
            halls:
              - {name: hall, racks: [{count: 40, nodes_per_rack: 8, gpus_per_node: 8, kind: H100}]}
            """
        try Data(text.utf8).write(to: fleet)
        defer { unlink(fleet.path) }
        let answer = try run(
            "leasehold-bench", ["book", "--runs", "1", "--leases", "400", "--fleet", fleet.path, "--no-growth"])
        #expect(answer.status == 0, "\(answer.complaint)")
        let lines = try jsonLines(answer.output)
        let figures = Dictionary(uniqueKeysWithValues: lines.dropFirst().map { ($0["figure"] as? String ?? "", $0) })
        #expect((figures["book.load"]?["value"] as? Double ?? 0) > 50)
        #expect((figures["book.full"]?["value"] as? Double ?? 0) > 90)
        for name in ["one", "gang", "later.one", "site", "quote", "quote.soonest"] {
            let figure = try #require(figures["book.\(name)"], "no figure book.\(name)")
            #expect((figure["value"] as? Double ?? 0) > 0 && figure["ratio"] != nil)
        }
    }

    @Test("log measures appends beside a bare loop, and reads back every record that it wrote")
    func log() throws {
        let fleet = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString).yaml")
        let text = """
            site: small
            halls:
              - {name: hall, racks: [{count: 40, nodes_per_rack: 8, gpus_per_node: 8, kind: H100}]}
            """
        try Data(text.utf8).write(to: fleet)
        defer { unlink(fleet.path) }
        let answer = try run(
            "leasehold-bench",
            ["log", "--runs", "1", "--groups", "20", "--reads", "1", "--leases", "400", "--fleet", fleet.path])
        #expect(answer.status == 0, "\(answer.complaint)")
        let lines = try jsonLines(answer.output)
        let figures = Dictionary(uniqueKeysWithValues: lines.dropFirst().map { ($0["figure"] as? String ?? "", $0) })
        for name in ["1.p50", "16.group", "64.p99", "256.rate"] {
            let figure = try #require(figures["log.append.\(name)"], "no figure log.append.\(name)")
            #expect((figure["value"] as? Double ?? 0) > 0 && figure["ratio"] != nil)
        }
        // A fleet, a report of each node, and the five facts of a life.
        #expect(number(figures["log.read.records"]?["value"]) >= 320 + 5 * 400)
        for name in ["scan.rate", "recover.rate", "recover.decode", "recover.evolve"] {
            let figure = try #require(figures["log.\(name)"], "no figure log.\(name)")
            #expect((figure["value"] as? Double ?? 0) > 0)
        }
    }

    @Test("grants loads a coordinator and its floor, and every client ends what it began")
    func grants() throws {
        let fleet = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString).yaml")
        let text = """
            site: small
            halls:
              - {name: hall, racks: [{count: 40, nodes_per_rack: 8, gpus_per_node: 8, kind: H100}]}
            """
        try Data(text.utf8).write(to: fleet)
        defer { unlink(fleet.path) }
        let answer = try run(
            "leasehold-bench",
            ["grants", "--runs", "1", "--seconds", "0.5", "--fleet", fleet.path, "--clients", "1", "8"])
        #expect(answer.status == 0, "\(answer.complaint)")
        let lines = try jsonLines(answer.output)
        #expect(lines.first?["bench"] as? String == "grants")
        let figures = Dictionary(uniqueKeysWithValues: lines.dropFirst().map { ($0["figure"] as? String ?? "", $0) })
        for name in ["1.rate", "1.p50", "1.p99", "8.rate", "8.p50"] {
            let figure = try #require(figures["grants.\(name)"], "no figure grants.\(name)")
            #expect((figure["value"] as? Double ?? 0) > 0 && figure["ratio"] != nil)
        }
        let syncs = try #require(figures["grants.8.syncs"]?["value"] as? Double)
        #expect(syncs > 0 && syncs < 2)
        let allocations = try #require(figures["grants.8.allocations"]?["value"] as? Double)
        #expect(allocations > 1 && allocations < 10_000)
    }

    @Test(
        "wrong flags are refused with status 2",
        arguments: [["site", "--runs", "0"], ["sight"], ["log", "--groups", "1"], ["grants", "--clients", "0"]])
    func usage(arguments: [String]) throws {
        #expect(try run("leasehold-bench", arguments).status == 2)
    }

    @Test("a fleet file that is not there, or is none, is refused before anything is started")
    func noFleet() throws {
        let answer = try run("leasehold-bench", ["site", "--fleet", "/nowhere.yaml"])
        #expect(answer.status == 2)
        #expect(answer.complaint.contains("/nowhere.yaml"))
    }
}
