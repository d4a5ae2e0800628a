package import LeaseholdModel

/// The power of a node beside that of its GPUs, from everything that measures it.
///
/// The picture to have in mind is a cellar with several meters on the wall, put there by different companies. Some turn a
/// wheel and can be billed by; some only have a needle. Each is read for itself and no two are added up, unless they are
/// parts of one source; whoever asks gets the best that measures what he asks for, with its name on it.
///
/// The value is all there is: it is kept before a total is told to anybody, and taken up again with `resumed`.
package struct NodePower: Codable, Hashable, Sendable {
    /// What could not be read, by whom, and since when.
    package struct Trouble: Codable, Hashable, Sendable {
        let looker: PowerRound.Looker
        package let complaint: PowerComplaint
        package let since: CalendarInstant
    }

    /// What the best source says.
    package struct Measured: Hashable, Sendable {
        package let source: PowerSource
        /// With the worst quality of the instruments that make it up.
        package let draw: InstrumentReading.Draw
        /// Whether a counter meters all of it.
        package let isMetered: Bool
    }

    /// More instruments than a node has; others are named and not read.
    package static let instrumentCountMax = 64

    /// By source, then name.
    package private(set) var instruments: [Instrument] = []
    package private(set) var troubles: [Trouble] = []

    /// A node of which nothing was measured yet.
    package init() {}

    // MARK: What is told of it

    /// Takes in what the instruments show.
    package mutating func take(_ round: PowerRound, at now: Now) {
        var complaints = round.complaints
        for reading in round.readings { complaints += take(reading) }
        forget(at: now.boot)
        let others = troubles.filter { $0.looker != round.looker }
        let known = troubles
        troubles =
            others
            + complaints.map { complaint in
                known.first { $0.complaint == complaint }
                    ?? Trouble(looker: round.looker, complaint: complaint, since: now.calendar)
            }
    }

    private mutating func take(_ reading: InstrumentReading) -> [PowerComplaint] {
        let key = (reading.source, reading.instrument)
        let place = instruments.firstIndex { ($0.source, $0.name) >= key } ?? instruments.endIndex
        if place == instruments.endIndex || (instruments[place].source, instruments[place].name) != key {
            guard instruments.count < NodePower.instrumentCountMax else {
                return [PowerComplaint(what: "\(reading.instrument) is one instrument of power too many", remedy: "")]
            }
            instruments.insert(Instrument(reading), at: place)
        }
        guard !instruments[place].take(reading) else { return [] }
        let range = reading.counter?.range ?? Millijoules(0)
        return [
            PowerComplaint(
                what: "the counter of \(reading.instrument) begins again after \(range), too soon to be metered",
                remedy: "")
        ]
    }

    /// What was read too long ago is what was so, and not what is.
    package mutating func forget(at now: BootInstant) {
        for index in instruments.indices { instruments[index].forget(at: now) }
    }

    /// Goes on after a restart of the program.
    package func resumed(ofThisBoot isOfThisBoot: Bool) -> NodePower {
        var power = self
        power.instruments = instruments.map { $0.resumed(ofThisBoot: isOfThisBoot) }
        power.troubles = []
        return power
    }

    /// Whether a value that was read from somewhere can be one.
    var isWhole: Bool {
        instruments.count <= NodePower.instrumentCountMax
            && zip(instruments, instruments.dropFirst()).allSatisfy { ($0.source, $0.name) < ($1.source, $1.name) }
    }

    // MARK: What follows

    /// The best that measures something: what the site itself has put there, then a counter, then by quality.
    package func best(of scope: PowerScope) -> Measured? {
        let known = PowerSource.allCases.filter { $0.scope == scope }.compactMap(measured)
        return known.enumerated().min { left, right in
            rank(left.element, left.offset) < rank(right.element, right.offset)
        }?.element
    }

    private func rank(_ measured: Measured, _ place: Int) -> (Int, PowerQuality, Int) {
        // The site's program measures what it is to be billed by; what calls itself the platform may leave the cards out.
        (measured.source == .hook ? 0 : measured.isMetered ? 1 : 2, measured.draw.quality, place)
    }

    /// What a source says; nil where one of its instruments that was ever read says nothing now.
    package func measured(_ source: PowerSource) -> Measured? {
        let own = instruments.filter { $0.source == source && $0.isKnown }
        guard !own.isEmpty else { return nil }
        var sum: UInt64 = 0
        var quality = PowerQuality.counter
        for instrument in own {
            guard let draw = instrument.draw else { return nil }
            sum = sum.addingReportingOverflow(draw.shown.count).partialValue
            quality = max(quality, draw.quality)
        }
        return Measured(
            source: source, draw: InstrumentReading.Draw(shown: Milliwatts(sum), quality: quality),
            isMetered: own.allSatisfy { $0.meter != nil })
    }

    /// What a source's counters have metered since they were first read; nil where none ever was.
    package func energy(_ source: PowerSource) -> Millijoules? {
        let meters = instruments.filter { $0.source == source }.compactMap(\.meter)
        return meters.isEmpty ? nil : meters.reduce(Millijoules(0)) { $0 + $1.total }
    }
}
