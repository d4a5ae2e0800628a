internal import Dispatch
internal import Foundation
package import LeaseholdDevices
package import LeaseholdModel
internal import Synchronization

/// Asks a node's driver how its GPUs are, again and again, and tells whoever owns the node.
///
/// The picture to have in mind is a messenger between the owner and the counter: he may stand there for ever, the owner
/// does not wait for him. He hears what the driver tells within a second of it, reads every GPU in each interval and
/// after everything that was told, and says so when there is no answer.
package final class DriverWatch: Sendable {
    /// What to ask, and how.
    package struct Settings: Sendable {
        /// The driver's library, or a name that the loader looks for.
        package var library: String
        /// From one reading of all GPUs to the next.
        package var interval: Span
        /// From one look for what was told to the next.
        package var beat: Span
        /// How long the driver may take for a round.
        package var patience: Span
        /// The power limit that every GPU is kept at; nil for whatever each has.
        package var limit: Milliwatts?
        package var catalogue: [GPUKind]

        package init(
            library: String = NVML.defaultPath, interval: Span = .seconds(5), beat: Span = .seconds(1),
            patience: Span = .seconds(4), limit: Milliwatts? = nil, catalogue: [GPUKind] = GPUKind.catalogue
        ) {
            self.library = library
            self.interval = interval
            self.beat = beat
            self.patience = patience
            self.limit = limit
            self.catalogue = catalogue
        }
    }

    private let settings: Settings
    private let driver: NVMLThread<DriverDesk>
    private let isStopped = Atomic(false)
    /// How many want the driver's library to be closed here.
    private let asideCount = Atomic(0)
    private let stopping = DispatchSemaphore(value: 0)

    /// A watch that asks nothing yet.
    package init(_ settings: Settings) {
        self.settings = settings
        let (path, catalogue) = (settings.library, settings.catalogue)
        driver = NVMLThread { () throws(NVMLFailure) in try DriverDesk(path: path, catalogue: catalogue) }
    }

    /// What the node has, asked now: before its agent serves it for the first time.
    package func inventory() -> DriverAnswer<[GPUFacts]> {
        driver.ask(within: settings.patience) { desk throws(NVMLFailure) in try desk.facts }
    }

    /// Begins to ask, on a thread of its own, and tells everything there is to tell until it is stopped.
    package func begin(telling tell: @escaping @Sendable (DriverWord) -> Void) {
        let thread = Thread { [self] in
            var nextReading = BootInstant.zero
            var heard: UInt64 = 0
            while !isStopped.load(ordering: .acquiring) {
                let now = Clocks.boot()
                let isAside = asideCount.load(ordering: .acquiring) > 0
                if !isAside, let word = word(heard: &heard, isDue: now >= nextReading) {
                    tell(word)
                    if case .told = word { nextReading = now + settings.interval }
                }
                _ = stopping.wait(timeout: .now() + .nanoseconds(Int(settings.beat.nanoseconds)))
            }
        }
        thread.name = "devices"
        thread.start()
    }

    /// Asks no more; a call that hangs is left to itself.
    package func stop() {
        isStopped.store(true, ordering: .releasing)
        stopping.signal()
    }

    /// Asks something else, and waits for it as long as for a round, or so much longer.
    func ask<Value: Sendable>(
        allowing allowance: Span = .zero,
        _ question: @escaping @Sendable (inout DriverDesk) throws(NVMLFailure) -> Value
    ) -> Result<Value, Reason> {
        switch driver.ask(within: settings.patience, allowing: allowance, question) {
        case .answered(let value, _): .success(value)
        case .failed(let failure): .failure(Reason(text: "\(failure)"))
        case .asleep: .failure(Reason(text: "a call of the driver does not come back", mayPass: true))
        }
    }

    /// Does something while the driver's library is closed here and nobody asks it anything.
    func aside(_ work: () -> StepOutcome) -> StepOutcome {
        asideCount.add(1, ordering: .acquiringAndReleasing)
        defer { asideCount.subtract(1, ordering: .acquiringAndReleasing) }
        switch driver.letGo(within: settings.patience) {
        case .answered: return work()
        case .failed(let failure): return .failed(reason: "\(failure)")
        case .asleep: return .failed(reason: "a call of the driver does not come back")
        }
    }

    private func word(heard: inout UInt64, isDue: Bool) -> DriverWord? {
        let (last, limit) = (heard, settings.limit)
        let answer = driver.ask(within: settings.patience) { desk throws(NVMLFailure) in
            try desk.round(heard: last, isDue: isDue, limit: limit)
        }
        switch answer {
        case .answered(nil, _): return nil
        case .answered((let number, var round)?, let lossCount):
            heard = number
            round.lossCount = lossCount
            return .told(round)
        case .failed(let failure):
            // Where the driver is gone its desk is new, and so are the numbers of its rounds.
            if failure.isDriverGone { heard = 0 }
            return .failed(reason: "\(failure)")
        case .asleep(let since): return .asleep(since: since)
        }
    }
}
