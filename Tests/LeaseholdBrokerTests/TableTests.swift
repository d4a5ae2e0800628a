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

    @Test(
        "a line of steps is as high as its boxes together, also after its past is forgotten",
        arguments: 1...3 as ClosedRange<UInt64>)
    func stepLine(seed: UInt64) {
        var chance = Seeded(seed: seed)
        var line = StepLine()
        var boxes: [(amount: Int64, window: Window)] = []
        var past = CalendarInstant(nanoseconds: 0)
        func instant() -> CalendarInstant { CalendarInstant(nanoseconds: Int64(chance.below(9_000))) }
        for number in 1...6_000 {
            if chance.chance(number < 4_000 ? 70 : 30) || boxes.isEmpty {
                let (one, other) = (instant(), instant())
                guard one != other else { continue }
                let window = Window(from: min(one, other), until: max(one, other))
                boxes.append((Int64(1 + chance.below(100)), window))
                line.add(boxes[boxes.count - 1].amount, over: window)
            } else {
                let gone = boxes.remove(at: chance.below(boxes.count))
                line.add(-gone.amount, over: gone.window)
            }
            guard number % 100 == 0 else { continue }
            let from = max(past, instant())
            let window = Window(from: from, until: from + Span(nanoseconds: Int64(1 + chance.below(3_000))))
            // It is highest at its start or where something begins.
            let starts = [window.from] + boxes.map(\.window.from).filter(window.contains)
            let heights = starts.map { at in boxes.reduce(0) { $0 + ($1.window.contains(at) ? $1.amount : 0) } }
            #expect(line.peak(over: window) == heights.max())
            #expect(line.height(at: window.from) == heights[0])
            if chance.chance(10) {
                past = past + Span(nanoseconds: 100)
                line.fold(through: past)
            }
        }
        for box in boxes { line.add(-box.amount, over: box.window) }
        #expect(line.isFlat)
    }

    @Test(
        "a line of gathered amounts is that of the same amounts one after the other, also behind its past",
        arguments: [0, 1, 15, 16, 17, 500, 5_000])
    func gatheredSteps(count: Int) {
        var chance = Seeded(seed: UInt64(count))
        let past = CalendarInstant(nanoseconds: 1_000)
        var (line, gathered) = (StepLine(), StepLine())
        for number in 0..<count {
            let from = CalendarInstant(nanoseconds: Int64(chance.below(9_000)))
            let window = Window(from: from, until: from + Span(nanoseconds: Int64(chance.below(1_500))))
            let amount = Int64(chance.below(100)) - 50
            if number == count / 3 {
                line.fold(through: past)
                gathered.fold(through: past)
            }
            line.add(amount, over: window)
            if number < count / 2 { gathered.add(amount, over: window) } else { gathered.gather(amount, over: window) }
        }
        gathered.settle()
        for at in stride(from: Int64(1_001), to: 11_000, by: 7) {
            let from = CalendarInstant(nanoseconds: at)
            let window = Window(from: from, until: from + Span(nanoseconds: at % 700 + 1))
            #expect(gathered.peak(over: window) == line.peak(over: window))
        }
        let all = Window(from: CalendarInstant(nanoseconds: 0), until: CalendarInstant(nanoseconds: 20_000))
        line.add(3, over: all)
        gathered.add(3, over: all)
        #expect(gathered.peak(over: all) == line.peak(over: all))
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
