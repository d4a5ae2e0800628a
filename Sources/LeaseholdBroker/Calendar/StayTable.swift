import LeaseholdModel

/// The stays on every node: on a node the earlier start first, then the older lease.
///
/// Picture a shelf with a box for every node, in which its stays stand in order. All boxes stand in one array, so that a
/// look at a node follows no pointers and counts no references. A box that is full is emptied into one of twice the size.
/// What is over is taken from the front of a box, and what is promised mostly put at its end: either moves nothing. The
/// first boxes are large and stand there from the import on, so that booking moves no stays and asks for no memory.
struct StayTable: Sendable {
    /// What those take that have more than whole GPUs with what falls to them, by node and ascending by lease.
    private(set) var uses: [[StayUse]] = []
    private var boxes: [Box] = []
    private var shelf = Shelf()

    struct StayUse: Equatable, Sendable {
        let lease: LeaseID
        let use: NodeUse
    }

    /// Small, so that a look at many nodes stays in the cache.
    private struct Box: Sendable {
        /// Where it stands on the shelf.
        var base: UInt32 = 0
        /// Places before the first stay.
        var skipped: UInt32 = 0
        var count: UInt32 = 0
        /// The logarithm of its places; 0 where it has none.
        var sizeLog: UInt8 = 0
        /// Whether some of its stays take something else than whole GPUs with what falls to them.
        var hasUses = false
        /// No stay that was ever here is longer, so that a search knows how far back to look.
        var longest = Span.zero
        /// No stay that was ever here ends later.
        ///
        /// Most of what comes is after all that is there: then nothing else is looked at.
        var lastEnd = CalendarInstant(nanoseconds: .min)

        var first: Int { Int(base) + Int(skipped) }
        var size: Int { sizeLog == 0 ? 0 : 1 << Int(sizeLog) }

        /// One more stay.
        mutating func note(_ stay: Stay) {
            count += 1
            if stay.hasUse { hasUses = true }
            longest = max(longest, stay.window.span)
            lastEnd = max(lastEnd, stay.from, stay.until)
        }
    }

    /// How many nodes there is a line of.
    var nodeCount: Int { boxes.count }

    /// Places for each node that the shelf has before it is ever moved; until they are used they cost nothing.
    private static let expectedCount = 128
    /// The logarithm of the places of a node's first box: 2 KiB, so that few nodes ever need another one.
    private static let firstSizeLog: UInt8 = 6

    /// Makes room for so many nodes, with an empty box for each, in their order.
    mutating func grow(toNodeCount count: Int) {
        shelf.reserve(count * StayTable.expectedCount)
        while boxes.count < count {
            boxes.append(Box(base: shelf.take(Int(StayTable.firstSizeLog)), sizeLog: StayTable.firstSizeLog))
            uses.append([])
        }
    }

    // MARK: Looking

    /// Whether an instant is after everything on a node, as far as that is plain at a glance.
    @inline(__always) func isAfterAll(_ instant: CalendarInstant, on node: Int) -> Bool {
        boxes[node].lastEnd <= instant
    }

    /// The stays on a node, by start.
    func stays(on node: Int) -> ArraySlice<Stay> {
        let box = boxes[node]
        return shelf.stays[box.first..<box.first + Int(box.count)]
    }

    /// Whether some take something else of a node than whole GPUs with what falls to them, now or later.
    func hasUses(_ node: Int) -> Bool { boxes[node].hasUses }

    /// Shows the stays on a node where they stand, and a length that none of them exceeds.
    func withLine<Outcome>(_ node: Int, _ body: (UnsafeBufferPointer<Stay>, Span) -> Outcome) -> Outcome {
        let box = boxes[node]
        return shelf.stays.withUnsafeBufferPointer { shelf in
            body(UnsafeBufferPointer(rebasing: shelf[box.first..<box.first + Int(box.count)]), box.longest)
        }
    }

    /// What a stay takes of its node.
    func use(of stay: Stay, on node: Int) -> NodeUse {
        stay.hasUse ? uses[node][place(ofUse: stay.lease, on: node)].use : .whole
    }

    /// The position of the first use of a lease or a later one.
    private func place(ofUse lease: LeaseID, on node: Int) -> Int {
        firstPosition(in: uses[node].count, near: uses[node].count / 2) { uses[node][$0].lease < lease }
    }

    /// The position of the first stay that begins at an instant or later.
    static func place(of instant: CalendarInstant, in stays: UnsafeBufferPointer<Stay>) -> Int {
        // Nearly everything is promised after all that was promised before.
        guard let last = stays.last, last.from >= instant else { return stays.count }
        let first = stays[0].from
        if first >= instant { return 0 }
        // Leases follow each other evenly enough that a guess is near: a few steps from it, and the rest by halves.
        let guess = Double((instant - first).nanoseconds) / Double((last.from - first).nanoseconds)
        return firstPosition(in: stays.count, near: Int(guess * Double(stays.count - 1))) { stays[$0].from < instant }
    }

    // MARK: Changing

    /// Reads where the first stay of some nodes stands, or where the next will: so these are fetched side by side.
    ///
    /// The sum is of no use; somebody must ask for it, or nothing would be read.
    @inline(never)
    func fetch(_ placements: [Placement], isForNext: Bool) -> UInt64 {
        boxes.withUnsafeBufferPointer { boxes in
            shelf.stays.withUnsafeBufferPointer { shelf in
                var sum: UInt64 = 0
                for placement in placements {
                    let box = boxes[placement.node.offset]
                    let place = box.first + (isForNext ? Int(box.count) : 0)
                    if place < shelf.count { sum |= shelf[place].lease.rawValue }
                }
                return sum
            }
        }
    }

    /// Puts a stay in its place.
    mutating func add(_ stay: Stay, _ use: NodeUse, on node: Int) {
        if stay.hasUse {
            uses[node].insert(StayUse(lease: stay.lease, use: use), at: place(ofUse: stay.lease, on: node))
        }
        let position = stay.from >= boxes[node].lastEnd ? Int(boxes[node].count) : place(for: stay, on: node)
        makePlace(on: node)
        boxes[node].note(stay)
        let box = boxes[node]
        shelf.withStays { shelf in
            var place = box.first + Int(box.count) - 1
            while place > box.first + position {
                shelf[place] = shelf[place - 1]
                place -= 1
            }
            shelf[place] = stay
        }
    }

    private func place(for stay: Stay, on node: Int) -> Int {
        withLine(node) { stays, _ in
            var position = StayTable.place(of: stay.from, in: stays)
            while position < stays.count, stays[position].from == stay.from, stays[position].lease < stay.lease {
                position += 1
            }
            return position
        }
    }

    /// Sees to it that a box has a place after its last stay.
    private mutating func makePlace(on node: Int) {
        let box = boxes[node]
        guard Int(box.skipped + box.count) == box.size else { return }
        // Where a quarter of it is free at the front, that is enough for a while.
        if box.size > 0, Int(box.skipped) * 4 >= box.size {
            move(box, to: Int(box.base))
            boxes[node].skipped = 0
            return
        }
        let sizeLog = box.size == 0 ? StayTable.firstSizeLog : box.sizeLog + 1
        let base = shelf.take(Int(sizeLog))
        move(box, to: Int(base))
        if box.size > 0 { shelf.give(box.base, Int(box.sizeLog)) }
        boxes[node].base = base
        boxes[node].skipped = 0
        boxes[node].sizeLog = sizeLog
    }

    /// Copies the stays of a box to the front of one; the places must not lie behind those that they come from.
    private mutating func move(_ box: Box, to base: Int) {
        shelf.withStays { shelf in
            for position in 0..<Int(box.count) { shelf[base + position] = shelf[box.first + position] }
        }
    }

    /// The last stay has gone: a large box is somebody else's from now on.
    private mutating func empty(_ node: Int) {
        let box = boxes[node]
        boxes[node].skipped = 0
        boxes[node].lastEnd = CalendarInstant(nanoseconds: .min)
        guard box.sizeLog > StayTable.firstSizeLog else { return }
        shelf.give(box.base, Int(box.sizeLog))
        boxes[node].base = 0
        boxes[node].sizeLog = 0
    }

    /// Takes a lease's stay on a node away; nil where it has none that begins then.
    mutating func remove(_ lease: LeaseID, from: CalendarInstant, on node: Int) -> Stay? {
        let position: Int? = withLine(node) { stays, _ in
            var position = stays.first?.from == from ? 0 : StayTable.place(of: from, in: stays)
            while position < stays.count, stays[position].from == from {
                if stays[position].lease == lease { return position }
                position += 1
            }
            return nil
        }
        guard let position else { return nil }
        let box = boxes[node]
        let stay = shelf.stays[box.first + position]
        if stay.hasUse { uses[node].remove(at: place(ofUse: lease, on: node)) }
        boxes[node].count -= 1
        if stay.hasUse { boxes[node].hasUses = !uses[node].isEmpty }
        if box.count == 1 {
            empty(node)
        } else if position == 0 {
            boxes[node].skipped += 1
        } else {
            shelf.withStays { shelf in
                for place in box.first + position..<box.first + Int(box.count) - 1 { shelf[place] = shelf[place + 1] }
            }
        }
        return stay
    }
}

extension StayTable: Equatable {
    /// Whether both have the same stays on every node, wherever they keep them.
    static func == (left: StayTable, right: StayTable) -> Bool {
        guard left.nodeCount == right.nodeCount, left.uses == right.uses else { return false }
        return left.boxes.indices.allSatisfy { node in
            left.boxes[node].longest == right.boxes[node].longest && left.stays(on: node) == right.stays(on: node)
        }
    }
}
