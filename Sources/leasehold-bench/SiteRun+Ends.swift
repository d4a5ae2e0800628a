import Foundation
import LeaseholdClient
import LeaseholdModel
import LeaseholdPlatform
import ProcessHarness

// How leases end by themselves, many at one instant, and how a coordinator comes back that was killed.

extension SiteRun {
    /// Leases of one GPU each that all end at one instant: how late the last of them is ended.
    func lapse() async throws {
        let end = Clocks.now().calendar + .seconds(Int64(12 + leaseCount / 1_000))
        let terms = LeaseTerms(
            tenant: "whole", unit: .gpu, count: 1, kinds: [], end: .at(end), onSilence: .keep)
        let start = ContinuousClock.now
        let exchanges = (0..<leaseCount).map { _ in client.begin(.createLease(terms), id: RequestID.fresh()) }
        for exchange in exchanges {
            guard case .granted = try await exchange.reply() else { throw CountFailure("a lease was not granted") }
        }
        let granting = SiteRun.seconds(start.duration(to: .now))
        figures.add("site.grants", Double(leaseCount) / granting, "leases/s")
        guard Clocks.now().calendar < end else { throw CountFailure("granting took \(granting) s, past their end") }
        let late = try await lateness(after: end)
        figures.add("site.lapse.lateness", late.decided, "s")
        figures.add("site.lapse.heard", late.heard, "s")
        try await wait(for: "\(leaseCount) leases to end") {
            guard case .status(let status) = try await ask(.status) else { return false }
            return status.leases.starting + status.leases.active + status.leases.ending == 0
        }
        figures.add("site.lapse.retired", SiteRun.span(Clocks.now().calendar - end), "s")
    }

    /// How long after the instant the last of the ends was decided, and when a watcher heard of it, in seconds.
    private func lateness(after end: CalendarInstant) async throws -> (decided: Double, heard: Double) {
        // From now on, which is before the end; more than a watch can look back on lies before.
        let filter = EventFilter(from: nil, leasesOnly: true, lease: nil)
        guard case .events(let events, _) = try await client.watch(filter) else { throw CountFailure("no watch") }
        var count = 0
        var last = end
        for try await event in events where event.word == "leaseEnding" {
            guard event.at >= end else { throw CountFailure("a lease ended \(end - event.at) too early") }
            count += 1
            last = max(last, event.at)
            if count == leaseCount { break }
        }
        guard count == leaseCount else { throw CountFailure("\(count) of \(leaseCount) ends were recorded") }
        return (SiteRun.span(last - end), SiteRun.span(Clocks.now().calendar - end))
    }

    /// The coordinator is killed with everything leased, and comes back.
    func recover() async throws {
        let terms = LeaseTerms(
            tenant: "whole", unit: .site, count: 1, kinds: [], end: .after(.hours(24)), onSilence: .keep)
        guard case .granted(let view) = try await change(.createLease(terms)), let epoch = view.epoch else {
            throw CountFailure("not granted")
        }
        try await wait(for: "every node to hold \(view.lease)") {
            guard case .lease(let lease) = try await ask(.showLease(view.lease)) else { return false }
            return lease.state == .active
        }
        guard case .status(let before) = try await ask(.status) else { throw CountFailure("no status") }
        cluster.coordinator?.killNow()
        let start = ContinuousClock.now
        try cluster.startCoordinator()
        figures.add("site.recover.serving", SiteRun.seconds(start.duration(to: .now)), "s")
        try await waitForReady()
        figures.add("site.recover.ready", SiteRun.seconds(start.duration(to: .now)), "s")
        guard case .lease(let after) = try await ask(.showLease(view.lease)), after.state == .active else {
            throw CountFailure("\(view.lease) did not survive")
        }
        let count = try holders(of: view.lease, epoch: epoch)
        guard count == nodeCount else {
            throw CountFailure("\(count) of \(nodeCount) devices still hold \(view.lease)")
        }
        figures.add("site.recover.records", Double(before.head.index.rawValue), "records")
    }

    /// A span in seconds.
    private static func span(_ span: Span) -> Double { Double(span.nanoseconds) / 1e9 }
}
