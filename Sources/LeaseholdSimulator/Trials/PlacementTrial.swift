package import LeaseholdModel

/// The published placement experiment: requests come and stay, in a random order, until they have asked for more GPUs
/// than there are; what counts is the part of the GPUs that is leased in the end.
///
/// Every request is decided by the lease book, and what is granted is in the book before the next one comes. The order
/// is all requests of the list shuffled, then random ones of them again.
package struct PlacementTrial: Sendable {
    private let fleet: FleetDeclaration
    private let asks: [TrialAsk]
    /// Thousandths of GPUs to ask for, as thousandths of those that are there.
    private let target: Int

    /// How a trial ended.
    package struct Outcome: Sendable {
        package var grantedCount = 0
        package var refusedCount = 0
        package var askedThousandths = 0
        package var leasedThousandths = 0
        package var gpuThousandths = 0
        /// Leased of all GPUs, in percent.
        package var allocatedPercent: Double { 100 * Double(leasedThousandths) / Double(max(1, gpuThousandths)) }
    }

    package init(fleet: FleetDeclaration, asks: [TrialAsk], target: Int) {
        self.fleet = fleet
        self.asks = asks
        self.target = target
    }

    /// One trial; the same seed gives the same order.
    package func run(seed: UInt64) throws(Refusal) -> Outcome {
        var chance = Chance(seed: seed)
        var outcome = Outcome()
        outcome.gpuThousandths = fleet.gpuCount * 1_000
        let wanted = outcome.gpuThousandths / 1_000 * target
        var trial = try TrialBook(fleet)
        var order = Array(asks.indices)
        for position in order.indices.reversed() {
            order.swapAt(position, chance.below(position + 1))
        }
        var next = 0
        while outcome.askedThousandths < wanted || next < order.count {
            let ask = next < order.count ? asks[order[next]] : asks[chance.below(asks.count)]
            next += 1
            if outcome.askedThousandths >= wanted { break }
            outcome.askedThousandths += ask.gpuThousandths
            if trial.lease(ask, start: .now, for: .hours(24 * 365)) != nil {
                outcome.grantedCount += 1
                outcome.leasedThousandths += ask.gpuThousandths
            } else {
                outcome.refusedCount += 1
            }
        }
        return outcome
    }
}
