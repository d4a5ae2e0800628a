package import LeaseholdModel

/// When something happens to a lease by itself, as the queue orders it: the earlier instant first, then the older lease.
package struct Due: Comparable, Sendable {
    /// Its start, or the end of its term.
    package let at: CalendarInstant
    /// Which lease.
    package let lease: LeaseID

    package init(at: CalendarInstant, lease: LeaseID) {
        self.at = at
        self.lease = lease
    }

    package static func < (left: Due, right: Due) -> Bool {
        left.at != right.at ? left.at < right.at : left.lease < right.lease
    }
}

/// The starts of the leases that have not begun, or the ends of those that have not begun to end, the earliest on top.
///
/// What no longer counts stays inside until it reaches the top or half of the queue is of its kind; the top itself
/// always counts. So a change costs a logarithm, and the queue is at most twice as long as it must be.
package struct DueQueue: Equatable, Sendable {
    private var heap = MinHeap<Due>()
    private var deadCount = 0

    /// An empty queue.
    package init() {}

    /// The earliest; nil when nothing is due.
    package var next: Due? { heap.min }

    /// How many that count are inside.
    package var liveCount: Int { heap.elements.count - deadCount }

    /// Puts one in.
    package mutating func insert(_ due: Due) { heap.insert(due) }

    /// Says that one inside counts no more; `counts` tells which ones do.
    package mutating func leave(counts: (Due) -> Bool) {
        deadCount += 1
        while let top = heap.min, !counts(top) {
            _ = heap.removeMin()
            deadCount -= 1
        }
        guard deadCount >= 64, deadCount * 2 > heap.elements.count else { return }
        heap.keep { counts($0) }
        deadCount = 0
    }

    /// Those that count and are due at an instant, the earliest first, at most so many.
    ///
    /// Looks only below what it has found: the cost follows the answer, not the queue.
    package func due(at instant: CalendarInstant, countMax: Int, counts: (Due) -> Bool) -> [LeaseID] {
        var found: [LeaseID] = []
        var frontier = MinHeap<Visit>()
        func visit(_ position: Int) {
            guard position < heap.elements.count, heap.elements[position].at <= instant else { return }
            frontier.insert(Visit(due: heap.elements[position], position: position))
        }
        visit(0)
        while found.count < countMax, let next = frontier.removeMin() {
            if counts(next.due) { found.append(next.due.lease) }
            visit(2 * next.position + 1)
            visit(2 * next.position + 2)
        }
        return found
    }

    /// A place of the heap whose children have not been looked at.
    private struct Visit: Comparable, Sendable {
        let due: Due
        let position: Int
        static func < (left: Visit, right: Visit) -> Bool { left.due < right.due }
    }
}
