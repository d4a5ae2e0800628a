import LeaseholdModel
import LeaseholdWire
import Testing

@Suite("JSON, the face that scripts rely on")
struct JSONTests {
    // MARK: What is printed

    @Test("a lease")
    func aLease() {
        let expected = """
            {"id":"L1742","tenant":"a","unit":"gpu","count":24,"gpuCount":24,"kinds":["H100"],"state":"active",\
            "cause":"none","onSilence":"fence","epoch":{"reign":"3","index":"1742"},\
            "startsAt":"2026-05-01T12:00:00Z","endsAt":"2026-05-01T14:00:00Z","watts":"30600",\
            "placements":{"nodeIds":[0,9],"gpuMasks":[255,65535],\
            "nodeNames":["site/hall/rack/node-0","colossus-1/hall-2/rack-117/node-4"]},\
            "retiredCount":0,"degraded":false,"principal":"tenant/a"}
            """
        #expect(WireJSON.lines(of: .lease(Samples.leases[3])) == [expected])
        #expect(WireJSON.text(of: .lease(Samples.leases[3])) == "{\"lease\":\(expected)}")
        #expect(WireJSON.lines(of: .leases([Samples.leases[3]], next: Samples.lease)) == [expected])
        #expect(
            WireJSON.text(of: .leases([Samples.leases[3]], next: Samples.lease))
                == "{\"leases\":{\"leases\":[\(expected)],\"next\":\"L1742\"}}")
    }

    @Test("a grant")
    func aGrant() {
        let expected = """
            {"granted":{"id":"L1742","tenant":"a","gpuCount":24,"epoch":{"reign":"3","index":"1742"},\
            "startsAt":"2026-05-01T12:00:00Z","endsAt":"2026-05-01T14:00:00Z","watts":"30600",\
            "placements":{"nodeIds":[0,9],"gpuMasks":[255,65535],\
            "nodeNames":["site/hall/rack/node-0","colossus-1/hall-2/rack-117/node-4"]}}}
            """
        #expect(WireJSON.text(of: .granted(Samples.grant)) == expected)
    }

    @Test("a grant of a lease in steps, with fee and clause of each")
    func aGrantInSteps() {
        let grant = LeaseGrantView(
            lease: Samples.lease, tenant: "a", epoch: nil, gpuCount: 8, watts: Watts(9_600), startsAt: Samples.noon,
            endsAt: Samples.noon + .hours(2), placements: [], nodeNames: [],
            further: [
                LeasePartView(
                    startsAt: Samples.noon + .hours(1), endsAt: Samples.noon + .hours(2), gpuCount: 16,
                    watts: Watts(19_200), terms: StepTerms(fee: Money(text: "0.0425EUR")))
            ], terms: StepTerms(fee: Money(text: "1.9USD"), clause: "4.2b"))
        let expected = """
            {"id":"L1742","tenant":"a","gpuCount":8,"startsAt":"2026-05-01T12:00:00Z",\
            "endsAt":"2026-05-01T14:00:00Z","watts":"9600","placements":{},\
            "further":[{"startsAt":"2026-05-01T13:00:00Z","endsAt":"2026-05-01T14:00:00Z","gpuCount":16,\
            "watts":"19200","fee":"0.0425EUR"}],"fee":"1.90USD","clause":"4.2b"}
            """
        #expect(WireJSON.lines(of: .granted(grant)) == [expected])
    }

    @Test("a quote, with what would be paid for")
    func aQuote() {
        let quote = QuoteView(
            gpuCount: 0, watts: .zero, startsAt: Samples.noon, endsAt: Samples.noon + .hours(2), within: "colossus-1",
            placements: [], units: [QuotedUnits(kind: "H100", gpuMilliseconds: 14_745_600_000)])
        let expected = """
            {"gpuCount":0,"watts":"0","within":"colossus-1","placements":{},"startsAt":"2026-05-01T12:00:00Z",\
            "endsAt":"2026-05-01T14:00:00Z","units":[{"kind":"H100","gpuMilliseconds":"14745600000"}]}
            """
        #expect(WireJSON.lines(of: .quote(quote)) == [expected])
    }

    @Test("a refusal")
    func aRefusal() {
        let refusal = Refusal.noCapacity(asked: 16, grantable: 12, inventory: 32)
        let expected = """
            {"refused":{"code":"noCapacity",\
            "message":"16 GPUs asked for, 12 of 32 can be granted now",\
            "advice":"ask for fewer, another kind, or wait for a release (leasectl lease list)",\
            "exitStatus":5,"numbers":["16","12","32"]}}
            """
        #expect(WireJSON.text(of: .refused(refusal)) == expected)
        #expect(WireJSON.lines(of: .refused(refusal)) == [expected])
        #expect(WireJSON.refusalObject(refusal) == expected)
    }

    @Test("a node, with every count though it be 0")
    func aNode() {
        let silent = """
            {"id":4,"name":"colossus-1/hall-2/rack-117/node-4","kind":"H100","gpuCount":8,"state":"suspect",\
            "reason":"silent","reasonText":"no heartbeat in time; ends with the node's next report",\
            "since":"2026-05-01T12:00:00Z","cordoned":true,"leasedCount":3,"unhealthyCount":1,"freeCount":4,\
            "gpuMask":255,"leasedMask":7,"unhealthyMask":128,"envelopeWatts":"10200","committedWatts":"3825",\
            "drawnWatts":"0","silence":"5.250s","leases":["L1742"],"cpuMillicores":192000,\
            "memoryMib":4294967295,"labels":["zone=east"],"traits":["slices","shares","cpu","confirm-only"]}
            """
        let fresh = """
            {"id":0,"name":"colossus-1/hall-2/rack-117/node-4","gpuCount":0,"state":"notDelivered","reason":"none",\
            "reasonText":"nothing","since":"1970-01-01T00:00:00Z","cordoned":false,"leasedCount":0,\
            "unhealthyCount":0,"freeCount":0,"gpuMask":0,"leasedMask":0,"unhealthyMask":0,"envelopeWatts":"0",\
            "committedWatts":"0"}
            """
        #expect(WireJSON.lines(of: .nodes([Samples.nodes[5], Samples.nodes[0]], next: nil)) == [silent, fresh])
    }

    @Test("the coordinator's status")
    func theStatus() {
        let expected = """
            {"cluster":"colossus","log":"ffffffff-ffff-ffff-0123-456789abcdef","reign":"3",\
            "headIndex":"18446744073709551615",\
            "headChain":"ffffffffffffffff000000000000000280000000000000000000000000000004",\
            "bookDigest":"ffffffffffffffff",\
            "holds":{"hold":"120s","eviction":"10s","clockRateErrorPpm":10000,"wait":"132.524242426s"},\
            "nodes":{"notDelivered":0,"ready":4,"suspect":0,"quarantined":0,"cordoned":1,"total":4},\
            "gpus":{"notDelivered":0,"unhealthy":0,"quarantined":0,"leased":24,"free":8,"total":32},\
            "leases":{"starting":0,"active":1,"ending":0,"ended":0,"confirmed":0,"cancelled":0,\
            "waitlisted":0},"tenantCount":1,"connectionCount":5,\
            "committedWatts":"30600","alarms":["node x is silent"],"calendar":"2026-05-01T12:00:00Z",\
            "restored":{"logIncarnation":1764000000,"keptIndex":"18446744073709551615",\
            "at":"2026-05-01T12:00:00Z"}}
            """
        #expect(WireJSON.lines(of: .status(Samples.status)) == [expected])
    }

    @Test("a lease that waits")
    func aLeaseThatWaits() {
        let waits = """
            {"id":"L1742","place":{"position":4096,"until":"2026-05-01T12:00:00Z"},\
            "estimatedStart":"2026-05-01T12:00:00Z",\
            "refusal":{"code":"noCapacity","message":"16 GPUs asked for, 12 of 32 can be granted now",\
            "advice":"ask for fewer, another kind, or wait for a release (leasectl lease list)",\
            "exitStatus":5,"numbers":["16","12","32"]}}
            """
        #expect(WireJSON.lines(of: .waitlisted(Samples.waitlisted)) == [waits])
        #expect(WireJSON.text(of: .waitlisted(Samples.waitlisted)) == "{\"waitlisted\":\(waits)}")
        let explanation = LeaseExplanation(
            lease: Samples.lease, state: .waitlisted, summary: "it waits", waiting: Samples.waitlisted, missing: [],
            missingCount: 0, notes: [], forgottenNoteCount: 0)
        let explained = """
            {"id":"L1742","state":"waitlisted","summary":"it waits","waiting":\(waits),"missingCount":0,\
            "forgottenNoteCount":0}
            """
        #expect(WireJSON.lines(of: .explained(explanation)) == [explained])
    }

    @Test("a lease that keeps fewer units, or none of them")
    func aResizedLease() {
        let resized = Reply.resized(LeaseResized(lease: Samples.lease, count: 0))
        #expect(WireJSON.lines(of: resized) == [#"{"id":"L1742","count":0}"#])
    }

    @Test("every reply is one line, and as many objects as it has elements")
    func everyReplyIsOneLine() {
        for reply in Samples.replies {
            #expect(!WireJSON.text(of: reply).contains("\n"))
            #expect(WireJSON.lines(of: reply).allSatisfy { $0.hasPrefix("{") && !$0.contains("\n") })
        }
        #expect(WireJSON.lines(of: .leases(Samples.leases, next: nil)).count == Samples.leases.count)
        #expect(WireJSON.lines(of: .tenants([], next: nil)) == [])
    }

    // MARK: What is read

    /// A line that asks for a lease in one step, which has something more in it.
    private static func step(_ more: String) -> String {
        #"{"createLease":{"tenant":"a","unit":"gpu","term":"2h","steps":[{"count":1,"at":"2026-05-01T12:00:00Z","#
            + more + "}]}}"
    }

    @Test("a line of a batch is short")
    func aLineOfABatchIsShort() throws {
        let line = """
            {"requestId":"0191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f00",\
            "createLease":{"tenant":"a","unit":"gpu","count":4,"term":"2h","onSilence":"fence"}}
            """
        let terms = LeaseTerms(
            tenant: "a", unit: .gpu, count: 4, kinds: [], end: .after(.hours(2)), onSilence: .fence)
        let read = try WireJSON.request(fromLine: line)
        #expect(read.id == Samples.id && read.request == .createLease(terms))
        #expect(WireJSON.line(for: .createLease(terms), id: Samples.id) == line)
    }

    @Test("what is left out has the value that the schema states")
    func whatIsLeftOutHasAValue() throws {
        let line = #"{"createLease":{"tenant":"a","unit":"node","ends_at":"2026-05-01T12:00:00Z"}}"#
        let terms = LeaseTerms(
            tenant: "a", unit: .node, count: 1, kinds: [], end: .at(Samples.noon), onSilence: .keep)
        let read = try WireJSON.request(fromLine: line)
        #expect(read.id == nil && read.request == .createLease(terms))
        #expect(
            try WireJSON.request(fromLine: #" { "listNodes" : { } , "requestId" : null } "#).request
                == .listNodes(Page(after: nil, countMax: Limits.pageCountMax)))
        #expect(
            try WireJSON.request(fromLine: #"{"watchEvents":{"from":17}}"#).request
                == .watchEvents(EventFilter(from: RecordIndex(rawValue: 17), leasesOnly: false, lease: nil)))
        #expect(
            try WireJSON.request(fromLine: #"{"releaseLease":{"id":"1742"}}"#).request
                == .releaseLease(Samples.lease))
        #expect(
            try WireJSON.request(fromLine: #"{"resizeLease":{"id":"L1742","count":"4"}}"#).request
                == .resizeLease(Samples.lease, count: 4))
    }

    @Test("every request comes back from its line")
    func everyRequestComesBackFromItsLine() throws {
        for request in Samples.requests {
            for id in [nil, Samples.id] {
                let read = try WireJSON.request(fromLine: WireJSON.line(for: request, id: id))
                #expect(read.request == request && read.id == id)
            }
        }
    }

    @Test(
        "a bad line is answered with the field, what it says and what was expected",
        arguments: [
            ("", "line is the end of the line at byte 0; expected a value"),
            ("{", "line is the end of the line at byte 1; expected a name in quotes"),
            (#"{"status":{}} x"#, #"line is "x" at byte 14; expected the end of the line"#),
            ("[]", "line is a list of 0; expected an object"),
            ("{}", "line is without a request; expected exactly one request, such as createLease or releaseLease"),
            (
                #"{"status":{},"showFleet":{}}"#,
                "line is status and showFleet; expected exactly one request, such as createLease or releaseLease"
            ),
            (#"{"creatLease":{}}"#, "creatLease is unknown; expected createLease"),
            (#"{"createLease":{"tenants":"a"}}"#, "createLease.tenants is unknown; expected tenant"),
            (#"{"status":{"verbose":true}}"#, "status.verbose is unknown; expected an empty object"),
            (#"{"showNode":{"colour":1}}"#, "showNode.colour is unknown; expected name"),
            (#"{"showNode":{"name":"a","name":"b"}}"#, "showNode.name is twice; expected each field once"),
            (#"{"showNode":{"name":7}}"#, "showNode.name is 7; expected a text"),
            (
                #"{"createLease":{"count":"four"}}"#,
                #"createLease.count is "four"; expected a whole number up to 4294967295"#
            ),
            (#"{"createLease":{"count":1.5}}"#, "createLease.count is 1.5; expected a whole number up to 4294967295"),
            (#"{"createLease":{"kinds":"H100"}}"#, #"createLease.kinds is "H100"; expected a list"#),
            (#"{"createLease":{"kinds":["H100",2]}}"#, "createLease.kinds[1] is 2; expected a text"),
            (
                #"{"createLease":{"tenant":"a","unit":"gpus","term":"2h"}}"#,
                #"createLease.unit is "gpus"; expected gpu, node, nvlink-domain, rack, hall, site, slice, share or cpu"#
            ),
            (#"{"createLease":{"tenant":"a","unit":"gpu"}}"#, "createLease.term is missing; expected term or endsAt"),
            (
                #"{"createLease":{"tenant":"a","unit":"gpu","term":"soon"}}"#,
                #"createLease.term is "soon"; expected a duration such as 90s, 2h or 14d"#
            ),
            (
                #"{"createLease":{"term":"2h","endsAt":"2026-05-01T12:00:00Z"}}"#,
                "createLease.term is beside endsAt; expected one of the two"
            ),
            (
                #"{"createLease":{"endsAt":"tomorrow"}}"#,
                #"createLease.endsAt is "tomorrow"; expected an instant such as 2026-05-01T12:00:00Z"#
            ),
            (
                #"{"createLease":{"tenant":"a","unit":"gpu","term":"2h","onSilence":"kill"}}"#,
                #"createLease.onSilence is "kill"; expected fence or keep"#
            ),
            (
                #"{"requestId":"7","status":{}}"#,
                #"requestId is "7"; expected a UUID of 32 hexadecimal digits"#
            ),
            (#"{"createTenant":{"name":"a"}}"#, "createTenant.quota is missing; expected a number"),
            (
                #"{"createLease":{"tenant":"a","unit":"gpu","term":"2h","waitlist":"long"}}"#,
                #"createLease.waitlist is "long"; expected a duration such as 90s, 2h or 14d"#
            ),
            (
                step(#""fee":"1.99""#), #"createLease.steps[0].fee is "1.99"; expected money such as 1.99USD"#
            ),
            (step(#""fee":1.99"#), "createLease.steps[0].fee is 1.99; expected a text"),
            (step(#""claus":"4""#), "createLease.steps[0].claus is unknown; expected clause"),
            (#"{"resizeLease":{"id":"L1742"}}"#, "resizeLease.count is missing; expected a number"),
            (
                #"{"resizeLease":{"id":"L1742","count":-1}}"#,
                "resizeLease.count is -1; expected a whole number up to 4294967295"
            ),
            (#"{"explainLease":{"id":"x"}}"#, #"explainLease.id is "x"; expected a lease such as L1742"#),
            (#"{"listLeases":{"includesEnded":1}}"#, "listLeases.includesEnded is 1; expected true or false"),
            (#"{"listNodes":{"countMax":1001}}"#, "listNodes.countMax is 1001; expected 1 to 1000"),
            (#"{"releaseLease":{"id":"lease 7"}}"#, #"releaseLease.id is "lease 7"; expected a lease such as L1742"#),
            (#"{"a":[[[[[[[[[[1]]]]]]]]]]}"#, #"line is "[[[1]]]]]]]]" at byte 12; expected at most 8 levels"#),
            (#"{"status":{"#, "line is the end of the line at byte 11; expected a name in quotes"),
            (#"{"showNode":{"name":"\ud800"}}"#, #"line is ""}}" at byte 27; expected a pair of surrogates"#),
        ])
    func aBadLineIsAnswered(_ line: String, _ answer: String) {
        do {
            let read = try WireJSON.request(fromLine: line)
            Issue.record("\(line) was read as \(read)")
        } catch {
            #expect(error.description == answer)
            #expect(error.refusal.message == answer && error.refusal.exitStatus == 2)
        }
    }

    @Test("escapes are read as what they mean")
    func escapesAreRead() throws {
        let line = #"{"showNode":{"name":"a\u0041\n\"\/\ud83d\ude00é"}}"#
        #expect(try WireJSON.request(fromLine: line).request == .showNode(name: "aA\n\"/😀é"))
    }
}
