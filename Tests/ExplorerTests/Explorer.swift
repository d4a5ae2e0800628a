/// Breadth first through all worlds of a scene: what is found first is the shortest story.
///
/// The picture to keep in mind: a stack of visiting cards in the order of arrival, each with the number of the card that
/// sent it. The stack is the queue; an index beside it tells whether a world was here before.
struct Explorer {
    /// What a search has found.
    struct Outcome {
        /// Different worlds.
        var stateCount = 0
        /// Steps taken.
        var stepCount = 0
        /// Steps from the beginning to the last world.
        var depth = 0
        /// The worlds of the shortest way to a broken law, the first at the beginning; empty for none.
        var path: [World] = []
        /// The law that the last step breaks.
        var law: Law?
        /// Which kinds of steps were taken, as bits.
        var kinds: UInt32 = 0
        /// Whether work of a second grant was started in some world: without it a law would hold of nothing.
        var hasSuccession = false

        /// Whether a kind of step was taken.
        func has(_ kind: Step.Kind) -> Bool { kinds >> UInt32(kind.rawValue) & 1 == 1 }
    }

    private var fan: Fan
    private let law: Law?
    private var seen = Visited()
    private var parents: [UInt32] = []

    private init(_ bounds: Bounds, _ mistake: Mistake?) {
        fan = Fan(bounds: bounds, mistake: mistake)
        law = mistake?.law
    }

    /// Looks at every world that can be reached.
    ///
    /// Without a mistake it stops at the first step that breaks any law, with one at the first that breaks the law of
    /// the mistake.
    static func explore(_ bounds: Bounds, with mistake: Mistake? = nil) -> Outcome {
        var explorer = Explorer(bounds, mistake)
        return explorer.run()
    }

    private mutating func run() -> Outcome {
        var outcome = Outcome()
        _ = seen.insert(fan.beginning)
        parents.append(0)
        var next = 0
        var levelEnd = 1
        while next < seen.count {
            if next == levelEnd {
                outcome.depth += 1
                levelEnd = seen.count
            }
            fan.spread(from: seen[next])
            for position in fan.worlds.indices {
                outcome.stepCount += 1
                outcome.kinds |= 1 << UInt32(fan.steps[position].kind.rawValue)
                if fan.steps[position].kind == .started, fan.steps[position].place > 1 { outcome.hasSuccession = true }
                let isNew = seen.insert(fan.worlds[position])
                if isNew { parents.append(UInt32(next)) }
                if let broken = breach(fan.broken[position]) {
                    outcome.law = broken
                    outcome.path = path(to: next) + [fan.worlds[position]]
                    outcome.depth = outcome.path.count - 1
                    outcome.stateCount = seen.count
                    return outcome
                }
            }
            next += 1
        }
        outcome.stateCount = seen.count
        return outcome
    }

    private func breach(_ laws: Laws) -> Law? {
        guard let law else { return laws.first }
        return laws.contains(Laws(law)) ? law : nil
    }

    private func path(to last: Int) -> [World] {
        var path: [World] = []
        var index = last
        while index > 0 {
            path.append(seen[index])
            index = Int(parents[index])
        }
        path.append(seen[0])
        return path.reversed()
    }
}

/// The worlds that were reached, in the order of arrival, and an index over them.
struct Visited {
    private static let chunkBits = 14
    private var chunks: [[World]] = []
    /// Open addressing: the upper half of an entry is of the world's hash, the lower is its number plus one.
    private var index: [UInt64] = Array(repeating: 0, count: 1 << 16)
    /// How many there are.
    private(set) var count = 0

    subscript(position: Int) -> World {
        chunks[position >> Visited.chunkBits][position & (1 << Visited.chunkBits - 1)]
    }

    /// Takes a world in.
    ///
    /// - Returns: whether it was not here before.
    mutating func insert(_ world: World) -> Bool {
        if count * 8 > index.count * 5 { grow() }
        let print = world.fingerprint
        let mask = index.count - 1
        var slot = Int(truncatingIfNeeded: print) & mask
        while index[slot] != 0 {
            if index[slot] >> 32 == print {
                let other = self[Int(truncatingIfNeeded: index[slot] & 0xFFFF_FFFF) - 1]
                if other.isEqual(to: world) { return false }
            }
            slot = (slot + 1) & mask
        }
        append(world)
        index[slot] = print << 32 | UInt64(count)
        return true
    }

    private mutating func append(_ world: World) {
        if count & (1 << Visited.chunkBits - 1) == 0 {
            chunks.append([])
            chunks[chunks.count - 1].reserveCapacity(1 << Visited.chunkBits)
        }
        chunks[chunks.count - 1].append(world)
        count += 1
        precondition(count < UInt32.max, "more worlds than numbers for them")
    }

    private mutating func grow() {
        let old = index
        index = Array(repeating: 0, count: old.count * 2)
        let mask = index.count - 1
        for entry in old where entry != 0 {
            var slot = Int(truncatingIfNeeded: entry >> 32) & mask
            while index[slot] != 0 { slot = (slot + 1) & mask }
            index[slot] = entry
        }
    }
}

extension World {
    /// 32 bits of a hash that is the same in every process.
    var fingerprint: UInt64 {
        let words = self.words
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for position in words.indices {
            let product = (hash ^ words[position]).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
            hash = product.high ^ product.low &+ UInt64(position)
        }
        let last = hash.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        return (last.high ^ last.low) & 0xFFFF_FFFF
    }

    /// Whether two worlds are the same bytes.
    func isEqual(to other: World) -> Bool {
        let own = words
        let others = other.words
        for position in own.indices where own[position] != others[position] { return false }
        return true
    }
}
