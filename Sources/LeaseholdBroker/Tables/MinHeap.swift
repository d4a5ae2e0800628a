/// A binary heap with the smallest element on top.
struct MinHeap<Element: Comparable & Sendable>: Equatable, Sendable {
    /// Parents before children: those of position `i` are at `2i + 1` and `2i + 2`.
    private(set) var elements: [Element] = []

    /// The smallest element; nil when there is none.
    var min: Element? { elements.first }

    /// Adds an element in logarithmic time.
    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the smallest element away, in logarithmic time; nil when there is none.
    mutating func removeMin() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let top = elements.first else { return last }
        elements[0] = last
        sink(from: 0)
        return top
    }

    /// Keeps only what passes, in linear time.
    mutating func keep(_ passes: (Element) -> Bool) {
        elements.removeAll { !passes($0) }
        for position in (0..<elements.count / 2).reversed() { sink(from: position) }
    }

    private mutating func sink(from start: Int) {
        var parent = start
        while true {
            let left = 2 * parent + 1
            guard left < elements.count else { return }
            let right = left + 1
            let child = right < elements.count && elements[right] < elements[left] ? right : left
            guard elements[child] < elements[parent] else { return }
            elements.swapAt(child, parent)
            parent = child
        }
    }
}
