import LeaseholdDevices
import LeaseholdModel

/// A GPU to which everything happens in any order, its tickets, and an onlooker who knows the laws but not the machine.
struct PlayedGPU {
    /// How often what happened.
    struct Counts {
        var fell = 0
        var climbed = 0
        var healed = 0
        /// For hands.
        var called = 0

        mutating func add(_ other: Counts) {
            fell += other.fell
            climbed += other.climbed
            healed += other.healed
            called += other.called
        }
    }

    private(set) var complaints: [String] = []
    private(set) var counts = Counts()

    private static let calm = Span.seconds(60)
    private var chance: SeededChance
    private var health = GPUHealth(gpu: HealthSamples.gpu, calm: calm)
    private var book = BreakfixBook()
    private var second: Int64 = 1_000
    /// By component, what the onlooker saw: the last trouble, whether a remedy helped since the last fall, what is open.
    private var troubled = [Int64](repeating: 0, count: Component.allCases.count)
    private var isHelped = [Bool](repeating: false, count: Component.allCases.count)
    private var tickets: [Component: TicketNumber] = [:]
    private var highest = TicketNumber(0)

    init(seed: UInt64) { chance = SeededChance(state: seed) }

    mutating func step() {
        // Mostly bursts, sometimes a long calm.
        second += Int64.random(in: 0...(Int.random(in: 0..<8, using: &chance) == 0 ? 90 : 6), using: &chance)
        let before = health
        let now = HealthSamples.now(second)
        var isReading = false
        switch Int.random(in: 0..<20, using: &chance) {
        case 0..<2: takeEvent(at: now)
        case 2..<5: takeDeed(at: now)
        case 5: restart(at: now)
        default:
            isReading = true
            takeReading(at: now)
        }
        judge(before, isReading: isReading)
        followTickets(at: now)
    }

    /// The program is started anew, from what it kept.
    private mutating func restart(at now: Now) {
        book = BreakfixBook(open: book.open, next: book.next)
        let old = health
        let kept = GPUHealth(
            gpu: old.gpu, calm: old.calm, uncorrectedCount: old.uncorrectedCount, driverAnswers: old.driverAnswers
        ) {
            let condition = old[$0]
            return Condition(
                standing: condition.standing, since: condition.since, remedy: condition.remedy,
                remedied: condition.remedied, relapseCount: condition.relapseCount,
                lastTrouble: condition.lastTrouble, evidence: condition.evidence)
        }
        health = kept.resumed(ofThisBoot: true, at: now)
        if health != old { complaints.append("a restart changed something at \(second)") }
    }

    private mutating func takeEvent(at now: Now) {
        let all: [GPUEvent.What] = [
            .xid(31), .xid(48), .xid(79), .xid(119), .xid(149), .xid(nil), .xid(63), .lost, .memoryErrorStorm,
            .poison(isFatal: true),
        ]
        guard let what = all.randomElement(using: &chance) else { return }
        let event = HealthSamples.event(what)
        if let finding = Finding(event, driverAnswers: health.driverAnswers) { note(finding) }
        health.take(event, at: now)
    }

    private mutating func takeDeed(at now: Now) {
        guard let deed = Remedy.allCases.randomElement(using: &chance) else { return }
        for component in Component.allCases
        where health[component].standing == .unhealthy && deed.helps(health[component].remedy) {
            isHelped[Int(component.rawValue)] = true
        }
        health.take(done: deed, at: now)
    }

    private mutating func takeReading(at now: Now) {
        let isWell = Int.random(in: 0..<8, using: &chance) > 0
        let reading =
            isWell
            ? HealthSamples.reading(uncorrected: health.uncorrectedCount)
            : HealthSamples.reading(
                throttling: Bool.random(using: &chance) ? [.hardwareHeat] : [.idle],
                uncorrected: health.uncorrectedCount + UInt64.random(in: 0...1, using: &chance),
                recovery: RecoveryAction(code: UInt64.random(in: 0...8, using: &chance)))
        let fabric = HealthSamples.fabric(.registered(failure: isWell || Bool.random(using: &chance) ? nil : 3))
        let findings = Finding.all(in: reading, fabric: fabric, uncorrectedBefore: health.uncorrectedCount)
        for finding in findings { note(finding) }
        health.take(reading, fabric: fabric, at: now)
    }

    private mutating func note(_ finding: Finding) {
        guard finding.remedy.standing > .healthy else { return }
        troubled[Int(finding.component.rawValue)] = second
        if finding.remedy.standing == .unhealthy { isHelped[Int(finding.component.rawValue)] = false }
    }

    /// The laws, for each part.
    private mutating func judge(_ before: GPUHealth, isReading: Bool) {
        for component in Component.allCases {
            let index = Int(component.rawValue)
            let was = before[component]
            let condition = health[component]
            if condition.evidence.count > Condition.evidenceCountMax { complaints.append("\(component) remembers all") }
            if was.remedy != .service, condition.remedy == .service { counts.called += 1 }
            guard was.standing != condition.standing else { continue }
            switch (was.standing, condition.standing) {
            case (.unhealthy, .suspect):
                counts.climbed += 1
                if !isReading || !isHelped[index] { complaints.append("\(component) climbed unhelped at \(second)") }
                // A climb is where its calm begins.
                troubled[index] = second
            case (.suspect, .healthy):
                counts.healed += 1
                if !isReading || HealthSamples.now(second).boot < HealthSamples.now(troubled[index]).boot + Self.calm {
                    complaints.append("\(component) healthy after \(second - troubled[index]) s")
                }
            case (.unhealthy, .healthy): complaints.append("\(component) silently healthy at \(second)")
            default:
                counts.fell += 1
                if troubled[index] != second { complaints.append("\(component) fell for nothing at \(second)") }
            }
        }
    }

    private mutating func followTickets(at now: Now) {
        for change in book.follow(health, at: now.calendar) {
            switch change {
            case .opened(let ticket):
                if tickets[ticket.component] != nil || ticket.number <= highest {
                    complaints.append("ticket \(ticket.number) opened beside another, or again")
                }
                highest = ticket.number
                tickets[ticket.component] = ticket.number
            case .updated(let ticket):
                if tickets[ticket.component] != ticket.number {
                    complaints.append("ticket \(ticket.number) is not open")
                }
            case .closed(let ticket):
                let isOpen = tickets.removeValue(forKey: ticket.component) == ticket.number
                if !isOpen || health[ticket.component].standing != .healthy {
                    complaints.append("ticket \(ticket.number) closed too early, or twice")
                }
            }
        }
        for component in Component.allCases
        where health[component].standing == .unhealthy && tickets[component] == nil {
            complaints.append("\(component) is unhealthy without a ticket at \(second)")
        }
    }

    /// The same numbers for the same seed, on every machine (SplitMix64).
    private struct SeededChance: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return word ^ word >> 31
        }
    }
}
