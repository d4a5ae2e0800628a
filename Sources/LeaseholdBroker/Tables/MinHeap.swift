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

    /// Moves up what is smaller than an element below it, and puts the element where that was.
    private mutating func sink(from start: Int) {
        elements.withUnsafeMutableBufferPointer { elements in
            guard start < elements.count else { return }
            let sinking = elements[start]
            var parent = start
            while 2 * parent + 1 < elements.count {
                let left = 2 * parent + 1
                let child = left + 1 < elements.count && elements[left + 1] < elements[left] ? left + 1 : left
                guard elements[child] < sinking else { break }
                elements[parent] = elements[child]
                parent = child
            }
            elements[parent] = sinking
        }
    }
}
