import LeaseholdModel

/// What agents say of devices: everything, the least, and the ends of the numbers.
extension Samples {
    static let details = [
        NodeDetail(
            driver: "570.124.06",
            gpus: Standing.allCases.map { standing in
                GPUDetail(
                    uuid: "GPU-5a30b1f6-0b6e-1b4c-8a3f-7d1c2e3f4a5b", product: "NVIDIA H100 80GB HBM3",
                    serial: "1650123012345", bus: "00000000:1B:00.0", firmware: "96.00.74.00.01", memoryMiB: 81_559,
                    sliceMode: "on after a reset", standing: standing, limit: Watts(700), energyJoules: .max)
            },
            troubles: [
                DeviceTrouble(
                    gpu: 3, component: "memory", standing: .unhealthy, what: "Xid 95: uncontained memory error",
                    remedy: "reset the GPU", since: noon, count: 3, ticket: 12),
                DeviceTrouble(
                    gpu: nil, component: "", standing: .suspect, what: "", remedy: "",
                    since: CalendarInstant(nanoseconds: .min), count: .max, ticket: .max),
                DeviceTrouble(
                    gpu: 0, component: "link", standing: .healthy, what: "Xid 43", remedy: "", since: .never, count: 0,
                    ticket: 0),
            ], statedAt: noon),
        NodeDetail(driver: "", gpus: [], troubles: [], statedAt: CalendarInstant(nanoseconds: 0)),
        NodeDetail(
            driver: "",
            gpus: [
                GPUDetail(
                    uuid: "", product: "", serial: "", bus: "", firmware: "", memoryMiB: 0, sliceMode: "",
                    standing: .healthy, limit: nil, energyJoules: nil),
                GPUDetail(
                    uuid: "", product: "", serial: "", bus: "", firmware: "", memoryMiB: .max, sliceMode: "",
                    standing: .healthy, limit: .zero, energyJoules: 0),
            ],
            power: [
                PowerDetail(
                    scope: .node, source: "power-reading", quality: .sample, draw: Watts(812), energyJoules: nil),
                PowerDetail(
                    scope: .processors, source: "", quality: .counter, draw: Watts(.max), energyJoules: .max),
            ], troubles: [], evictions: EvictionTimes(count: .max, slowest: .milliseconds(1_250)), statedAt: .never),
        NodeDetail(
            driver: "570.124.06", gpus: [],
            power: [
                PowerDetail(
                    scope: .node, source: "ACPI meter", quality: .average, draw: .zero, energyJoules: 0)
            ], troubles: [], tickets: ToldTickets(tickets: tickets, areAllOpen: true), statedAt: noon),
    ]

    static let tickets =
        [
            Ticket(
                name: Ticket.Name(opened: noon, number: 12), gpu: 3, uuid: "GPU-5a30", component: "memory",
                action: "reset the GPU", done: .never, closing: nil),
            Ticket(
                name: Ticket.Name(opened: CalendarInstant(nanoseconds: 0), number: .max), gpu: nil, uuid: "",
                component: "", action: "", done: nil, closing: nil),
        ]
        + [
            Ticket(
                name: Ticket.Name(opened: noon, number: 0), gpu: 15, uuid: "", component: "nvlink", action: "",
                done: nil, closing: nil
            ).closed(.recovered, at: noon)
        ]

    static let detailed = {
        var node = nodes[0]
        node.detail = details[0]
        node.tickets = tickets
        return node
    }()
}
