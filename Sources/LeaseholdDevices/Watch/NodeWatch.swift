package import LeaseholdModel

/// How a node's GPUs are, from everything that its driver has told, and what has to be done about it.
///
/// The picture to have in mind is the ward round. Each bed has its number for good, and who lies in it is known by
/// name; the chart at its foot says what was found, since when, and what helps. When the doctor cannot be found, nobody
/// is declared well or ill: the charts stay as they are, and no new patient is taken in.
///
/// The value is all there is: it is kept before a change of it is told to anybody, and taken up again with `resumed`.
package struct NodeWatch: Codable, Hashable, Sendable {
    /// How it is with the driver itself.
    package enum Driver: Codable, Hashable, Sendable {
        /// Nobody has asked it yet.
        case unasked
        case answers(version: String?)
        /// No GPU can be used. Leaves for `answers` with the first round.
        case gone(reason: String, since: CalendarInstant)
        /// No GPU gets new work. Leaves for `answers` with the first round, for `gone` when it is gone.
        case asleep(since: CalendarInstant)
    }

    /// By position.
    package private(set) var gpus: [WatchedGPU]
    package private(set) var tickets: BreakfixBook
    package private(set) var driver: Driver
    /// One sentence for each thing that is wrong with the node and concerns no GPU of it.
    package private(set) var complaints: [WatchedGPU.Hindrance]
    private var metered: NodePower?
    private var probed: ProbeBook?
    /// How often the driver had gone when it was last read; nil where it was not, in this life of the program.
    package private(set) var lossCount: UInt64?
    /// The driver that was last seen to answer.
    private var version: String?

    /// What is drawn beside the GPUs; nothing in a value that was kept by an older program.
    package var power: NodePower { metered ?? NodePower() }
    /// What the site's own probes say; nothing in a value that was kept by an older program.
    package var probes: ProbeBook { probed ?? ProbeBook() }

    /// A node of these GPUs, in the order of their positions.
    package init(_ gpus: [GPUUUID]) {
        precondition(!gpus.isEmpty && gpus.count <= GPUSet.countMax, "a node of \(gpus.count) GPUs")
        self.gpus = gpus.map(WatchedGPU.init)
        tickets = BreakfixBook()
        driver = .unasked
        complaints = []
    }

    // MARK: What is told of it

    /// Takes in what is told of the node; what became of the tickets comes out.
    package mutating func take(_ word: NodeWord, at now: Now) -> [BreakfixBook.Change] {
        switch word {
        case .driver(let word): return take(word, at: now)
        case .probes(let word): return take(word, at: now)
        case .power(let round):
            var power = power
            power.take(round, at: now)
            metered = power
            return []
        }
    }

    /// Takes in what the driver had to say; what became of the tickets comes out.
    package mutating func take(_ word: DriverWord, at now: Now) -> [BreakfixBook.Change] {
        switch word {
        case .told(let round): take(round, at: now)
        case .failed(let reason): fail(reason, at: now)
        case .asleep(let since):
            switch driver {
            // One that was gone and hangs while it is loaded is gone until it answers.
            case .asleep, .gone: break
            case .unasked, .answers: driver = .asleep(since: now.calendar - max(.zero, now.boot - since))
            }
        }
        metered?.forget(at: now.boot)
        return followed(at: now)
    }

    /// Takes in what a site's probe came to; what became of the tickets comes out.
    package mutating func take(_ word: ProbeWord, at now: Now) -> [BreakfixBook.Change] {
        var book = probes
        let told = book.take(word, of: gpus.map(\.uuid), at: now)
        probed = book
        switch word {
        case .ended(_, .failed), .unlisted: return []
        case .ended, .listed: break
        }
        for position in gpus.indices {
            let gpu = gpus[position].uuid
            let sign = told.flatMap { Finding(probe: $0.name, says: $0.1, of: gpu, at: position) }
            gpus[position].health.take(probes: sign, worst: book.standing(of: gpu, at: position), at: now)
        }
        return followed(at: now)
    }

    private mutating func followed(at now: Now) -> [BreakfixBook.Change] {
        gpus.flatMap { tickets.follow($0.health, at: now.calendar) }
    }

    private mutating func take(_ round: DriverRound, at now: Now) {
        if case .answers(round.version) = driver {} else { forgetBaselines(unless: round.version) }
        driver = .answers(version: round.version)
        version = round.version
        let hasCounterBegun = lossCount.map { $0 != round.lossCount } ?? false
        lossCount = round.lossCount
        let strangers = round.samples.map(\.gpu).filter { gpu in !gpus.contains { $0.uuid == gpu } }
        let new = strangers.sorted().map {
            "\($0.driverText) is new here and is not leased: this agent serves other GPUs"
        }
        let known = complaints
        complaints = (round.complaints + new).map { what in
            known.first { $0.what == what } ?? WatchedGPU.Hindrance(what: what, since: now.calendar)
        }
        for position in gpus.indices {
            for event in round.events { gpus[position].health.take(event, at: now) }
            if let sample = round.samples.first(where: { $0.gpu == gpus[position].uuid }) {
                gpus[position].take(sample, hasCounterBegun: hasCounterBegun, at: now)
            } else {
                gpus[position].lose("its driver does not know it", at: now)
            }
            // Where no probe that is left has ever judged, time alone has to calm what one has said.
            if probes.isSilent { gpus[position].health.take(probes: nil, worst: .healthy, at: now) }
        }
    }

    /// Takes that some GPUs were reset.
    package mutating func takeReset(of gpus: GPUSet, at now: Now) {
        for position in gpus.positions where self.gpus.indices.contains(position) {
            self.gpus[position].takeReset(at: now)
        }
    }

    /// Another driver needs other amounts of memory for itself.
    private mutating func forgetBaselines(unless version: String?) {
        guard version != self.version else { return }
        for position in gpus.indices { gpus[position].leastUsed = nil }
    }

    private mutating func fail(_ reason: String, at now: Now) {
        if case .gone(reason, _) = driver { return }
        var since = now.calendar
        if case .gone(_, let before) = driver { since = before }
        driver = .gone(reason: reason, since: since)
    }

    // MARK: What follows

    /// The GPUs that can do no work.
    package var unhealthy: GPUSet {
        if case .gone = driver { return .first(gpus.count) }
        return positions { $0.standing == .unhealthy }
    }

    /// The GPUs that get no new work, while what runs on them goes on.
    package var suspect: GPUSet {
        switch driver {
        case .unasked, .asleep: .first(gpus.count).subtracting(unhealthy)
        case .gone: .none
        case .answers: positions { $0.standing == .suspect }
        }
    }

    /// What can be handed out of them that is less than a GPU: slices, where all of them can be cut.
    ///
    /// Who works on them is no process of the guard's, so its silence frees nothing unless the guard says otherwise (L6).
    package var traits: NodeTraits {
        gpus.allSatisfy { $0.card.sliceMode != nil } ? [.slices, .confirmOnly] : .confirmOnly
    }

    /// What the node draws, rounded up: as the best source of the whole node says; without one, the GPUs by their last
    /// readings and the processors, where something measures those.
    ///
    /// A source that shows less than the GPUs alone is older than they are, or does not measure all of the node.
    package var drawn: Watts {
        let sum = gpus.reduce(0) { $0 + ($1.draw?.count ?? 0) }
        let parts = sum + (power.best(of: .processors)?.draw.shown.count ?? 0)
        let node = power.best(of: .node).map { max($0.draw.shown.count, sum) }
        return Watts(Int64(((node ?? parts) + 999) / 1_000))
    }

    /// What the node's hardware calls itself, in a number: it changes with every GPU and every position.
    package var hardware: UInt64 {
        // FNV-1a over words: chance is in the names already.
        gpus.reduce(0xCBF2_9CE4_8422_2325) { sum, gpu in
            ((sum ^ gpu.uuid.high) &* 0x100_0000_01B3 ^ gpu.uuid.low) &* 0x100_0000_01B3
        }
    }

    /// Goes on after a restart of the program; of another boot, which is a restart of the node.
    package func resumed(ofThisBoot isOfThisBoot: Bool, at now: Now) -> NodeWatch {
        var watch = self
        watch.gpus = gpus.map { $0.resumed(ofThisBoot: isOfThisBoot, at: now) }
        watch.metered = metered?.resumed(ofThisBoot: isOfThisBoot)
        // What the driver did meanwhile nobody has seen; whether a counter goes on, its readings show.
        watch.lossCount = nil
        watch.driver = .unasked
        return watch
    }

    /// Why a value that was read from somewhere cannot be one; nil where it can.
    package var damage: String? {
        if gpus.isEmpty || gpus.count > GPUSet.countMax { return "\(gpus.count) GPUs" }
        if Set(gpus.map(\.uuid)).count < gpus.count { return "a GPU that is there twice" }
        if let gpu = gpus.first(where: { !$0.health.isWhole }) { return "\(gpu.uuid.driverText) with parts missing" }
        if metered?.isWhole == false { return "instruments of power that are there twice, or too many" }
        if probed?.isWhole == false { return "a probe that is there twice" }
        if !tickets.isWhole { return "a ticket with a number that is still to come" }
        return nil
    }

    private func positions(where isIn: (WatchedGPU) -> Bool) -> GPUSet {
        gpus.indices.reduce(.none) { isIn(gpus[$1]) ? $0.union(.only($1)) : $0 }
    }
}
