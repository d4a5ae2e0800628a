package import LeaseholdModel

/// What one look at some instruments of a node came to.
package struct PowerRound: Hashable, Sendable {
    /// Who looked: each forgets only its own complaints.
    package enum Looker: UInt8, Codable, Hashable, Sendable, CaseIterable {
        /// The kernel's files were read.
        case files
        /// The site's own program was run.
        case hook
    }

    package let looker: Looker
    package let readings: [InstrumentReading]
    /// What could not be read, and what helps.
    package let complaints: [PowerComplaint]

    package init(_ looker: Looker, readings: [InstrumentReading], complaints: [PowerComplaint]) {
        self.looker = looker
        self.readings = readings
        self.complaints = complaints
    }
}

/// Why a source of power is not read.
package struct PowerComplaint: Codable, Hashable, Sendable {
    package let what: String
    /// What to do; empty where there is nothing.
    package let remedy: String

    package init(what: String, remedy: String) {
        self.what = what
        self.remedy = remedy
    }
}

/// What one instrument of a source shows at an instant.
package struct InstrumentReading: Hashable, Sendable {
    /// A counter of energy.
    package struct Counter: Hashable, Sendable {
        package let shown: Millijoules
        /// The last value before it begins again.
        package let range: Millijoules

        package init(shown: Millijoules, range: Millijoules = Millijoules(.max)) {
            self.shown = shown
            self.range = range
        }

        /// A counter of millionths of a joule, as the kernel shows them.
        ///
        /// Whole millijoules are metered: the range is rounded so that a wrap is metered up to 2 mJ too short, never
        /// too long.
        package init(microjoules shown: UInt64, range: UInt64 = .max) {
            let range = max(2, range / 1_000) - 1
            self.init(shown: Millijoules(min(shown / 1_000, range)), range: Millijoules(range))
        }
    }

    /// What it says itself that is drawn.
    package struct Draw: Codable, Hashable, Sendable {
        package let shown: Milliwatts
        package let quality: PowerQuality

        package init(shown: Milliwatts, quality: PowerQuality) {
            self.shown = shown
            self.quality = quality
        }
    }

    package let source: PowerSource
    /// Which of its source: `package-0`, `package-0/dram`; the same after a restart.
    package let instrument: String
    /// Nil where it has none.
    package let counter: Counter?
    /// Nil where it says nothing of it.
    package let draw: Draw?
    package let instant: BootInstant
    /// How long it is taken for what is so: longer than to the next reading.
    package let validity: Span

    package init(
        _ source: PowerSource, _ instrument: String, counter: Counter? = nil, draw: Draw? = nil,
        at instant: BootInstant,
        validity: Span
    ) {
        self.source = source
        self.instrument = instrument
        self.counter = counter
        self.draw = draw
        self.instant = instant
        self.validity = validity
    }
}
