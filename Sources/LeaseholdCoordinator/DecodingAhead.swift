import Dispatch

/// Parts of a log on their way from bytes to facts: decoded beside the thread that builds the book, and in order.
struct DecodingAhead<Part: Sendable, Facts: Sendable> {
    /// A part that is being decoded.
    ///
    /// Unchecked, because the compiler cannot see it: it is written once, before its semaphore rings, and read after.
    private final class Work: @unchecked Sendable {
        var facts: Facts?
        let isDecoded = DispatchSemaphore(value: 0)
    }

    private let decode: @Sendable (Part) -> Facts
    private let queue = DispatchQueue(label: "leasehold.decoding")
    private var underWay: [Work] = []

    init(_ decode: @escaping @Sendable (Part) -> Facts) { self.decode = decode }

    /// Whether a part must be taken before the next one is begun: enough are under way that neither side waits for long.
    var isFull: Bool { underWay.count >= 8 }

    /// Begins to decode a part.
    mutating func begin(_ part: Part) {
        let (work, decode) = (Work(), decode)
        underWay.append(work)
        queue.async {
            work.facts = decode(part)
            work.isDecoded.signal()
        }
    }

    /// The part that was begun first; nil when none is under way.
    mutating func next() -> Facts? {
        guard !underWay.isEmpty else { return nil }
        let work = underWay.removeFirst()
        work.isDecoded.wait()
        // Who has copied this value asks for the same part.
        work.isDecoded.signal()
        return work.facts
    }

    /// Nobody asks for the parts that are under way any more.
    mutating func drop() { underWay = [] }
}
