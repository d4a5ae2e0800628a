/// First in, first out, in one array: what was taken from the front is dropped in bulk.
package struct Fifo<Element: Equatable & Sendable>: Equatable, Sendable {
    private var elements: [Element] = []
    private var start = 0

    /// An empty queue.
    package init() {}

    /// How many elements wait.
    package var count: Int { elements.count - start }

    /// The element that came first; nil when nothing waits.
    package var first: Element? { start < elements.count ? elements[start] : nil }

    /// Everything that waits, in order.
    package var all: ArraySlice<Element> { elements[start...] }

    /// Adds an element at the end.
    package mutating func append(_ element: Element) { elements.append(element) }

    /// Takes the first element away.
    package mutating func removeFirst() {
        precondition(start < elements.count, "took from an empty queue")
        start += 1
        if start >= 64, start * 2 >= elements.count {
            elements.removeFirst(start)
            start = 0
        }
    }
}
