package import LeaseholdModel

/// A whole number that changes at instants: GPUs that a tenant has booked, watts that a place has promised.
///
/// Picture the outline of a heap of boxes laid on a time axis, each box an amount over a window. The steps lie in order
/// in short chunks, and the chunks in groups. Chunks and groups know their sum and their highest point, so that the
/// highest point over any window costs one look at each group, a walk through two of them and through two chunks, and a
/// step is put in by going through one chunk and one group. What is over is folded into the height at the left edge.
///
/// Whoever adds very many amounts before anybody asks for a height gathers them: they become steps all at once.
package struct StepLine: Equatable, Sendable {
    private struct Step: Equatable, Sendable {
        let at: CalendarInstant
        var rise: Int64
    }

    /// What steps that follow each other amount to.
    private struct Run: Equatable, Sendable {
        let first: CalendarInstant
        private(set) var last: CalendarInstant
        /// What they raise together.
        private(set) var sum: Int64
        /// The highest point within, above the height before the first step; 0 where it only falls.
        private(set) var peak: Int64

        init(_ step: Step) {
            first = step.at
            last = first
            sum = step.rise
            peak = max(0, sum)
        }

        mutating func add(_ step: Step) {
            last = step.at
            sum += step.rise
            peak = max(peak, sum)
        }

        mutating func add(_ other: Run) {
            last = other.last
            peak = max(peak, sum + other.peak)
            sum += other.sum
        }
    }

    private struct Chunk: Equatable, Sendable, HasRun {
        private(set) var run: Run
        private(set) var steps: [Step]

        /// Steps, of which there is one at least.
        init(_ steps: [Step]) {
            self.steps = steps
            run = Run(steps[0])
            resum()
        }

        private mutating func resum() {
            steps.withUnsafeBufferPointer { steps in
                guard let first = steps.first else { return }
                var run = Run(first)
                for position in 1..<max(1, steps.count) { run.add(steps[position]) }
                self.run = run
            }
        }

        /// Raises what follows an instant.
        mutating func step(by rise: Int64, at instant: CalendarInstant) {
            var place = steps.count
            while place > 0, steps[place - 1].at >= instant { place -= 1 }
            if place < steps.count, steps[place].at == instant {
                steps[place].rise += rise
                if steps[place].rise == 0 { steps.remove(at: place) }
            } else {
                steps.insert(Step(at: instant, rise: rise), at: place)
            }
            resum()
        }
    }

    private struct Group: Equatable, Sendable, HasRun {
        private(set) var run: Run
        private(set) var chunks: [Chunk]

        /// Chunks, of which there is one at least.
        init(_ chunks: [Chunk]) {
            self.chunks = chunks
            run = chunks[0].run
            resum()
        }

        private mutating func resum() {
            chunks.withUnsafeBufferPointer { chunks in
                guard let first = chunks.first else { return }
                var run = first.run
                for position in 1..<max(1, chunks.count) { run.add(chunks[position].run) }
                self.run = run
            }
        }

        /// Raises what follows an instant.
        mutating func step(by rise: Int64, at instant: CalendarInstant) {
            let position = StepLine.position(of: instant, in: chunks)
            chunks[position].step(by: rise, at: instant)
            let steps = chunks[position].steps
            if steps.isEmpty {
                chunks.remove(at: position)
            } else if steps.count > StepLine.stepCountMax {
                chunks[position] = Chunk(Array(steps[(steps.count / 2)...]))
                chunks.insert(Chunk(Array(steps[..<(steps.count / 2)])), at: position)
            }
            resum()
        }
    }

    /// Steps of a chunk, and chunks of a group; a full one is cut in two.
    private static let stepCountMax = 32
    private static let chunkCountMax = 32

    private var groups: [Group] = []
    /// Steps that are none yet, in no order.
    private var gathered: [Step] = []
    /// The height before the first step.
    private var base: Int64 = 0
    /// Steps at or before it are part of the base.
    private var foldedThrough = CalendarInstant(nanoseconds: .min)

    /// Zero for ever.
    package init() {}

    /// Whether the line is zero for ever.
    package var isFlat: Bool { groups.isEmpty && base == 0 }

    /// Adds an amount over a window.
    package mutating func add(_ amount: Int64, over window: Window) {
        guard amount != 0, !window.isEmpty else { return }
        step(by: amount, at: window.from)
        step(by: -amount, at: window.until)
    }

    /// Adds an amount over a window once the line settles.
    package mutating func gather(_ amount: Int64, over window: Window) {
        guard amount != 0, !window.isEmpty else { return }
        gathered.append(Step(at: window.from, rise: amount))
        gathered.append(Step(at: window.until, rise: -amount))
    }

    /// Makes steps of all that was gathered.
    package mutating func settle() {
        guard !gathered.isEmpty else { return }
        let known = groups.flatMap { group in group.chunks.flatMap(\.steps) }
        let all = (known + gathered).sorted { $0.at < $1.at }
        gathered = []
        var steps: [Step] = []
        steps.reserveCapacity(all.count)
        for step in all {
            if step.at <= foldedThrough {
                base += step.rise
            } else if let last = steps.last, last.at == step.at {
                steps[steps.count - 1].rise += step.rise
            } else {
                steps.append(step)
            }
        }
        steps.removeAll { $0.rise == 0 }
        let chunks = StepLine.pieces(of: steps, by: StepLine.stepCountMax).map { Chunk(Array($0)) }
        groups = StepLine.pieces(of: chunks, by: StepLine.chunkCountMax).map { Group(Array($0)) }
    }

    /// A row in pieces of three quarters of what fits, so that there is room between them.
    private static func pieces<Element>(of row: [Element], by countMax: Int) -> [ArraySlice<Element>] {
        let count = row.count <= countMax ? countMax : countMax / 4 * 3
        return stride(from: 0, to: row.count, by: count).map { row[$0..<min(row.count, $0 + count)] }
    }

    /// The highest point over a window that is not empty.
    package func peak(over window: Window) -> Int64 {
        precondition(gathered.isEmpty, "a height of a line that has not settled")
        var height = base
        var highest = Int64.min
        /// Whether a run is wholly before the window or wholly within it: then it need not be looked into.
        func isDone(_ run: Run) -> Bool {
            if run.last <= window.from {
                height += run.sum
                return true
            }
            guard run.first > window.from, run.last < window.until else { return false }
            highest = max(highest, height, height + run.peak)
            height += run.sum
            return true
        }
        for group in groups {
            guard group.run.first < window.until else { break }
            if isDone(group.run) { continue }
            for chunk in group.chunks {
                guard chunk.run.first < window.until else { break }
                if isDone(chunk.run) { continue }
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
        for group in groups {
            guard group.run.last > from else {
                height += group.run.sum
                continue
            }
            for chunk in group.chunks {
                for step in chunk.steps {
                    height += step.rise
                    if step.at > from, step.rise < 0, !body(step.at, height) { return }
                }
            }
        }
    }

    /// Forgets the steps at or before an instant: nobody asks for heights before it any more.
    package mutating func fold(through instant: CalendarInstant) {
        guard instant > foldedThrough else { return }
        foldedThrough = instant
        let goneGroups = groups.prefix { $0.run.last <= instant }
        for group in goneGroups { base += group.run.sum }
        groups.removeFirst(goneGroups.count)
        guard let group = groups.first, group.run.first <= instant else { return }
        let goneChunks = group.chunks.prefix { $0.run.last <= instant }
        for chunk in goneChunks { base += chunk.run.sum }
        var chunks = Array(group.chunks.dropFirst(goneChunks.count))
        let goneSteps = chunks[0].steps.prefix { $0.at <= instant }
        for step in goneSteps { base += step.rise }
        if !goneSteps.isEmpty { chunks[0] = Chunk(Array(chunks[0].steps.dropFirst(goneSteps.count))) }
        groups[0] = Group(chunks)
    }

    // MARK: Steps

    private mutating func step(by rise: Int64, at instant: CalendarInstant) {
        guard instant > foldedThrough else {
            base += rise
            return
        }
        guard !groups.isEmpty else {
            groups.append(Group([Chunk([Step(at: instant, rise: rise)])]))
            return
        }
        let position = StepLine.position(of: instant, in: groups)
        groups[position].step(by: rise, at: instant)
        let count = groups[position].chunks.count
        if count == 0 {
            groups.remove(at: position)
        } else if count > StepLine.chunkCountMax {
            let chunks = groups[position].chunks
            groups[position] = Group(Array(chunks[(count / 2)...]))
            groups.insert(Group(Array(chunks[..<(count / 2)])), at: position)
        }
    }

    private protocol HasRun {
        var run: Run { get }
    }

    /// The last that begins at or before an instant, or the first.
    @inline(__always)
    private static func position(of instant: CalendarInstant, in some: [some HasRun]) -> Int {
        some.withUnsafeBufferPointer { some in
            guard let first = some.first?.run.first, let last = some.last?.run.first, instant > first else { return 0 }
            guard instant < last else { return some.count - 1 }
            // Steps follow each other evenly enough that a guess is near.
            let guess = Double((instant - first).nanoseconds) / Double((last - first).nanoseconds)
            let place = Int(guess * Double(some.count - 1))
            return firstPosition(in: some.count, near: place) { some[$0].run.first <= instant } - 1
        }
    }
}
