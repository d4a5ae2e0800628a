import LeaseholdCommand
import LeaseholdModel
import Testing

@Suite("what is agreed and what would be paid for, as answers show it")
struct AgreedTests {
    private func text(_ reply: Reply, _ format: OutputFormat = .table) -> String {
        Rendering.text(of: reply, as: format, style: Rendering.Style(isColoured: false, now: Spoken.now))
    }

    @Test("a quote says what would be paid for, to the hundredth of a GPU-hour")
    func quote() {
        func quote(_ units: [QuotedUnits]) -> String {
            text(
                .quote(
                    QuoteView(
                        gpuCount: 9, watts: Watts(11_475), startsAt: Spoken.now, endsAt: Spoken.now + .hours(2),
                        within: "north-1", placements: Sample.grant.placements, units: units)))
        }
        #expect(
            quote([
                QuotedUnits(kind: "H100", gpuMilliseconds: 14_745_600_000),
                QuotedUnits(kind: "H200", gpuMilliseconds: 18_000),
            ]) == """
                would be granted from 2026-11-21T04:32:52Z until 2026-11-21T06:32:52Z: 9 GPUs on 2 nodes within north-1, \
                11475W; nothing is held for it
                  price units  4096.00 GPU-hours of H100, 0.01 GPU-hours of H200

                """)
        #expect(quote([]).hasSuffix("\n  price units  none\n"))
        for (milliseconds, hours) in [
            (17_999, "0.00"), (53_999, "0.01"), (54_000, "0.02"), (3_582_000, "1.00"), (3_581_999, "0.99"),
            (.max, "2562047788015.22"),
        ] as [(Int64, String)] {
            let units = [QuotedUnits(kind: "H100", gpuMilliseconds: milliseconds)]
            #expect(quote(units).contains("  price units  \(hours) GPU-hours of H100\n"))
        }
    }

    /// A lease in two steps, with something agreed for both.
    private var ramp: LeaseGrantView {
        LeaseGrantView(
            lease: LeaseID(rawValue: 1742), tenant: "acme", epoch: nil, gpuCount: 8, watts: Watts(10_200),
            startsAt: Spoken.now, endsAt: Spoken.now + .hours(2),
            placements: [Placement(node: NodeID(rawValue: 4), gpus: .first(8))], nodeNames: ["north-1/a/r1/n4"],
            further: [
                LeasePartView(
                    startsAt: Spoken.now + .hours(1), endsAt: Spoken.now + .hours(2), gpuCount: 16,
                    watts: Watts(20_400), terms: StepTerms(fee: Money(text: "1.5USD")))
            ], terms: StepTerms(fee: Money(text: "1.99USD"), clause: "4.2b"))
    }

    @Test("what is agreed for a part stands behind it")
    func agreed() {
        #expect(
            text(.granted(ramp)) == """
                L1742 promised to acme: 8 GPUs, 10200W, from 2026-11-21T04:32:52Z until 2026-11-21T06:32:52Z (120m), \
                1.99USD an hour for each unit, clause 4.2b
                  north-1/a/r1/n4  GPUs 0-7
                  then 16 GPUs from 2026-11-21T05:32:52Z until 2026-11-21T06:32:52Z, 1.50USD an hour for each unit

                """)
        let lease = LeaseView(
            grant: ramp, unit: .node, count: 1, kinds: [], onSilence: .keep, state: .confirmed, cause: .none,
            retiredCount: 0, isDegraded: false, principal: Principal(role: .tenant, name: "acme"))
        let facts = text(.lease(lease))
        #expect(facts.contains("fee         1.99USD an hour for each node\nclause      4.2b\n"))
        #expect(facts.hasSuffix("until 2026-11-21T06:32:52Z, 1.50USD an hour for each unit\n"))
        let list = Reply.leases([Sample.lease(.active), lease], next: nil)
        let lines = text(list, .wide).split(separator: "\n")
        #expect(lines[0].hasSuffix("BY               FEE  CLAUSE"))
        #expect(lines[1].hasSuffix("tenant/acme        -  -"))
        #expect(lines[2].hasSuffix("tenant/acme  1.99USD  4.2b"))
        #expect(!text(list).contains("CLAUSE"))
        #expect(!text(.leases([Sample.lease(.active)], next: nil), .wide).contains("CLAUSE"))
    }
}
