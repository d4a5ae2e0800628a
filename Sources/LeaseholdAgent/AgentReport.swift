import LeaseholdModel
import LeaseholdProtocol
import LeaseholdTransport
import Synchronization

/// What an agent's HTTP pages say.
struct AgentReport: Sendable {
    var isAttached = false
    var isGuarded = false
    var counters = AgentCounters()
    var nodeCount = 0
    var liveGrantCount = 0
    /// What is kept of the log's signed heads.
    var heads = HeadKeeper.Figures()
    /// How long ends of work have taken, by node.
    var evictions: [(node: String, times: EvictionTimes)] = []
    /// How the real GPUs are; nil where they are simulated.
    var devices: NodeChart?

    /// The page at a path; nil where there is none.
    func page(at path: String) -> StatusAnswer? {
        switch path {
        case "/healthz": StatusAnswer(body: "ok\n")
        case "/readyz":
            switch (isAttached, isGuarded) {
            case (true, true): StatusAnswer(body: "ready\n")
            case (false, _): StatusAnswer(status: 503, body: "no coordinator has taken every node\n")
            case (true, false): StatusAnswer(status: 503, body: "no guard\n")
            }
        case "/metrics":
            StatusAnswer(contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics)
        default: nil
        }
    }

    private var metrics: String {
        let plain: [(String, String, String, UInt64)] = [
            ("agent_nodes", "gauge", "Nodes that this agent serves.", UInt64(nodeCount)),
            ("agent_live_grants", "gauge", "Grants accepted and not retired.", UInt64(liveGrantCount)),
            ("agent_attached", "gauge", "Whether a coordinator has taken every node.", isAttached ? 1 : 0),
            ("agent_guarded", "gauge", "Whether the guard answers.", isGuarded ? 1 : 0),
            ("agent_ledger_head", "gauge", "The record of the highest signed head seen.", heads.index.rawValue),
            (
                "agent_ledger_aside", "gauge", "Kept heads and keys that were set aside, damaged or of another key.",
                heads.asideCount
            ),
            (
                "agent_ledger_key_changes_total", "counter", "Welcomes with another key of the log without a restore.",
                heads.keyChangeCount
            ),
            (
                "agent_ledger_forks_total", "counter", "Heads that cannot be true beside the one that was kept.",
                heads.forkCount
            ),
            ("agent_heartbeats_total", "counter", "Heartbeats sent.", counters.heartbeatCount),
            ("agent_renewals_total", "counter", "Heartbeats that were answered.", counters.renewalCount),
            ("agent_started_total", "counter", "Grants started.", counters.startedCount),
            ("agent_fenced_total", "counter", "Holds that ran out.", counters.fencedCount),
            ("agent_retired_total", "counter", "Grants retired.", counters.retiredCount),
            ("agent_refused_total", "counter", "Grants refused.", counters.refusedCount),
        ]
        let own = plain.map { name, type, help, value in
            MetricText.family(name, type: type, help: help, [([], "\(value)")])
        }
        let ends = [
            MetricText.family(
                "agent_evictions_total", type: "counter", help: "Ends of work since the guard began.",
                evictions.map { ([(name: "node", value: $0.node)], "\($0.times.count)") }),
            MetricText.family(
                "agent_eviction_slowest_seconds", type: "gauge",
                help: "The longest of them, from the deadline or the order until all was off the GPUs.",
                evictions.map { ([(name: "node", value: $0.node)], MetricText.seconds($0.times.slowest)) }),
        ]
        return (own + ends).joined() + (devices?.metrics ?? "")
    }
}

/// The report that the pages read, behind a lock that nobody holds for long.
final class AgentReportBox: Sendable {
    private let report = Mutex(AgentReport())

    var current: AgentReport { report.withLock { $0 } }

    func renew(_ machine: AgentMachine, heads: HeadKeeper.Figures, devices: NodeChart?) {
        let renewed = AgentReport(
            isAttached: machine.isAttached, isGuarded: machine.isGuarded, counters: machine.counters,
            nodeCount: machine.nodeCount, liveGrantCount: machine.liveGrantCount, heads: heads,
            evictions: machine.evictions, devices: devices)
        report.withLock { $0 = renewed }
    }
}
