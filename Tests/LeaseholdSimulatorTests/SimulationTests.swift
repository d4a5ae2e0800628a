import LeaseholdModel
import LeaseholdSimulator
import Testing

@Suite("A run of the simulator")
struct SimulationTests {
    @Test("seeds are clean, and each does what a cluster does", arguments: 1...UInt64(12))
    func clean(seed: UInt64) {
        let outcome = Simulation.run(seed: seed)
        #expect(outcome.breaches.map(\.description) == [])
        #expect(outcome.counts.grantedCount > 0)
        #expect(outcome.counts.launchCount > 0)
        #expect(outcome.counts.retiredByWordCount > 0)
        #expect(outcome.counts.recordCount > 100)
    }

    @Test("the same seed is the same run, told or untold; another seed is another")
    func sameSeed() {
        let first = Simulation.run(seed: 7)
        let told = Simulation.run(seed: 7, isTelling: true)
        #expect(first.digest == told.digest)
        #expect(first.counts == told.counts)
        #expect(first.transcript == [])
        #expect(!told.transcript.isEmpty)
        #expect(Simulation.run(seed: 8).digest != first.digest)
    }

    @Test("over some seeds every kind of fault comes, work is fenced, and partitions come back by the wait")
    func everyFault() {
        var totals = RunCounts()
        for seed in UInt64(100)..<130 { totals.add(Simulation.run(seed: seed).counts) }
        for (kind, count) in zip(FaultKind.allCases, totals.faultCounts) {
            #expect(count > 0, "\(kind) never came in 30 seeds")
        }
        #expect(totals.fenceCount > 0)
        #expect(totals.retiredByWaitCount > 0)
        #expect(totals.repeatedCount > 0)
        #expect(totals.faultCount == totals.faultCounts.reduce(0, +))
    }

    @Test("the transcript tells a lease's life in order")
    func transcript() throws {
        let lines = Simulation.run(seed: 7, isTelling: true).transcript
        // Of the first whole life: some leases are cancelled, or lie on nodes that are away.
        let lives = lines.indices.lazy.filter { lines[$0].contains("writes") && lines[$0].contains(": granted ") }
            .compactMap { life(from: lines[$0...]) }
        let places = try #require(lives.first)
        #expect(places == places.sorted())
    }

    /// Where a lease that a line grants is ordered, started, active and ending; nil where it is not all of it.
    private func life(from lines: ArraySlice<String>) -> [Int]? {
        let words = lines[lines.startIndex].split(separator: " ")
        guard let writes = words.firstIndex(of: "writes") else { return nil }
        let lease = "L\(words[writes + 1].dropLast())"
        let order = ["grants \(lease) ", "works for \(lease) ", "\(lease) is active", "\(lease) is ending"]
        let places = order.compactMap { word in lines.firstIndex { $0.contains(word) } }
        return places.count == order.count ? places : nil
    }
}
