internal import Dispatch
internal import Foundation
package import LeaseholdDevices
package import LeaseholdModel
internal import Synchronization

/// Runs a site's own probes, again and again, and tells whoever owns the node what came of each.
///
/// The picture to have in mind is a foreman with a list and a clock: he sends each workman out when it is his time, and
/// never one who is still out. Nobody waits for a workman but himself.
package final class ProbeWatch: Sendable {
    /// Which probes, and how they are run.
    package struct Settings: Sendable {
        /// Where they are: every file in it, except those that begin with a dot; nil for none.
        package var directory: String?
        /// From one run of a probe to its next.
        package var interval: Span
        /// How long one may take.
        package var limit: Span
        /// From one look at the directory and the clock to the next.
        package var beat: Span

        package init(
            directory: String? = nil, interval: Span = .seconds(60), limit: Span = .seconds(30),
            beat: Span = .seconds(1)
        ) {
            self.directory = directory
            self.interval = interval
            self.limit = limit
            self.beat = beat
        }
    }

    private let settings: Settings
    private let schedule: Mutex<ProbeSchedule>
    private let runners = DispatchQueue(label: "leasehold.probes", attributes: .concurrent)
    private let isStopped = Atomic(false)
    private let stopping = DispatchSemaphore(value: 0)

    /// A watch that runs nothing yet.
    package init(_ settings: Settings) {
        self.settings = settings
        schedule = Mutex(ProbeSchedule(interval: settings.interval))
    }

    /// Begins to run them, and tells which there are, whenever that changes, and what came of each run.
    ///
    /// - Parameters:
    ///   - environment: what a probe gets to know.
    ///   - tell: takes a word, on any thread.
    package func begin(environment: [String: String], telling tell: @escaping @Sendable (ProbeWord) -> Void) {
        guard let directory = settings.directory else { return tell(.listed([], complaint: nil)) }
        let thread = Thread { [self] in
            var listed: ProbeWord?
            while !isStopped.load(ordering: .acquiring) {
                let word = ProbeWatch.probes(in: directory)
                if word != listed { tell(word) }
                listed = word
                for name in schedule.withLock({ $0.start(of: word.run, at: Clocks.boot()) }) {
                    runners.async { self.run(name, in: directory, environment, tell) }
                }
                _ = stopping.wait(timeout: .now() + .nanoseconds(Int(settings.beat.nanoseconds)))
            }
        }
        thread.name = "probes"
        thread.start()
    }

    /// Runs no more; one that runs is left to its limit.
    package func stop() {
        isStopped.store(true, ordering: .releasing)
        stopping.signal()
    }

    private func run(
        _ name: String, in directory: String, _ environment: [String: String], _ tell: @Sendable (ProbeWord) -> Void
    ) {
        let end = SiteProgram(path: "\(directory)/\(name)", limit: settings.limit, hearing: .beginning)
            .run(environment: ["LEASEHOLD_PROBE": name].merging(environment) { $1 })
        schedule.withLock { $0.end(name) }
        tell(.ended(name: name, end.probed))
    }

    /// The probes of a directory, by name, and why some of them are not run.
    ///
    /// Only where the hooks' directory, the one above, is there to be looked into does its absence mean that there are none.
    private static func probes(in directory: String) -> ProbeWord {
        let names: [String]
        do throws(SystemFailure) {
            names = try SiteProgram.isThere(directory) ? try AtomicFile.names(in: directory) : []
        } catch {
            return .unlisted(complaint: "\(error); no probe is run, and what each said last still counts")
        }
        let probes = names.filter { !$0.hasPrefix(".") }.sorted()
        guard probes.count > ProbeSchedule.probeCountMax else { return .listed(probes, complaint: nil) }
        return .listed(
            probes,
            complaint:
                "\(directory) has \(probes.count) probes; \(ProbeSchedule.probeCountMax) are run, the first by name"
        )
    }
}

extension ProbeWord {
    /// Those that are run of what is told.
    fileprivate var run: [String] {
        if case .listed(let names, _) = self { Array(names.prefix(ProbeSchedule.probeCountMax)) } else { [] }
    }
}

extension SiteProgram.End {
    /// What a probe's run came to.
    var probed: ProbeOutcome {
        switch self {
        case .succeeded(let said): ProbeOutcome(status: 0, said: said)
        case .failed(let status, let said): ProbeOutcome(status: status, said: said)
        case .tookTooLong, .didNotStart, .livesOn: .failed(reason: words)
        }
    }

    /// How it ended, in a few words.
    var words: String {
        switch self {
        case .succeeded: "exit status 0"
        case .failed(let status, let said): "exit status \(status)" + (said.isEmpty ? "" : ": \(said)")
        case .tookTooLong(let limit, _): "ended after \(limit)"
        case .didNotStart(let reason): reason
        case .livesOn(let pid): "process \(pid) of it lives on after SIGKILL"
        }
    }
}
