import LeaseholdModel
import Testing

@Suite("What a grant has of GPUs that are cut")
struct SliceCutTests {
    private static let one = MIGProfile(name: "1g.10gb", memorySliceCount: 1, starts: 0b0111_1111)
    private static let two = MIGProfile(name: "1g.20gb", memorySliceCount: 2, starts: 0b0101_0101)
    private static let half = MIGProfile(name: "3g.40gb", memorySliceCount: 4, starts: 0b0001_0001)

    @Test("instances of one profile are told apart by their slices")
    func instances() {
        let slices = SliceSet(low: 0b1111_0011)
        #expect(SliceCut(slices, as: Self.two).instanceStarts(ofGPU: 0) == [0, 4, 6])
        #expect(SliceCut(SliceSet(low: 0b0111_0011), as: Self.one).instanceStarts(ofGPU: 0) == [0, 1, 4, 5, 6])
        #expect(SliceCut(SliceSet(high: 0xFF00), as: Self.half).instanceStarts(ofGPU: 9) == [0, 4])
    }

    @Test("slices that are no whole instances from legal starts are none", arguments: [0b0110, 0b0111, 0b1000_0000])
    func noInstances(mask: UInt64) {
        #expect(SliceCut(SliceSet(low: mask), as: Self.two).instanceStarts(ofGPU: 0) == nil)
        #expect(SliceCut(slices: SliceSet(low: mask), instanceSliceCount: 2, starts: 0b0101_0101, of: .only(0)) == nil)
    }

    @Test("a message that names slices of other GPUs than it has, or instances of no slices, is refused")
    func refused() {
        #expect(SliceCut(slices: SliceSet(low: 1), instanceSliceCount: 1, starts: 1, of: .first(2)) == nil)
        #expect(SliceCut(slices: SliceSet(low: 1), instanceSliceCount: 1, starts: 1, of: .only(1)) == nil)
        #expect(SliceCut(slices: .none, instanceSliceCount: 1, starts: 1, of: .only(0)) == nil)
        #expect(SliceCut(slices: SliceSet(low: 1), instanceSliceCount: 9, starts: 1, of: .only(0)) == nil)
        #expect(SliceCut(slices: SliceSet(low: 1), instanceSliceCount: 0, starts: 1, of: .only(0)) == nil)
        #expect(SliceCut(slices: SliceSet(low: 1), instanceSliceCount: 1, starts: 256, of: .only(0)) == nil)
        let whole = SliceCut(slices: .none, instanceSliceCount: 0, starts: 0, of: .first(2))
        #expect(whole == SliceCut.none)
    }

    @Test("two overlap that share a memory slice; a whole GPU has all of its own")
    func overlap() {
        let lower = Partitions(gpus: .only(1), slices: SliceSet(low: 0x0F00))
        let upper = Partitions(gpus: .only(1), slices: SliceSet(low: 0xF000))
        let whole = Partitions(gpus: .first(2), slices: .none)
        let other = Partitions(gpus: .only(0), slices: .none)
        #expect(!lower.overlaps(upper) && lower.overlaps(lower))
        #expect(whole.overlaps(lower) && upper.overlaps(whole) && !other.overlaps(lower) && whole.overlaps(other))
    }
}

@Suite("The highest epochs")
struct SeenEpochsTests {
    private func epoch(_ index: UInt64) -> Epoch {
        Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index))
    }
    private func slices(_ mask: UInt8, ofGPU position: Int = 0) -> Partitions {
        Partitions(gpus: .only(position), slices: SliceSet.none.adding(mask, ofGPU: position))
    }
    private let whole = Partitions(gpus: .first(2), slices: .none)

    @Test("slices of one GPU have epochs of their own, and a whole GPU has seen the highest of them")
    func ofSlices() {
        var seen = SeenEpochs(gpuCount: 2)
        seen.raise(slices(0b0011), to: epoch(5))
        seen.raise(slices(0b1100), to: epoch(7))
        #expect(seen.highest(of: slices(0b0001)) == epoch(5))
        #expect(seen.highest(of: slices(0b0110)) == epoch(7))
        #expect(seen.highest(of: slices(0b1_0000)) == .zero)
        #expect(seen.highest(of: whole) == epoch(7))
        #expect(seen.reaches(epoch(5), on: slices(0b1111)) && !seen.reaches(epoch(6), on: slices(0b1111)))
        #expect(!seen.reaches(epoch(1), on: whole))
        #expect(seen.gpus == [.zero, .zero])
    }

    @Test("a whole GPU's epoch is that of each slice, and what it overtakes is not kept")
    func ofWhole() {
        var seen = SeenEpochs(gpuCount: 2)
        seen.raise(slices(0b0011), to: epoch(5))
        seen.raise(slices(0b1000, ofGPU: 1), to: epoch(9))
        seen.raise(whole, to: epoch(6))
        #expect(seen.gpus == [epoch(6), epoch(6)])
        #expect(seen.slices == [SliceEpoch(place: 11, epoch: epoch(9))])
        #expect(seen.highest(of: slices(0b0001)) == epoch(6))
        #expect(seen.reaches(epoch(6), on: whole))
    }

    @Test("an epoch that is raised to less stays what it is")
    func onlyGrows() {
        var seen = SeenEpochs(gpuCount: 1)
        seen.raise(slices(0b0001), to: epoch(5))
        seen.raise(slices(0b0011), to: epoch(3))
        #expect(seen.highest(of: slices(0b0001)) == epoch(5))
        #expect(seen.highest(of: slices(0b0010)) == epoch(3))
    }

    @Test("a GPU that was not told of has seen nothing")
    func untold() { #expect(!SeenEpochs(gpuCount: 1).reaches(epoch(1), on: whole)) }
}
