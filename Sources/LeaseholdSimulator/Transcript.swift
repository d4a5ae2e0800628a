import LeaseholdModel

/// What happened, line by line, for people: who, when in true time, what.
struct Transcript {
    /// Whether lines are kept; a run that nobody reads keeps none.
    let isTelling: Bool
    private(set) var lines: [String] = []

    init(isTelling: Bool) { self.isTelling = isTelling }

    mutating func add(at instant: TrueInstant, _ who: String, _ what: String) {
        let padded = who + String(repeating: " ", count: max(0, 12 - who.utf8.count))
        lines.append("\(Transcript.text(instant))  \(padded)  \(what)")
    }

    /// Seconds with microseconds, ten columns wide: `  12.345678`.
    static func text(_ instant: TrueInstant) -> String {
        let micros = instant.nanoseconds / 1_000
        let fraction = String(micros % 1_000_000)
        let seconds = String(micros / 1_000_000)
        return String(repeating: " ", count: max(0, 4 - seconds.utf8.count)) + seconds + "."
            + String(repeating: "0", count: 6 - fraction.utf8.count) + fraction
    }
}
