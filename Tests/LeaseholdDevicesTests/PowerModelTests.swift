import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("What a simulated GPU draws")
struct PowerModelTests {
    private let envelope = Watts(1_275)
    private let idleFloor = Watts(159)
    private let start = BootInstant(nanoseconds: 5_000_000_000)

    private func drawn(after milliseconds: Int64, seed: UInt64 = 1) -> Watts {
        PowerModel.drawn(
            envelope: envelope, idleFloor: idleFloor, runningSince: start, at: start + .milliseconds(milliseconds),
            seed: seed)
    }

    @Test("a GPU that nobody holds draws its idle floor")
    func idle() {
        let watts = PowerModel.drawn(
            envelope: envelope, idleFloor: idleFloor, runningSince: nil, at: start, seed: 1)
        #expect(watts == idleFloor)
    }

    @Test("work takes a GPU in a straight line to nine tenths of its envelope within two seconds")
    func rise() {
        let watts = [0, 500, 1_000, 1_500, 1_999].map { drawn(after: $0).count }
        #expect(watts == [159, 406, 653, 900, 1_146])
    }

    @Test("a running GPU ripples, and the same instant gives the same watts everywhere")
    func ripple() {
        let watts = [2_000, 2_499, 2_500, 3_000, 3_500, 60_000].map { drawn(after: $0).count }
        #expect(watts == [1_132, 1_132, 1_146, 1_139, 1_161, 1_158])
        #expect((2...200).allSatisfy { (1_121...1_173).contains(drawn(after: $0 * 1_000).count) })
    }

    @Test("two GPUs do not ripple in step")
    func outOfStep() {
        let instants = (4...40).map { Int64($0) * 500 }
        #expect(instants.map { drawn(after: $0, seed: 1) } != instants.map { drawn(after: $0, seed: 2) })
    }

    @Test("a GPU draws at most its envelope and at least its idle floor, even where the two are one")
    func bounds() {
        let watts = PowerModel.drawn(
            envelope: Watts(100), idleFloor: Watts(100), runningSince: start, at: start + .seconds(9), seed: 1)
        #expect(watts == Watts(100))
    }

    @Test("the shares of GPUs sum to their node's watts exactly")
    func shares() {
        let node = NodeShape(path: "s/h/r/n", kind: "H100", gpuCount: 8, envelope: Watts(10_203), idleFloor: Watts(9))
        let shares = (0..<8).map { node.envelope(ofGPU: $0).count }
        #expect(shares == [1_276, 1_276, 1_276, 1_275, 1_275, 1_275, 1_275, 1_275])
        #expect((0..<8).reduce(Watts.zero) { $0 + node.idleFloor(ofGPU: $1) } == Watts(9))
    }
}
