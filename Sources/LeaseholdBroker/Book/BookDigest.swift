import LeaseholdModel

/// A number that is the same for the same book in every process (L14), which Swift's own hash is not.
///
/// FNV-1a over 64-bit words, with the upper half folded in after every word: one changed word always changes it.
/// Against accident, not against malice.
struct BookDigest {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Takes in a word.
    mutating func combine(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01B3
        value ^= value >> 32
    }

    /// Takes in a number.
    mutating func combine(_ number: some BinaryInteger) { combine(UInt64(truncatingIfNeeded: number)) }

    /// Takes in a number that may be missing.
    mutating func combine(_ number: (some BinaryInteger)?) {
        combine(UInt64(number == nil ? 0 : 1))
        if let number { combine(number) }
    }

    /// Takes in a text with its length, so that the border between two texts counts.
    mutating func combine(_ text: String) {
        combine(UInt64(text.utf8.count))
        var word: UInt64 = 0
        var count: UInt64 = 0
        for byte in text.utf8 {
            word |= UInt64(byte) << (8 * count)
            count += 1
            if count == 8 {
                combine(word)
                word = 0
                count = 0
            }
        }
        if count > 0 { combine(word) }
    }

    mutating func combine(_ principal: Principal) {
        combine(principal.role.rawValue)
        combine(principal.name)
    }

    mutating func combine(_ holds: HoldSettings) {
        combine(holds.hold.nanoseconds)
        combine(holds.eviction.nanoseconds)
        combine(holds.clockRateErrorPPM)
    }

    mutating func combine(_ id: some WideID) {
        combine(id.high)
        combine(id.low)
    }

    mutating func combine(_ restore: LogRestore) {
        combine(restore.logIncarnation)
        combine(restore.kept.rawValue)
        combine(restore.at.nanoseconds)
    }

    mutating func combine(_ kind: GPUKind) {
        combine(kind.name)
        combine(kind.memoryGiB)
        combine(kind.envelope.count)
        combine(kind.idleFloor.count)
        combine(UInt64(kind.isRackScale ? 1 : 0))
        combine(kind.profiles.count)
        for profile in kind.profiles {
            combine(profile.name)
            combine(profile.memorySliceCount)
            combine(profile.starts)
        }
    }

    mutating func combine(_ place: PlaceDeclaration) {
        combine(place.path)
        combine(place.limit?.count)
    }

    mutating func combine(_ run: NodeRun) {
        combine(run.rack)
        combine(run.namePrefix)
        combine(run.firstNumber)
        combine(run.count)
        combine(run.kind)
        combine(run.gpusPerNode)
        combine(run.envelope.count)
        combine(run.cpu.count)
        combine(run.memory.count)
        combine(run.labels)
    }

    mutating func combine(_ labels: [NodeLabel]) {
        combine(labels.count)
        for label in labels {
            combine(label.key)
            combine(label.value)
        }
    }

    mutating func combine(_ placement: Placement) {
        combine(UInt64(placement.node.rawValue) << 16 | UInt64(placement.gpus.bits))
        guard !placement.use.isWhole else { return }
        combine(placement.use.share)
        combine(placement.use.slices.low)
        combine(placement.use.slices.high)
        combine(placement.use.cpu.count)
        combine(placement.use.memory.count)
    }

    mutating func combine(_ part: LeasePart) {
        combine(part.startsAt.nanoseconds)
        combine(part.endsAt.nanoseconds)
        combine(part.watts.count)
        combine(part.placements.count)
        for placement in part.placements { combine(placement) }
    }

    mutating func combine(_ shape: UnitShape) {
        combine(shape.profile ?? "")
        combine(shape.share)
        combine(shape.cpu?.count)
        combine(shape.memory?.count)
    }

    mutating func combine(_ rules: [LabelRule]) {
        combine(rules.count)
        for rule in rules {
            combine(rule.label.key)
            combine(rule.label.value)
            combine(UInt64(rule.isAvoided ? 1 : 0))
        }
    }

    mutating func combine(_ begun: LeaseBegun?) {
        combine(begun?.reign.rawValue)
        guard let begun else { return }
        combine(begun.keepBound?.nanoseconds)
        combine(begun.keepBoot)
    }

    mutating func combine(_ terms: StepTerms) {
        combine(terms.fee?.currency.packed)
        combine(terms.fee?.tenThousandths)
        combine(terms.clause ?? "")
    }

    mutating func combine(_ refusal: Refusal) {
        let parts = refusal.parts
        combine(parts.code.rawValue)
        combine(parts.words.count)
        for word in parts.words { combine(word) }
        for number in parts.numbers { combine(number) }
    }
}
