import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import LeaseholdTransport

/// What the HTTP pages say: a copy that the owner renews, so that a probe never waits for it.
package struct CoordinatorReport: Sendable {
    /// Whether it serves.
    package var isReady = false
    var counters = CoordinatorCounters()
    var status = StatusView()
    /// Groups written, and the longest that one took since the last look.
    var groupCount: UInt64 = 0
    var slowestGroup = Span.zero
    var heldEffectCount = 0
    /// What has to be done about GPUs.
    var openTicketCount = 0
    var shedCount: UInt64 = 0
    var follower = FollowerReport()

    /// A coordinator that does not serve yet.
    package init() {}

    /// The page at a path; nil where there is none.
    func page(at path: String) -> StatusAnswer? {
        switch path {
        case "/healthz": StatusAnswer(body: "ok\n")
        case "/readyz":
            isReady ? StatusAnswer(body: "ready\n") : StatusAnswer(status: 503, body: "not serving\n")
        case "/metrics":
            StatusAnswer(contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics)
        default: nil
        }
    }

    private var metrics: String {
        var text = ""
        let plain: [(String, String, String, UInt64)] = [
            ("requests_total", "counter", "Requests of clients.", counters.requestCount),
            ("requests_repeated_total", "counter", "Changes answered again.", counters.repeatedCount),
            ("requests_shed_total", "counter", "Requests that found their queue full.", shedCount),
            ("heartbeats_total", "counter", "Heartbeats of nodes.", counters.heartbeatCount),
            ("complaints_total", "counter", "Connections closed for what they sent.", counters.complaintCount),
            ("alarms_total", "counter", "Alarms raised.", counters.alarmCount),
            ("leases_granted_total", "counter", "Leases granted.", counters.grantedCount),
            ("leases_released_total", "counter", "Leases given back.", counters.endedByReleaseCount),
            ("leases_lapsed_total", "counter", "Leases whose term ended.", counters.endedByTermCount),
            (
                "leases_closed_total", "counter", "Leases that their nodes had ended before a restore of the log.",
                counters.endedAsClosedCount
            ),
            ("leases_cancelled_total", "counter", "Leases given up before they began.", counters.cancelledCount),
            ("partitions_retired_by_word_total", "counter", "Proved empty by a node.", counters.retiredByWordCount),
            ("partitions_retired_by_wait_total", "counter", "Free after the wait.", counters.retiredByWaitCount),
            ("log_groups_total", "counter", "Groups written and synced.", groupCount),
            ("log_head_index", "gauge", "The last durable record.", status.head.index.rawValue),
            ("follower_head_index", "gauge", "The last record that the following book has.", follower.head.rawValue),
            ("follower_stopped", "gauge", "Whether the following book has stopped.", follower.hasStopped ? 1 : 0),
            ("follower_catch_ups_total", "counter", "Times it fell behind.", follower.catchUpCount),
            ("ledger_head_index", "gauge", "The record of the newest signed head.", follower.signedHead.rawValue),
            ("ledger_heads_total", "counter", "Heads signed.", follower.signedCount),
            ("snapshots_total", "counter", "Snapshots taken and read back whole.", follower.snapshotCount),
            ("snapshot_failures_total", "counter", "Snapshots that could not be taken.", follower.failureCount),
            ("snapshot_index", "gauge", "The last record of the newest snapshot.", follower.snapshot.rawValue),
            ("snapshot_bytes", "gauge", "Its bytes.", UInt64(follower.snapshotByteCount)),
            ("reign", "gauge", "This coordinator's reign.", status.reign.rawValue),
            ("held_effects", "gauge", "Replies and orders that wait for the log.", UInt64(heldEffectCount)),
            ("connections", "gauge", "Connections after hello.", UInt64(status.connectionCount)),
            ("tickets_open", "gauge", "Parts of GPUs that have to be mended.", UInt64(openTicketCount)),
            ("committed_watts", "gauge", "Watts committed.", UInt64(max(0, status.committed.count))),
        ]
        for (name, type, help, value) in plain {
            text += MetricText.family(name, type: type, help: help, [([], "\(value)")])
        }
        text += MetricText.family(
            "log_group_seconds_max", type: "gauge", help: "The slowest group since the last look.",
            [([], MetricText.seconds(slowestGroup))])
        text += MetricText.family(
            "snapshot_seconds", type: "gauge", help: "How long the newest snapshot took.",
            [([], MetricText.seconds(follower.snapshotTime))])
        text += MetricText.family(
            "refusals_total", type: "counter", help: "Refusals by code.",
            Refusal.Code.allCases.map { ([("code", $0.word)], "\(counters.count(of: $0))") })
        let nodes = status.nodes
        text += MetricText.family(
            "nodes", type: "gauge", help: "Nodes by state.",
            MetricText.byState([
                ("notDelivered", nodes.notDelivered), ("ready", nodes.ready), ("suspect", nodes.suspect),
                ("quarantined", nodes.quarantined),
            ]))
        let gpus = status.gpus
        text += MetricText.family(
            "gpus", type: "gauge", help: "GPUs by where they are.",
            MetricText.byState([
                ("notDelivered", gpus.notDelivered), ("unhealthy", gpus.unhealthy),
                ("quarantined", gpus.quarantined), ("leased", gpus.leased), ("free", gpus.free),
            ]))
        let leases = status.leases
        text += MetricText.family(
            "leases", type: "gauge", help: "Leases by state.",
            MetricText.byState([
                ("confirmed", leases.confirmed), ("starting", leases.starting), ("active", leases.active),
                ("ending", leases.ending),
                ("ended", leases.ended), ("cancelled", leases.cancelled),
            ]))
        return text
    }
}
