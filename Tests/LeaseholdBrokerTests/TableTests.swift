import LeaseholdBroker
import LeaseholdModel
import Testing

@Suite("The tables of the book")
struct TableTests {
    @Test("a bitmap finds what a set finds", arguments: [1, 2, 3] as [UInt64])
    func bitmap(seed: UInt64) {
        var chance = Seeded(seed: seed)
        var bitmap = NodeBitmap()
        var truth: Set<UInt32> = []
        for _ in 0..<3_000 {
            let number = UInt32(chance.below(chance.chance(50) ? 300 : 40_000))
            let node = NodeID(rawValue: number)
            #expect(bitmap.contains(node) == truth.contains(number))
            if truth.remove(number) != nil {
                bitmap.remove(node)
            } else {
                bitmap.insert(node)
                truth.insert(number)
            }
            let start = chance.below(41_000)
            let next = truth.filter { $0 >= start }.min().map { NodeID(rawValue: $0) }
            #expect(bitmap.next(from: start) == next)
        }
        #expect(bitmap.count == truth.count)
    }

    @Test("the queue of ends answers like a sorted list", arguments: [1, 2, 3] as [UInt64])
    func endQueue(seed: UInt64) {
        var chance = Seeded(seed: seed)
        var queue = DueQueue()
        var truth: [Due] = []
        var live: Set<LeaseID> = []
        for number in 1...2_000 {
            if chance.chance(60) || truth.isEmpty {
                let end = CalendarInstant(nanoseconds: Int64(chance.below(500)))
                let due = Due(at: end, lease: LeaseID(rawValue: UInt64(number)))
                queue.insert(due)
                live.insert(due.lease)
                truth.append(due)
            } else {
                let gone = truth.remove(at: chance.below(truth.count))
                live.remove(gone.lease)
                queue.leave { live.contains($0.lease) }
            }
            #expect(queue.next == truth.min())
            #expect(queue.liveCount == truth.count)
            guard number % 50 == 0 else { continue }
            let instant = CalendarInstant(nanoseconds: Int64(chance.below(500)))
            let due = truth.filter { $0.at <= instant }.sorted().map(\.lease)
            #expect(queue.due(at: instant, countMax: 9_999) { live.contains($0.lease) } == due)
            #expect(queue.due(at: instant, countMax: 7) { live.contains($0.lease) } == Array(due.prefix(7)))
        }
    }

    @Test("a queue gives back what came first")
    func fifo() {
        var queue = Fifo<Int>()
        var next = 0
        for number in 0..<1_000 {
            queue.append(number)
            if number % 3 != 0 {
                #expect(queue.first == next)
                queue.removeFirst()
                next += 1
            }
        }
        #expect(queue.count == 1_000 - next)
        #expect(Array(queue.all) == Array(next..<1_000))
    }
}
