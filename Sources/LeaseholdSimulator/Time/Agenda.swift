import LeaseholdModel

/// An instant of the one true time of a run, in nanoseconds; nobody in the run can read it.
struct TrueInstant: Hashable, Comparable, Sendable {
    let nanoseconds: Int64

    /// When a run begins.
    static let zero = TrueInstant(nanoseconds: 0)
    /// Later than any run ends.
    static let never = TrueInstant(nanoseconds: .max)

    static func < (left: TrueInstant, right: TrueInstant) -> Bool { left.nanoseconds < right.nanoseconds }
    static func + (left: TrueInstant, right: Span) -> TrueInstant {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return overflow ? .never : TrueInstant(nanoseconds: sum)
    }
    static func - (left: TrueInstant, right: TrueInstant) -> Span {
        Span(nanoseconds: left.nanoseconds - right.nanoseconds)
    }
}

/// What is going to happen, earliest first; of two things at one instant, the one that was planned first.
struct Agenda<Item> {
    private struct Entry {
        let at: TrueInstant
        let number: UInt64
        let item: Item

        func isBefore(_ other: Entry) -> Bool {
            at != other.at ? at < other.at : number < other.number
        }
    }

    private var heap: [Entry] = []
    private var lastNumber: UInt64 = 0

    var count: Int { heap.count }
    /// When the next thing happens; nil when nothing is planned.
    var next: TrueInstant? { heap.first?.at }

    mutating func plan(_ item: Item, at instant: TrueInstant) {
        lastNumber += 1
        heap.append(Entry(at: instant, number: lastNumber, item: item))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes what comes next, with its instant and its number; nil when nothing is planned.
    mutating func takeNext() -> (at: TrueInstant, number: UInt64, item: Item)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.at, first.number, first.item)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least])
            {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
