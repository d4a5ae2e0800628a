import LeaseholdCommand
import LeaseholdModel
import Testing

@Suite("a node for a stranger")
struct NodeShowTests {
    @Test("where all is well it says what the node has, and that nothing is wrong")
    func allWell() {
        #expect(
            shown(Sample.detail(gpus: [Sample.gpu(0), Sample.gpu(1)])) == """
                GPU  PRODUCT                  MEMORY  STANDING  SLICES  LIMIT    USED  BUS               SERIAL         \
                FIRMWARE        UUID
                  0  NVIDIA H100 80GB HBM3  81559MiB  healthy   off      700W  2500Wh  00000000:1B:00.0  1650123000000  \
                96.00.74.00.01  GPU-5a30b1f6-0000
                  1  NVIDIA H100 80GB HBM3  81559MiB  healthy   off      700W   10kWh  00000000:1B:00.0  1650123000001  \
                96.00.74.00.01  GPU-5a30b1f6-0001
                driver: 570.124.06; its agent said so at 2026-11-21T04:32:40Z (12s ago)
                wrong with its devices: nothing
                next: nothing

                """)
    }

    @Test("what is drawn beside the GPUs, or with them, is told with what measures it and how")
    func power() {
        let power = [
            PowerDetail(
                scope: .node, source: "power-reading", quality: .sample, draw: Watts(3_120), energyJoules: nil),
            PowerDetail(
                scope: .processors, source: "RAPL packages", quality: .counter, draw: Watts(412),
                energyJoules: 7_200_000),
        ]
        let detail = NodeDetail(
            driver: "570.124.06", gpus: [], power: power, troubles: [],
            evictions: EvictionTimes(count: 12, slowest: .milliseconds(1_250)), statedAt: Spoken.now)
        #expect(
            shown(detail).hasPrefix(
                """
                POWER OF     DRAW    USED  MEASURED BY    QUALITY
                node        3120W       -  power-reading  sample
                processors   412W  2000Wh  RAPL packages  counter
                driver: 570.124.06;
                """))
        #expect(
            shown(detail).contains("\nwork off its GPUs: within 1250ms at the slowest of 12, since its guard began\n"))
    }

    @Test("a broken GPU is told with part, standing, since when, how often, what was seen and what to do")
    func brokenGPU() {
        let troubles = [
            DeviceTrouble(
                gpu: 0, component: "link", standing: .suspect, what: "Xid 74: NVLink error", remedy: "",
                since: Spoken.now, count: 1, ticket: nil),
            DeviceTrouble(
                gpu: 3, component: "memory", standing: .unhealthy, what: "Xid 95: uncontained memory error",
                remedy: "reset the GPU", since: CalendarInstant(nanoseconds: 1_763_701_923_000_000_000), count: 3,
                ticket: 12),
        ]
        let bare = GPUDetail(
            uuid: "", product: "", serial: "", bus: "", firmware: "", memoryMiB: 0, sliceMode: "",
            standing: .unhealthy, limit: nil, energyJoules: nil)
        #expect(
            shown(Sample.detail(gpus: [bare], troubles: troubles)) == """
                GPU  PRODUCT  MEMORY  STANDING   SLICES  LIMIT  USED  BUS  SERIAL  FIRMWARE  UUID
                  0  -          0MiB  unhealthy  -           -     -  -    -       -         -
                driver: 570.124.06; its agent said so at 2026-11-21T04:32:40Z (12s ago)
                wrong with its devices:
                  GPU 3 memory unhealthy since 2025-11-21T05:12:03Z (3 times): Xid 95: uncontained memory error -> reset \
                the GPU (ticket 12)
                  GPU 0 link suspect since 2026-11-21T04:32:52Z: Xid 74: NVLink error
                next: reset the GPU (GPU 3 memory, ticket 12)

                """)
    }

    @Test("what the log has open is shown, though nobody hears of the node any more")
    func tickets() {
        var node = Sample.readyNode
        node.tickets = [
            Ticket(
                name: Ticket.Name(opened: Spoken.now, number: 12), gpu: 3, uuid: "GPU-3", component: "memory",
                action: "reset the GPU", done: nil, closing: nil),
            Ticket(
                name: Ticket.Name(opened: Spoken.now, number: 7), gpu: nil, uuid: "GPU-4", component: "link",
                action: "", done: Spoken.now, closing: nil),
        ]
        #expect(
            shown(node).hasPrefix(
                """
                devices: no word of its agent about them is at hand
                TICKET  GPU  PART    OPENED                DONE                  ACTION
                    12    3  memory  2026-11-21T04:32:52Z  -                     reset the GPU
                     7    -  link    2026-11-21T04:32:52Z  2026-11-21T04:32:52Z  -

                """))
    }

    @Test("without a driver there are no GPUs to tell of, and the node as a whole is in trouble")
    func noDriver() {
        let trouble = DeviceTrouble(
            gpu: nil, component: "driver", standing: .unhealthy, what: "the driver does not answer: not loaded",
            remedy: "load the driver", since: Spoken.now, count: 1, ticket: nil)
        #expect(
            shown(Sample.detail(driver: "", gpus: [], troubles: [trouble])) == """
                driver: none answers; its agent said so at 2026-11-21T04:32:40Z (12s ago)
                wrong with its devices:
                  node driver unhealthy since 2026-11-21T04:32:52Z: the driver does not answer: not loaded -> load the \
                driver
                next: load the driver (node driver)

                """)
    }

    @Test("of a silent node its last word is shown with its age, and its silence is looked after first")
    func silentNode() {
        let trouble = DeviceTrouble(
            gpu: 1, component: "gpu", standing: .unhealthy, what: "lost", remedy: "reset the GPU", since: Spoken.now,
            count: 1, ticket: nil)
        var node = Sample.node
        node.detail = Sample.detail(gpus: [], troubles: [trouble])
        #expect(
            shown(node) == """
                driver: 570.124.06; its agent said so at 2026-11-21T04:32:40Z (12s ago)
                wrong with its devices:
                  GPU 1 gpu unhealthy since 2026-11-21T04:32:52Z: lost -> reset the GPU
                next: see on the node whether leasehold-agent runs, and what it says (journalctl -u leasehold-agent)

                """)
    }

    @Test("a node of which nothing was said tells so, and what helps it", arguments: NodeReason.allCases)
    func nothingSaid(_ reason: NodeReason) {
        var node = Sample.readyNode
        node.reason = reason
        let lines = shown(node).split(separator: "\n")
        #expect(lines.first == "devices: no word of its agent about them is at hand")
        #expect(lines.count == 2 && lines.last?.hasPrefix("next: ") == true)
        #expect((lines.last == "next: nothing") == (reason == .none))
    }

    @Test("a node that is cordoned, or was never heard of, says how to go on")
    func otherSteps() {
        var node = Sample.readyNode
        node.isCordoned = true
        #expect(shown(node).hasSuffix("next: leasectl node uncordon north-1/a/r1/n5 lets new leases onto it again\n"))
        node.state = .notDelivered
        #expect(shown(node).hasSuffix("next: start leasehold-agent on the node\n"))
    }

    @Test("what is broken is red, what is suspect yellow")
    func colours() {
        let troubles = [Standing.unhealthy, .suspect].map {
            DeviceTrouble(
                gpu: nil, component: "link", standing: $0, what: "w", remedy: "", since: Spoken.now, count: 1,
                ticket: nil)
        }
        let text = shown(Sample.detail(gpus: [], troubles: troubles), coloured: true)
        #expect(text.contains("  \u{1B}[31mnode link unhealthy since 2026-11-21T04:32:52Z: w\u{1B}[0m\n"))
        #expect(text.contains("  \u{1B}[33mnode link suspect since 2026-11-21T04:32:52Z: w\u{1B}[0m\n"))
        #expect(text.hasSuffix("next: nothing but to watch it\n"))
    }

    @Test("for scripts it is the mapping of protobuf")
    func json() {
        var node = Sample.readyNode
        node.detail = Sample.detail(gpus: [Sample.gpu(1)])
        let line = Rendering.text(of: .node(node), as: .json, style: style())
        let expected = """
            "detail":{"driver":"570.124.06","gpus":[{"uuid":"GPU-5a30b1f6-0001","product":"NVIDIA H100 80GB HBM3",\
            "serial":"1650123000001","bus":"00000000:1B:00.0","firmware":"96.00.74.00.01","memoryMib":"81559",\
            "sliceMode":"off","standing":"healthy","limitWatts":"700","energyJoules":"36000000"}],\
            "statedAt":"2026-11-21T04:32:40Z"}}
            """
        #expect(line.hasSuffix(expected + "\n"))
    }

    // MARK: Words

    private func style(coloured: Bool = false) -> Rendering.Style {
        Rendering.Style(isColoured: coloured, now: Spoken.now)
    }

    /// What stands below the facts of a ready node.
    private func shown(_ detail: NodeDetail, coloured: Bool = false) -> String {
        var node = Sample.readyNode
        node.detail = detail
        return shown(node, coloured: coloured)
    }

    private func shown(_ node: NodeView, coloured: Bool = false) -> String {
        let text = Rendering.text(of: .node(node), as: .table, style: style(coloured: coloured))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.drop { !$0.isEmpty }.dropFirst().joined(separator: "\n")
    }
}

extension Sample {
    fileprivate static func detail(
        driver: String = "570.124.06", gpus: [GPUDetail], troubles: [DeviceTrouble] = []
    ) -> NodeDetail {
        let said = CalendarInstant(nanoseconds: Spoken.now.nanoseconds - 12_000_000_000)
        return NodeDetail(driver: driver, gpus: gpus, troubles: troubles, statedAt: said)
    }

    fileprivate static func gpu(_ position: Int) -> GPUDetail {
        GPUDetail(
            uuid: "GPU-5a30b1f6-000\(position)", product: "NVIDIA H100 80GB HBM3", serial: "165012300000\(position)",
            bus: "00000000:1B:00.0", firmware: "96.00.74.00.01", memoryMiB: 81_559, sliceMode: "off",
            standing: .healthy, limit: Watts(700), energyJoules: position == 0 ? 9_000_000 : 36_000_000)
    }
}
