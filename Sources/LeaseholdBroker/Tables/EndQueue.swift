package import LeaseholdModel

/// When a lease ends, as the queue orders it: the earlier end first, then the older lease.
package struct LeaseDue: Comparable, Sendable {
    /// The end of its term.
    package let endsAt: CalendarInstant
    /// Which lease.
    package let lease: LeaseID

    package init(endsAt: CalendarInstant, lease: LeaseID) {
        self.endsAt = endsAt
        self.lease = lease
    }

    package static func < (left: LeaseDue, right: LeaseDue) -> Bool {
        left.endsAt != right.endsAt ? left.endsAt < right.endsAt : left.lease < right.lease
    }
}

/// The ends of the leases that have not begun to end, the earliest on top.
///
/// A lease that ends early stays inside until it reaches the top or half of the queue is of its kind; the top itself
/// is always live. So an end costs a logarithm, and the queue is at most twice as long as it must be.
package struct EndQueue: Equatable, Sendable {
    private var heap = MinHeap<LeaseDue>()
    private var deadCount = 0

    /// An empty queue.
    package init() {}

    /// The earliest end; nil when no lease is live.
    package var next: LeaseDue? { heap.min }

    /// How many live leases wait for their end.
    package var liveCount: Int { heap.elements.count - deadCount }

    /// Puts a new lease in.
    package mutating func insert(_ due: LeaseDue) { heap.insert(due) }

    /// Says that one lease inside is live no more; `isLive` tells which ones are.
    package mutating func leave(isLive: (LeaseID) -> Bool) {
        deadCount += 1
        while let top = heap.min, !isLive(top.lease) {
            _ = heap.removeMin()
            deadCount -= 1
        }
        guard deadCount >= 64, deadCount * 2 > heap.elements.count else { return }
        heap.keep { isLive($0.lease) }
        deadCount = 0
    }

    /// The live leases whose term is over at an instant, earliest end first, at most so many.
    ///
    /// Looks only below what it has found: the cost follows the answer, not the queue.
    package func due(at instant: CalendarInstant, countMax: Int, isLive: (LeaseID) -> Bool) -> [LeaseID] {
        var found: [LeaseID] = []
        var frontier = MinHeap<Visit>()
        func visit(_ position: Int) {
            guard position < heap.elements.count, heap.elements[position].endsAt <= instant else { return }
            frontier.insert(Visit(due: heap.elements[position], position: position))
        }
        visit(0)
        while found.count < countMax, let next = frontier.removeMin() {
            if isLive(next.due.lease) { found.append(next.due.lease) }
            visit(2 * next.position + 1)
            visit(2 * next.position + 2)
        }
        return found
    }

    /// A place of the heap whose children have not been looked at.
    private struct Visit: Comparable, Sendable {
        let due: LeaseDue
        let position: Int
        static func < (left: Visit, right: Visit) -> Bool { left.due < right.due }
    }
}
