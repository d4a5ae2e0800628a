package import LeaseholdModel

/// A whole number that changes at instants: GPUs that a tenant has booked, watts that a place has promised.
///
/// Picture the outline of a heap of boxes laid on a time axis, each box an amount over a window. The steps lie in order
/// in chunks that know their sum and their highest point, so that the highest point over any window costs one look at
/// each chunk and a walk through two of them. What is over is folded into the height at the left edge.
package struct StepLine: Equatable, Sendable {
    private struct Step: Equatable, Sendable {
        let at: CalendarInstant
        var rise: Int64
    }

    private struct Chunk: Equatable, Sendable {
        var steps: [Step]
        /// What all steps raise together.
        var sum: Int64 = 0
        /// The highest point within, above the height before the first step; 0 where it only falls.
        var peak: Int64 = 0

        init(_ steps: [Step]) {
            self.steps = steps
            resum()
        }

        mutating func resum() {
            sum = 0
            peak = 0
            for step in steps {
                sum += step.rise
                peak = max(peak, sum)
            }
        }
    }

    /// Steps of a chunk; a full one is cut in two.
    private static let stepCountMax = 128

    private var chunks: [Chunk] = []
    /// The height before the first step.
    private var base: Int64 = 0
    /// Steps at or before it are part of the base.
    private var foldedThrough = CalendarInstant(nanoseconds: .min)

    /// Zero for ever.
    package init() {}

    /// Whether the line is zero for ever.
    package var isFlat: Bool { chunks.isEmpty && base == 0 }

    /// Adds an amount over a window.
    package mutating func add(_ amount: Int64, over window: Window) {
        guard amount != 0, !window.isEmpty else { return }
        step(by: amount, at: window.from)
        step(by: -amount, at: window.until)
    }

    /// The highest point over a window that is not empty.
    package func peak(over window: Window) -> Int64 {
        var height = base
        var highest = Int64.min
        for chunk in chunks {
            guard let first = chunk.steps.first, let last = chunk.steps.last, first.at < window.until else { break }
            if last.at <= window.from {
                height += chunk.sum
            } else if first.at > window.from, last.at < window.until {
                if highest == .min { highest = height }
                highest = max(highest, height + chunk.peak)
                height += chunk.sum
            } else {
                for step in chunk.steps {
                    guard step.at < window.until else { break }
                    if step.at > window.from { highest = max(highest, height) }
                    height += step.rise
                }
                highest = max(highest, height)
            }
        }
        return max(highest, height)
    }

    /// The height at an instant.
    package func height(at instant: CalendarInstant) -> Int64 {
        peak(over: Window(from: instant, until: instant + Span(nanoseconds: 1)))
    }

    /// Instants after `from` at which the line falls, ascending, as `body` wants to hear of them.
    ///
    /// `body` hears the instant and the height from there on, and says whether to go on.
    func forEachFall(after from: CalendarInstant, _ body: (CalendarInstant, Int64) -> Bool) {
        var height = base
        for chunk in chunks {
            guard let last = chunk.steps.last, last.at > from else {
                height += chunk.sum
                continue
            }
            for step in chunk.steps {
                height += step.rise
                if step.at > from, step.rise < 0, !body(step.at, height) { return }
            }
        }
    }

    /// Forgets the steps at or before an instant: nobody asks for heights before it any more.
    package mutating func fold(through instant: CalendarInstant) {
        guard instant > foldedThrough else { return }
        foldedThrough = instant
        var goneCount = 0
        for chunk in chunks {
            guard let last = chunk.steps.last, last.at <= instant else { break }
            base += chunk.sum
            goneCount += 1
        }
        chunks.removeFirst(goneCount)
        guard let first = chunks.first, let kept = first.steps.firstIndex(where: { $0.at > instant }), kept > 0
        else { return }
        for step in first.steps[..<kept] { base += step.rise }
        chunks[0] = Chunk(Array(first.steps[kept...]))
    }

    // MARK: Steps

    private mutating func step(by rise: Int64, at instant: CalendarInstant) {
        guard instant > foldedThrough else {
            base += rise
            return
        }
        guard !chunks.isEmpty else {
            chunks.append(Chunk([Step(at: instant, rise: rise)]))
            return
        }
        let position = chunkPosition(for: instant)
        let place = StepLine.place(of: instant, in: chunks[position].steps)
        if place < chunks[position].steps.count, chunks[position].steps[place].at == instant {
            chunks[position].steps[place].rise += rise
            if chunks[position].steps[place].rise == 0 { chunks[position].steps.remove(at: place) }
        } else {
            chunks[position].steps.insert(Step(at: instant, rise: rise), at: place)
        }
        if chunks[position].steps.isEmpty {
            chunks.remove(at: position)
        } else if chunks[position].steps.count > StepLine.stepCountMax {
            let steps = chunks[position].steps
            chunks[position] = Chunk(Array(steps[(steps.count / 2)...]))
            chunks.insert(Chunk(Array(steps[..<(steps.count / 2)])), at: position)
        } else {
            chunks[position].resum()
        }
    }

    /// The last chunk that begins at or before an instant, or the first.
    private func chunkPosition(for instant: CalendarInstant) -> Int {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].steps[0].at <= instant { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// The position of the first step at or after an instant.
    private static func place(of instant: CalendarInstant, in steps: [Step]) -> Int {
        var low = 0
        var high = steps.count
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].at < instant { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
