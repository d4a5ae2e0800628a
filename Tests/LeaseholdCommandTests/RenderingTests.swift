import LeaseholdCommand
import LeaseholdModel
import Testing

@Suite("what answers look like")
struct RenderingTests {
    private func text(_ reply: Reply, _ format: OutputFormat = .table, coloured: Bool = false) -> String {
        Rendering.text(of: reply, as: format, style: Rendering.Style(isColoured: coloured, now: Spoken.now))
    }

    @Test("nodes stand in aligned columns, numbers to the right")
    func nodes() {
        #expect(
            text(.nodes([Sample.node, Sample.readyNode], next: nil)) == """
                NODE             KIND   GPUS  LEASED  FREE  STATE             REASON
                north-1/a/r1/n4  H100      8       3     -  suspect,cordoned  silent
                north-1/a/r1/n5  GB200     4       0     4  ready             -

                """)
    }

    @Test("wide nodes say more")
    func wideNodes() {
        let lines = text(.nodes([Sample.node], next: nil), .wide).split(separator: "\n")
        #expect(lines[0].hasSuffix("ID  UNHEALTHY  DRAWN  COMMITTED  ENVELOPE  SILENCE  SINCE                 LEASES"))
        #expect(lines[1].hasSuffix("4          1  3100W      3825W    10200W      12s  2026-11-21T04:31:22Z  L12"))
    }

    @Test("a node tells why it is set aside and what ends that")
    func node() {
        #expect(
            text(.node(Sample.node)) == """
                node         north-1/a/r1/n4
                id           4
                kind         H100
                state        suspect,cordoned
                because      silent: no heartbeat in time; ends with the node's next report
                since        2026-11-21T04:31:22Z (90s ago)
                last heard   12s ago
                GPUs         8
                  leased     3 (0-2)
                  unhealthy  1 (7)
                  free       -
                leases       L12
                envelope     10200W
                committed    3825W
                drawn        3100W

                devices: no word of its agent about them is at hand
                next: see on the node whether leasehold-agent runs, and what it says (journalctl -u leasehold-agent)

                """)
    }

    @Test("a grant says what, for whom, until when and where")
    func granted() {
        #expect(
            text(.granted(Sample.grant)) == """
                L1742 granted to acme: 9 GPUs, 11475W, until 2026-11-21T06:32:52Z (120m)
                  north-1/a/r1/n4  GPUs 0-7
                  north-1/a/r1/n5  GPU 3

                """)
    }

    @Test("a grant over many nodes names the first and counts the rest")
    func manyNodes() {
        let placements = (0..<20).map { Placement(node: NodeID(rawValue: $0), gpus: .only(0)) }
        let grant = LeaseGrantView(
            lease: LeaseID(rawValue: 1), tenant: "acme", epoch: .zero, gpuCount: 20, watts: Watts(1),
            startsAt: Spoken.now, endsAt: Spoken.now + .hours(1), placements: placements, nodeNames: [])
        let lines = text(.granted(grant)).split(separator: "\n")
        #expect(lines.count == 10)
        #expect(lines[1] == "  node 0  GPU 0")
        #expect(lines[9] == "  and 12 more nodes (-o wide names them)")
        #expect(text(.granted(grant), .wide).split(separator: "\n").count == 21)
    }

    @Test("a quote that says no tells what binds, and what fits")
    func declined() {
        let noon = CalendarInstant(nanoseconds: 1_777_636_800_000_000_000)
        let quote = DeclinedQuote(
            refusal: .noCapacity(asked: 16, grantable: 12, inventory: 32), binds: [.reach, .calendar],
            relaxations: [
                Relaxation(
                    binding: .count, change: "--count 12", startsAt: noon, endsAt: noon + .hours(2), gpuCount: 12,
                    watts: Watts(15_300))
            ])
        let expected = """
            cannot be had: 16 GPUs asked for, 12 of 32 can be granted now
              what binds: reach, calendar
              fits with --count 12: 12 GPUs, 15300W, from 2026-05-01T12:00:00Z until 2026-05-01T14:00:00Z

            """
        #expect(text(.declined(quote)) == expected)
    }

    @Test("leases stand in aligned columns")
    func leases() {
        #expect(
            text(.leases([Sample.lease(.active)], next: nil)) == """
                LEASE  TENANT  COUNT  UNIT  GPUS  NODES  STATE            ENDS                  ON-SILENCE   WATTS
                L1742  acme        9  gpu      9      2  active,degraded  2026-11-21T06:32:52Z  keep        11475W

                """)
    }

    @Test("a lease tells how much of it is given back")
    func lease() {
        let lines = text(.lease(Sample.lease(.ending, cause: .released, retiredCount: 1)))
        #expect(lines.contains("state       ending\nbecause     released\n"))
        #expect(lines.contains("asked for   9 gpus, kind H100,H200\n"))
        #expect(lines.contains("given back  1 of 2 nodes\n"))
        #expect(lines.contains("on          north-1/a/r1/n4  GPUs 0-7\n            north-1/a/r1/n5  GPU 3\n"))
    }

    @Test("what waits says where it stands, why, and what to do next")
    func waitlisted() {
        let later = Sample.waitlisted(estimatedStart: Spoken.now + .hours(2))
        #expect(
            text(.waitlisted(later)) == """
                L1743 waits at position 3 of the waitlist until 2026-11-22T04:32:52Z (in 24h)
                  cannot be had yet: 4 whole nodes asked for, 2 can be granted now
                  estimated start: 2026-11-21T06:32:52Z (in 120m) if no other waited; no promise
                  next: leasectl lease explain L1743 says how it stands, leasectl lease cancel L1743 gives it up

                """)
        let never = text(.waitlisted(Sample.waitlisted(estimatedStart: nil)))
        #expect(never.contains("  estimated start: not in sight\n"))
    }

    @Test("a lease that waits has a position, and neither start nor end")
    func waitingLease() {
        #expect(
            text(.lease(Sample.waiting)) == """
                lease        L1743
                tenant       acme
                state        waitlisted
                position     3 of the waitlist
                waits until  2026-11-22T04:32:52Z (in 24h)
                asked for    4 nodes, kind any
                on silence   keep
                epoch        none before it begins
                asked by     tenant/acme

                """)
    }

    @Test("a list with leases that wait says until when")
    func waitingLeases() {
        let lines = text(.leases([Sample.lease(.active), Sample.waiting], next: nil)).split(separator: "\n")
        #expect(lines[0].hasSuffix("ENDS                  ON-SILENCE   WATTS  POSITION  WAITS-UNTIL"))
        #expect(lines[1].hasSuffix("2026-11-21T06:32:52Z  keep        11475W         -  -"))
        #expect(lines[2].hasSuffix("-                     keep            0W         3  2026-11-22T04:32:52Z"))
    }

    @Test("a lease that was resized says what it has")
    func resized() {
        let resized = LeaseResized(lease: LeaseID(rawValue: 1742), count: 1)
        #expect(text(.resized(resized)) == "L1742 has 1 unit from here on; the rest is given back\n")
    }

    @Test("an explanation says what cannot be used, why, and what has happened")
    func explained() {
        let explanation = LeaseExplanation(
            lease: LeaseID(rawValue: 1742), state: .active, summary: "one of its nodes is silent", waiting: nil,
            missing: [
                MissingPlacement(node: "north-1/a/r1/n4", gpus: .first(8), reason: "no heartbeat in time"),
                MissingPlacement(node: "north-1/a/r1/n5", gpus: .none, reason: "cordoned"),
            ], missingCount: 3, notes: [Sample.event(7, "leaseMoved")], forgottenNoteCount: 1)
        #expect(
            text(.explained(explanation)) == """
                lease           L1742
                state           active
                summary         one of its nodes is silent
                cannot be used  north-1/a/r1/n4  GPUs 0-7: no heartbeat in time
                                north-1/a/r1/n5  no GPU: cordoned
                                and on 1 more node
                notes           1 older one forgotten
                                2026-11-21T04:32:52Z  leaseMoved  what happened

                """)
        let waiting = LeaseExplanation(
            lease: LeaseID(rawValue: 1743), state: .waitlisted, summary: "it waits",
            waiting: Sample.waitlisted(estimatedStart: nil), missing: [], missingCount: 0, notes: [],
            forgottenNoteCount: 0)
        #expect(
            text(.explained(waiting)) == """
                lease            L1743
                state            waitlisted
                summary          it waits
                position         3 of the waitlist
                waits until      2026-11-22T04:32:52Z (in 24h)
                because          4 whole nodes asked for, 2 can be granted now
                estimated start  not in sight

                """)
    }

    @Test("an event is one line")
    func event() {
        #expect(
            text(.event(Sample.event(7, "leaseGranted")))
                == "     7  2026-11-21T04:32:52Z  leaseGranted        operator/ops             what happened\n")
    }

    @Test("places and kinds stand one below the other")
    func fleet() {
        let view = FleetView(
            places: [
                PlaceView(
                    path: "north-1", level: .site, nodeCount: 2, gpuCount: 12, limit: Watts(120_000),
                    committed: Watts(3_825)),
                PlaceView(path: "north-1/a", level: .hall, nodeCount: 2, gpuCount: 12, limit: nil, committed: .zero),
            ],
            kinds: [KindView(kind: GPUKind.catalogue[0], gpuCount: 8, freeCount: 4)])
        #expect(
            text(.fleet(view)) == """
                PLACE      LEVEL  NODES  GPUS  COMMITTED  LIMIT
                north-1    site       2    12      3825W  120kW
                north-1/a  hall       2    12         0W      -

                KIND  GPUS  FREE  MEMORY  ENVELOPE
                H100     8     4   80GiB     1275W

                """)
    }

    @Test("the status names what is there, and every alarm")
    func status() {
        var view = StatusView()
        view.cluster = "laptop"
        view.nodes.ready = 4
        view.nodes.suspect = 1
        view.leases.waitlisted = 2
        view.alarms = ["disk slow", "node lost"]
        let lines = text(.status(view))
        #expect(lines.hasPrefix("cluster          laptop\n"))
        #expect(lines.contains("nodes            4 ready, 1 suspect\n"))
        #expect(lines.contains("GPUs             0 free\n"))
        #expect(lines.contains("leases           0 starting, 2 waitlisted\n"))
        #expect(lines.hasSuffix("alarms           disk slow\n                 node lost\n"))
    }

    @Test("JSON is one object a line, and a list has the objects that show prints")
    func json() {
        let node = text(.node(Sample.node), .json)
        #expect(node.hasPrefix("{") && node.hasSuffix("}\n") && node.filter { $0 == "\n" }.count == 1)
        #expect(node.contains("\"committedWatts\":\"3825\""))
        let list = text(.nodes([Sample.node, Sample.readyNode], next: nil), .json)
        #expect(list == node + text(.node(Sample.readyNode), .json))
    }

    @Test("YAML says the same as JSON, in blocks, with texts in quotes")
    func yaml() {
        let cordon = Reply.cordon(CordonSet(node: "north-1/a/r1/n4", isCordoned: true))
        #expect(text(cordon, .yaml) == "---\nnode: \"north-1/a/r1/n4\"\ncordoned: true\n")
        let lease = text(.lease(Sample.lease(.active)), .yaml)
        #expect(lease.contains("kinds:\n  - \"H100\"\n  - \"H200\"\n"))
        #expect(lease.contains("epoch:\n  reign: \"3\"\n"))
    }

    @Test("colours say what needs an eye, and only where they are wanted")
    func colours() {
        #expect(text(.nodes([Sample.readyNode], next: nil), coloured: true).contains("\u{1B}[32mready\u{1B}[0m"))
        #expect(text(.leases([Sample.lease(.active)], next: nil), coloured: true).contains("\u{1B}[31mactive,degraded"))
        #expect(!text(.nodes([Sample.readyNode], next: nil)).contains("\u{1B}"))
    }
}

@Suite("instants as text")
struct InstantTextTests {
    @Test(
        "are written as they are read",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"), (1_795_235_572, "2026-11-21T04:32:52Z"),
        ] as [(Int64, String)])
    func roundTrip(seconds: Int64, text: String) {
        let instant = CalendarInstant(nanoseconds: seconds * 1_000_000_000)
        #expect(instant.rfc3339 == text)
        #expect(CalendarInstant(text: text, now: .never) == instant)
    }

    @Test("may have an offset and a fraction, or count from now")
    func forms() {
        let at = { (text: String) in CalendarInstant(text: text, now: Spoken.now) }
        #expect(at("2026-11-21T05:32:52+01:00") == Spoken.now)
        #expect(at("2026-11-20t23:02:52.5-05:30") == Spoken.now + .milliseconds(500))
        #expect(at("now") == Spoken.now)
        #expect(at("+90s") == Spoken.now + .seconds(90))
    }

    @Test(
        "that are none are refused",
        arguments: [
            "", "yesterday", "+", "+2", "2026-02-30T00:00:00Z", "2026-11-21", "2026-11-21T04:32:52",
            "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T04:60:00Z", "9999-01-01T00:00:00Z",
            "2026-11-21T04:32:52+25:00",
        ])
    func refused(text: String) {
        #expect(CalendarInstant(text: text, now: Spoken.now) == nil)
    }
}
