import LeaseholdModel
import Testing

@Suite("what an agent says of its devices")
struct NodeDetailTests {
    @Test("a text is cut at the last whole character that fits")
    func cut() {
        let euros = String(repeating: "€", count: 30)
        #expect(gpu(product: euros).product == String(repeating: "€", count: 21))
        // A family of seven scalars and 25 bytes is one character.
        let families = String(repeating: "👩🏽‍🚀", count: 20)
        #expect(trouble(what: families).what.utf8.count <= 200)
        #expect(trouble(what: String(repeating: "x", count: 200)).what.count == 200)
        #expect(trouble(what: String(repeating: "x", count: 201)).what.count == 200)
    }

    @Test("nothing in a text moves a terminal's cursor or begins a line")
    func printable() {
        #expect(trouble(what: "a\nb\r\nc\u{1B}[2Jd\u{2028}e\u{202E}f\u{0}").what == "a b  c [2Jd e f ")
        #expect(gpu(product: "NVIDIA H100 – 80 GB").product == "NVIDIA H100 – 80 GB")
    }

    @Test("troubles stand worst first, among equals as they were said, and the worst are kept")
    func worstFirst() {
        let told = (0..<40).map { trouble(what: "\($0)", $0 == 39 ? .unhealthy : $0 % 2 == 0 ? .healthy : .suspect) }
        let kept = detail(troubles: told).troubles
        #expect(kept.count == Limits.troublesPerNodeCountMax)
        #expect(kept.map(\.what).prefix(3) == ["39", "1", "3"])
        #expect(kept.map(\.standing) == kept.map(\.standing).sorted(by: >))
    }

    @Test("a node has no more GPUs than it can have, and no trouble is with one beyond")
    func positions() {
        #expect(detail(gpus: (0..<20).map { gpu(product: "\($0)") }).gpus.count == GPUSet.countMax)
        #expect(trouble(gpu: 15).gpu == 15)
        #expect(trouble(gpu: 16).gpu == nil)
        #expect(trouble(gpu: -1).gpu == nil)
    }

    @Test("what is drawn, and used, of a source is no news; a source that comes or goes is")
    func powerNews() {
        let first = detail(power: [power(.node, 700, joules: 1)])
        #expect(detail(power: [power(.node, 900, joules: nil)]).repeats(first))
        #expect(!detail(power: []).repeats(first))
        #expect(!detail(power: [power(.processors, 700, joules: 1)]).repeats(first))
        #expect(!detail(power: [power(.node, 700, joules: 1, .sample)]).repeats(first))
        #expect(detail(power: Array(repeating: power(.node, 1, joules: 1), count: 9)).power.count == 2)
    }

    private func power(
        _ scope: PowerScope, _ watts: Int64, joules: UInt64?, _ quality: PowerQuality = .counter
    ) -> PowerDetail {
        PowerDetail(scope: scope, source: "s", quality: quality, draw: Watts(watts), energyJoules: joules)
    }

    @Test("it is news when anything else changes than the instant and the energy")
    func news() {
        let first = detail(gpus: [gpu(energy: 1)], troubles: [trouble(count: 1)], at: 1)
        #expect(detail(gpus: [gpu(energy: 2)], troubles: [trouble(count: 1)], at: 2).repeats(first))
        #expect(detail(gpus: [gpu()], troubles: [trouble(count: 1)], at: 1).repeats(first))
        #expect(!detail(gpus: [gpu(energy: 1)], troubles: [trouble(count: 2)], at: 1).repeats(first))
        #expect(!detail(gpus: [gpu(energy: 1)], troubles: [], at: 1).repeats(first))
        #expect(!detail(gpus: [], troubles: [trouble(count: 1)], at: 1).repeats(first))
        #expect(!detail(gpus: [gpu(product: "b", energy: 1)], troubles: [trouble(count: 1)], at: 1).repeats(first))
        let few = EvictionTimes(count: 1, slowest: .seconds(1))
        let (more, slower) = (
            EvictionTimes(count: 2, slowest: .seconds(1)), EvictionTimes(count: 2, slowest: .seconds(2))
        )
        #expect(first.adding(more, []).repeats(first.adding(few, [])))
        #expect(!first.adding(slower, []).repeats(first.adding(more, [])))
        let told = ToldTickets(tickets: [], areAllOpen: true)
        let detailed = NodeDetail(
            driver: first.driver, gpus: first.gpus, troubles: first.troubles, tickets: told, statedAt: first.statedAt)
        #expect(!detailed.repeats(first) && detailed.repeats(detailed.adding(nil, [])))
        #expect(!first.adding(few, []).repeats(first) && !first.adding(nil, [trouble(count: 9)]).repeats(first))
        #expect(
            !detail(driver: "", gpus: [gpu(energy: 1)], troubles: [trouble(count: 1)], at: 1).repeats(first))
    }

    private func detail(
        driver: String = "570", gpus: [GPUDetail] = [], power: [PowerDetail] = [], troubles: [DeviceTrouble] = [],
        at nanoseconds: Int64 = 0
    ) -> NodeDetail {
        NodeDetail(
            driver: driver, gpus: gpus, power: power, troubles: troubles,
            statedAt: CalendarInstant(nanoseconds: nanoseconds))
    }

    private func gpu(product: String = "a", energy: UInt64? = nil) -> GPUDetail {
        GPUDetail(
            uuid: "", product: product, serial: "", bus: "", firmware: "", memoryMiB: 0, sliceMode: "",
            standing: .healthy, limit: nil, energyJoules: energy)
    }

    private func trouble(
        gpu: Int? = nil, what: String = "", _ standing: Standing = .suspect, count: UInt64 = 1
    ) -> DeviceTrouble {
        DeviceTrouble(
            gpu: gpu, component: "memory", standing: standing, what: what, remedy: "", since: .never, count: count,
            ticket: nil)
    }
}
