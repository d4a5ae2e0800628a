import LeaseholdChecksum
import LeaseholdModel

/// The fake world of one run: true time, chance, the agenda, and what everybody shares.
///
/// The picture to keep in mind: a stage with one clock that no actor can see. Everything that happens was planned on
/// the agenda; carrying it out plans more. Nothing runs at the same time as anything else, so a seed names one run, and
/// two processes that run it agree to the last bit (L14).
final class World {
    let weather: Weather
    var chance: Chance
    var transcript: Transcript
    private(set) lazy var network = Network(in: self)
    private(set) lazy var auditor = Auditor(in: self)
    private(set) var counts = RunCounts()
    /// What broke a law, in the order of breaking.
    private(set) var breaches: [Breach] = []
    private(set) var now = TrueInstant.zero
    /// Whether faults may still happen.
    var isStormy = true
    private var agenda = Agenda<() -> Void>()
    private var trace = FNV1a()

    init(seed: UInt64, weather: Weather, isTelling: Bool) {
        self.weather = weather
        self.chance = Chance(seed: seed)
        self.transcript = Transcript(isTelling: isTelling)
    }

    /// A number that is the same for the same run in every process.
    var digest: UInt64 { trace.value }

    // MARK: Time

    /// Plans something for later.
    func after(_ span: Span, _ action: @escaping () -> Void) { at(now + span, action) }

    /// Plans something for an instant, which is not in the past.
    func at(_ instant: TrueInstant, _ action: @escaping () -> Void) {
        precondition(instant >= now, "planned for \(instant.nanoseconds) at \(now.nanoseconds)")
        agenda.plan(action, at: instant)
    }

    /// Lets time pass up to an instant.
    func run(until end: TrueInstant) {
        at(end) {}
        while let next = agenda.takeNext() {
            now = next.at
            trace.combine(UInt64(bitPattern: next.at.nanoseconds))
            trace.combine(next.number)
            counts.happeningCount += 1
            next.item()
            if now == end { return }
        }
    }

    /// A process that is gone is started again some time; soon, or only when every hold has long run out.
    func restartLater(_ process: SimulatedProcess) {
        let most = chance.percent(20) ? weather.holds.wait * 2 : .seconds(4)
        after(isStormy ? chance.longTailed(.milliseconds(20), most) : .milliseconds(50)) { process.start() }
    }

    // MARK: What is noted

    /// Mixes something that was said or decided into the digest.
    func note(_ word: UInt64) { trace.combine(word) }

    /// Mixes bytes that were sent into the digest.
    func note(_ bytes: [UInt8]) { trace.combine(bytes) }

    /// A line of the transcript, if one is kept.
    func tell(_ who: String, _ what: @autoclosure () -> String) {
        guard transcript.isTelling else { return }
        transcript.add(at: now, who, what())
    }

    /// A law is broken.
    func report(_ law: Law, _ text: String) {
        if breaches.count < 32 { breaches.append(Breach(law: law, at: now, text: text)) }
        tell("checker", "\(law) is broken: \(text)")
    }

    func count(_ change: (inout RunCounts) -> Void) { change(&counts) }
}
