import Foundation
import ProcessHarness
import Testing

extension ProcessTests {
    @Test("command lines that leasectl cannot mean are named before anybody is asked")
    func wrongClientFlags() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        let create = "lease create --tenant acme --count 1 --term 1m"
        try folder.check(
            "leasectl",
            [
                Mistake("bogus", 2, "'bogus'", "status, fleet, node"),
                Mistake("node bogus", 2, "'bogus'", "list, show, cordon"),
                Mistake("power restore", 2, "'power'"),
                Mistake("status --bogus", 2, "--bogus"),
                Mistake("status extra", 2, "extra"),
                Mistake("status -o xml", 2, "'xml'", "json"),
                Mistake("status --timeout 5x", 2, "'5x'", "90s"),
                Mistake("status --timeout 0s", 2, "'0s'"),
                Mistake("status --coordinator foo:bar", 2, "foo:bar", "HOST:PORT"),
                Mistake("status --coordinator 192.0.2.1:7400", 2, "192.0.2.1:7400", "loopback only"),
                Mistake("status --principal root", 2, "'root'", "operator/NAME or tenant/NAME"),
                Mistake("status --principal agent/x", 2, "'agent/x'"),
                Mistake("status --principal tenant/a~b", 2, "'tenant/a b'"),
                Mistake("fleet import", 2, "<file>"),
                Mistake("fleet import {nosuch}", 1, "nosuch", "No such file"),
                Mistake("fleet import /tmp", 1, "/tmp", "Is a directory"),
                Mistake("node show", 2, "<site/hall/rack/node>"),
                Mistake("node cordon", 2, "<site/hall/rack/node>"),
                Mistake("node uncordon", 2, "<site/hall/rack/node>"),
                Mistake("tenant create acme", 2, "--gpus"),
                Mistake("tenant create acme --gpus x", 2, "'x'", "whole number up to 4294967295"),
                Mistake("tenant create acme --gpus=-1", 2, "'-1'", "whole number"),
                Mistake("tenant set-quota acme --gpus 99999999999", 2, "whole number"),
                Mistake("tenant show", 2, "<tenant>"),
                Mistake("lease create", 2, "--tenant"),
                Mistake("lease create --tenant acme", 2, "--term", "--end"),
                Mistake("lease quote --tenant acme", 2, "--term", "--end"),
                Mistake(create + " --end +2h", 2, "exclude each other"),
                Mistake(create + " --unit foo", 2, "'foo'", "gpu, node, nvlink-domain, rack, hall, site"),
                Mistake(create + " --count 0", 2, "--count is 0", "1 or more"),
                Mistake(create + " --count x", 2, "'x'", "whole number"),
                Mistake(create + " --term 1x", 2, "'1x'", "90s"),
                Mistake(create + " --kind H100,", 2, "'H100,'", "separated by commas"),
                Mistake(create + " --on-silence foo", 2, "'foo'", "fence or keep"),
                Mistake(create + " --request-id foo", 2, "'foo'", "UUID of version 7"),
                Mistake(create + " --request-id 00000000-0000-4000-8000-000000000000", 2, "UUID of version 7"),
                Mistake("lease create --tenant acme --end yesterday", 2, "'yesterday'", "2027-01-31T18:00:00Z"),
                Mistake("lease show nope", 2, "'nope'", "L1742"),
                Mistake("lease release", 2, "<lease>"),
                Mistake("lease wait L1 --for starting", 2, "'starting'", "active or ended"),
                Mistake("lease watch L1 --from-index x", 2, "'x'", "from 1 on"),
                Mistake("event watch --count 0", 2, "--count is 0"),
                Mistake("event watch --lease x", 2, "'x'", "L1742"),
                Mistake("event watch --count x", 2, "'x'", "whole number"),
                Mistake("batch --window x", 2, "'x'", "whole number"),
                Mistake("batch --window 0", 2, "--window is 0", "1 to 4096"),
                Mistake("batch -o yaml", 2, "JSON"),
                Mistake("batch {nosuch}", 1, "nosuch", "No such file"),
                Mistake("completion foo", 2, "'foo'", "bash"),
            ], environment: ["LEASEHOLD_COORDINATOR": "127.0.0.1:1"])
    }

    @Test("a coordinator that is not there, and an environment that names none, are said with what to do")
    func nobodyThere() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        let nobody = ["LEASEHOLD_COORDINATOR": "127.0.0.1:1"]
        try folder.check(
            "leasectl",
            [
                Mistake("status --timeout 300ms", 7, "no coordinator at 127.0.0.1:1", "start one"),
                Mistake("tenant create acme --gpus 1 --timeout 300ms", 7, "no coordinator at 127.0.0.1:1"),
                Mistake("lease list -o json --timeout 300ms", 7, "no coordinator at 127.0.0.1:1"),
            ], environment: nobody)
    }

    @Test("a wrong environment is named like a wrong flag")
    func wrongEnvironment() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        try folder.check(
            "leasectl", [Mistake("status", 2, "LEASEHOLD_COORDINATOR is 'x:y'")],
            environment: ["LEASEHOLD_COORDINATOR": "x:y"])
        try folder.check(
            "leasectl", [Mistake("status", 2, "LEASEHOLD_PRINCIPAL is 'x'", "operator/NAME")],
            environment: ["LEASEHOLD_COORDINATOR": "127.0.0.1:1", "LEASEHOLD_PRINCIPAL": "x"])
    }

    @Test("what the coordinator refuses is said with its reason, its numbers and what to try; nothing is half done")
    func refusals() throws {
        let cluster = try LocalCluster([
            AgentPlan(node: "laptop/hall-1/rack-2/node-1", devices: "H200*4"),
            AgentPlan(node: "laptop/hall-1/rack-2/node-2", devices: "H200*4"),
        ])
        defer { cluster.tearDown() }
        let folder = try BadInputFolder()
        defer { folder.remove() }
        try cluster.start()
        let asked = ["LEASEHOLD_COORDINATOR": "\(cluster.endpoint)"]
        try brokenFleets(in: folder, asked)
        try cluster.must("tenant", "create", "acme", "--gpus", "8")
        try cluster.must("tenant", "create", "other", "--gpus", "8")
        try cluster.waitForReady(2)
        try refusedChanges(in: folder, asked)
        try repeatedRequests(of: cluster, in: folder, asked)
        try malformedLines(of: cluster, in: folder, asked)
        try folder.check(
            "leasectl", [Mistake("status", 0, "8 free, 8 not delivered", "2544W", "alarms           none")],
            environment: asked)
    }

    /// Fleet files with one thing wrong; then the right one, twice.
    private func brokenFleets(in folder: BadInputFolder, _ asked: [String: String]) throws {
        let fleets = LocalCluster.laptopFleet.deletingLastPathComponent()
        let tight = fleets.appendingPathComponent("laptop-tight.yaml").path
        let good = try String(contentsOfFile: tight, encoding: .utf8)
        let change = { (name: String, from: String, to: String) in
            try folder.write(good.replacingOccurrences(of: from, with: to), to: name)
        }
        try change("key.yaml", "halls:", "hals:")
        try change("watts.yaml", "limit: 9kW", "limit: 9kV")
        try change("kind.yaml", "kind: H200", "kind: H2O0")
        try change("count.yaml", "gpus_per_node: 4, kind: H200", "gpus_per_node: 400, kind: H200")
        try folder.write("site: [a", to: "broken.yaml")
        try folder.check(
            "leasectl",
            [
                Mistake("fleet import {key.yaml}", 2, "key.yaml:7", "\"hals\"", "did you mean halls?", "nothing was"),
                Mistake("fleet import {watts.yaml}", 2, "watts.yaml:12: halls[0].racks[1].limit", "9kV", "nothing was"),
                Mistake("fleet import {kind.yaml}", 2, "kind.yaml:12: halls[0].racks[1].kind", "did you mean H200?"),
                Mistake("fleet import {count.yaml}", 2, "count.yaml:12", "400", "1 to 16"),
                Mistake("fleet import {broken.yaml}", 2, "broken.yaml:1", "is not YAML"),
                Mistake("fleet show --principal tenant/acme", 4, "tenant/acme"),
                Mistake("node list -o json", 0),
                Mistake("fleet import \(tight) --principal tenant/acme", 4, "tenant/acme may not fleet import"),
                Mistake("fleet import \(tight)", 0, "imported 4 nodes with 16 GPUs"),
                Mistake("fleet import \(tight)", 6, "fleet laptop is already there", "nothing was changed"),
            ], environment: asked)
    }

    /// Names of nothing, others' things, and more than there is.
    private func refusedChanges(in folder: BadInputFolder, _ asked: [String: String]) throws {
        try folder.check(
            "leasectl",
            [
                Mistake("node show nope", 3, "no node nope", "node list"),
                Mistake("node cordon nope", 3, "no node nope"),
                Mistake("node uncordon nope", 3, "no node nope"),
                Mistake("tenant show nope", 3, "no tenant nope"),
                Mistake("tenant set-quota nope --gpus 8", 3, "no tenant nope"),
                Mistake("tenant create acme --gpus 8", 6, "tenant acme is already there"),
                Mistake("tenant create a~b --gpus 2", 2, "tenant is a b", "1 to 63 letters"),
                Mistake("lease show L999999", 3, "no lease L999999"),
                Mistake("lease release L999999", 3, "no lease L999999"),
                Mistake("lease wait L999999", 3, "no lease L999999"),
                Mistake("lease watch L999999", 3, "no lease L999999"),
                Mistake("lease create --tenant nope --term 1m", 3, "no tenant nope"),
                Mistake("lease create --tenant acme --term 1m --kind FOO", 3, "no kind FOO", "fleet show"),
                Mistake("lease create --tenant acme --term 1ms", 2, "term is 1ms", "1s to 3660d"),
                Mistake("lease create --tenant acme --end 2001-01-01T00:00:00Z", 2, "end is -", "s from now", "3660d"),
                Mistake("lease create --tenant acme --term 1m --count 9", 5, "holds 0 of its quota of 8", "9 more"),
                Mistake(
                    "lease create --tenant acme --term 1m --count 7", 5, "laptop/hall-1/rack-2 carries 1272W of 9kW",
                    "7812W more do not fit", "fewer GPUs"),
                Mistake("lease create --tenant acme --term 1m --count 7 -o json", 5, "{\"refused\":", "\"noPower\""),
                Mistake("lease quote --tenant acme --term 1m --count 7", 5, "7812W more do not fit"),
                Mistake("lease create --tenant acme --term 1m --kind H100", 5, "1 GPU asked for, 0 of"),
                Mistake("lease create --tenant acme --term 1m --unit node --count 3", 5, "3 whole nodes", "2 can be"),
                Mistake("node list --principal tenant/acme", 4, "tenant/acme may not node list", "as an operator"),
                Mistake("tenant create x --gpus 1 --principal tenant/acme", 4, "may not tenant create"),
                Mistake("lease create --tenant acme --term 1m --principal tenant/other", 4, "may not lease create"),
            ], environment: asked)
    }

    /// One request id, used well and badly; a lease of somebody else; a release too many.
    private func repeatedRequests(
        of cluster: LocalCluster, in folder: BadInputFolder, _ asked: [String: String]
    ) throws {
        let old = "00000000-0000-7000-8000-000000000000"
        let ahead = "f0000000-0000-7000-8000-000000000000"
        let hint = try cluster.leasectl("lease", "release", "L1", "--request-id", "x").complaint
        let id = try #require(hint.firstMatch(of: /01[0-9a-f]{6}-[0-9a-f-]{27}/)).output
        let create = "lease create --tenant acme --term 10m --request-id \(id)"
        let first = try cluster.leasectl(folder.arguments(create))
        expect(first, of: create, 0, ["granted to acme: 1 GPU, 1275W"])
        let lease = try #require(first.output.split(separator: " ").first)
        expect(try cluster.leasectl(folder.arguments(create)), of: create, 0, [first.output])
        try folder.check(
            "leasectl",
            [
                Mistake(create + " --count 2", 6, "request id \(id) was used before", "a new request id"),
                Mistake("lease release \(lease) --request-id \(old)", 6, "s ago", "kept for 1d"),
                Mistake("lease release \(lease) --request-id \(ahead)", 6, "in the future", "clock"),
                Mistake("lease show \(lease) --principal tenant/other", 3, "no lease \(lease)"),
                Mistake("lease release \(lease) --principal tenant/other", 3, "no lease \(lease)"),
                Mistake("lease show \(lease) --principal tenant/acme", 0, "acme"),
                Mistake("lease wait \(lease) --timeout 10s", 0, "active"),
                Mistake("lease wait \(lease) --for ended --timeout 200ms", 7, "is not ended after 200ms"),
                Mistake("lease release \(lease)", 0, "released"),
                Mistake("lease release \(lease)", 6, "cannot be released"),
                Mistake("lease wait \(lease) --for ended --timeout 10s", 0, "ended"),
                Mistake("lease release \(lease)", 6, "is ended; it cannot be released"),
                Mistake("lease wait \(lease)", 6, "is ended; it cannot be active"),
                Mistake("lease list", 0),
            ], environment: asked)
        #expect(try !cluster.must("lease", "list").contains(lease), "a refused change left a lease")
    }

    /// A batch answers every line, the wrong ones with their number.
    private func malformedLines(
        of cluster: LocalCluster, in folder: BadInputFolder, _ asked: [String: String]
    ) throws {
        let lines = [
            "junk", "{}", "{\"createLease\":{}}", "{\"showLease\":{\"lease\":\"L1\"}}", "{\"id\":1,\"status\":{}}",
            "{\"status\":{}}", "{\"watchEvents\":{}}", "{\"createTenant\":{\"name\":\"x\",\"quota\":\"y\"}}", "[",
            "{\"showTenant\":{\"name\":\"acme\"}}",
        ]
        try folder.write(lines.joined(separator: "\n"), to: "batch.jsonl")
        let answer = try cluster.leasectl(folder.arguments("batch {batch.jsonl}"))
        expect(
            answer, of: "batch", 2,
            [
                "\"line\":1,\"message\":\"line is \\\"junk\\\" at byte 0", "\"line\":2,\"message\":\"line is without",
                "\"line\":3", "createLease.term is missing", "\"line\":4", "showLease.lease is unknown; expected id",
                "\"line\":5,\"message\":\"id is unknown", "\"line\":7", "leasectl event watch",
                "\"line\":8,\"message\":\"createTenant.quota is \\\"y\\\"; expected a whole number", "\"line\":9",
            ])
        let words = answer.output.split(separator: "\n").map { $0.prefix { $0 != ":" } }
        #expect(words.count == lines.count)
        #expect(words.filter { $0 == "{\"failure\"" }.count == 8)
        #expect(words[5] == "{\"status\"" && words[9] == "{\"tenant\"", "\(words)")
        try folder.write(Data([0x7B, 0xFF, 0x0A]), to: "binary.jsonl")
        try folder.check(
            "leasectl",
            [
                Mistake("batch {binary.jsonl}", 2, "binary.jsonl:1", "UTF-8"),
                Mistake("batch --principal tenant/nobody", 0),
            ], environment: asked)
    }
}
