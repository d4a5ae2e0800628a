import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("the coordinator in bad weather")
struct CoordinatorStormTests {
    @Test(
        "no law is broken, and everything ends when the weather is calm again",
        arguments: 1...20 as ClosedRange<UInt64>)
    func lawsHold(seed: UInt64) {
        var storm = CoordinatorStorm(seed: seed)
        for _ in 0..<2_000 {
            storm.step()
            if !storm.complaints.isEmpty { break }
        }
        #expect(storm.complaints == [])
        storm.calmDown()
        #expect(storm.complaints == [])
        let book = storm.bench.machine.book
        #expect(book.statusView.leases.starting == 0)
        #expect(book.statusView.leases.active == 0)
        #expect(book.statusView.leases.ending == 0)
        #expect(storm.bench.machine.heldEffectCount == 0)
        #expect((0..<4).map(storm.bench.state) == [.ready, .ready, .ready, .ready])
        #expect(LeaseBook(replaying: storm.bench.log).digest() == book.digest())
    }

    @Test("a storm reaches grants, fences, restarts and waits")
    func reaches() {
        var grants = 0
        var fences = 0
        var restarts = 0
        var waited: UInt64 = 0
        for seed in 1...10 as ClosedRange<UInt64> {
            var storm = CoordinatorStorm(seed: seed)
            for _ in 0..<2_000 { storm.step() }
            grants += storm.grantedByDevices
            fences += storm.fencedByDevices
            restarts += storm.restartCount
            waited += storm.bench.machine.counters.retiredByWaitCount
        }
        #expect(grants > 200)
        #expect(fences > 50)
        #expect(restarts > 5)
        #expect(waited > 5)
    }

    @Test("the same events give the same machine and the same effects (L14)")
    func deterministic() {
        let runs = (0..<2).map { _ in
            var storm = CoordinatorStorm(seed: 77)
            for _ in 0..<2_000 { storm.step() }
            return storm
        }
        #expect(runs[0].bench.machine == runs[1].bench.machine)
        #expect(runs[0].journal == runs[1].journal)
        #expect(runs[0].bench.log == runs[1].bench.log)
    }
}
