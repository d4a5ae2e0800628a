internal import Dispatch
internal import Foundation
internal import Glibc
package import LeaseholdDevices
package import LeaseholdModel
internal import Synchronization

/// Reads what measures a node's power, again and again, and tells whoever owns the node.
///
/// The picture to have in mind is two meter readers who do not wait for each other: one walks along the kernel's files,
/// one runs the site's program. Whoever stands before a meter that does not answer stands there alone.
package final class MeterWatch: Sendable {
    /// What is read, and how often.
    package struct Settings: Sendable {
        /// Where the kernel's files are; nil to read none.
        package var files: PowerFiles?
        /// From one reading of them to the next.
        package var interval: Span
        /// The site's program; nil for none.
        ///
        /// One that is not there measures nothing.
        package var hook: String?
        /// From one run of it to the next, and how long it may take.
        package var hookInterval: Span

        package init(
            files: PowerFiles? = PowerFiles(), interval: Span = .seconds(5), hook: String? = nil,
            hookInterval: Span = .seconds(10)
        ) {
            self.files = files
            self.interval = interval
            self.hook = hook
            self.hookInterval = hookInterval
        }
    }

    private let settings: Settings
    private let isStopped = Atomic(false)
    private let stopping = DispatchSemaphore(value: 0)

    /// A watch that reads nothing yet.
    package init(_ settings: Settings) { self.settings = settings }

    /// Begins to read, on threads of its own, and tells every round until it is stopped.
    ///
    /// - Parameters:
    ///   - environment: what the site's program gets to know.
    ///   - tell: takes a round.
    package func begin(environment: [String: String], telling tell: @escaping @Sendable (PowerRound) -> Void) {
        if let files = settings.files {
            every(settings.interval, named: "meters") { tell(files.round()) }
        }
        if let path = settings.hook {
            let (limit, validity) = (settings.hookInterval, settings.hookInterval * 3)
            every(settings.hookInterval, named: "power-reading") {
                tell(MeterWatch.round(of: path, limit: limit, validity: validity, environment: environment))
            }
        }
    }

    /// Reads no more; a reading that hangs is left to itself.
    package func stop() {
        isStopped.store(true, ordering: .releasing)
        // One for each thread.
        stopping.signal()
        stopping.signal()
    }

    private func every(_ interval: Span, named name: String, _ work: @escaping @Sendable () -> Void) {
        let thread = Thread { [self] in
            while !isStopped.load(ordering: .acquiring) {
                work()
                _ = stopping.wait(timeout: .now() + .nanoseconds(Int(interval.nanoseconds)))
            }
        }
        thread.name = name
        thread.start()
    }

    /// Runs the site's program once.
    private static func round(
        of path: String, limit: Span, validity: Span, environment: [String: String]
    ) -> PowerRound {
        func complaint(_ what: String) -> PowerRound {
            let remedy = "run it by hand, as the agent does, and mend it, or take it away"
            return PowerRound(
                .hook, readings: [], complaints: [PowerComplaint(what: "\(path): \(what)", remedy: remedy)])
        }
        do throws(SystemFailure) {
            guard try SiteProgram.isThere(path) else { return PowerRound(.hook, readings: [], complaints: []) }
        } catch {
            return complaint("\(error)")
        }
        let end = SiteProgram(path: path, limit: limit, hearing: .beginning)
            .run(environment: ["LEASEHOLD_HOOK": "power-reading"].merging(environment) { $1 })
        let what: String
        switch end {
        case .succeeded(let said):
            do throws(PowerHookWord.Refusal) {
                let word = try PowerHookWord(said)
                let reading = InstrumentReading(
                    .hook, "power-reading", counter: word.counter, draw: word.draw, at: Clocks.boot(),
                    validity: validity)
                return PowerRound(.hook, readings: [reading], complaints: [])
            } catch {
                what = error.what
            }
        case .failed, .tookTooLong, .didNotStart, .livesOn: what = end.words
        }
        return complaint(what)
    }
}
