import LeaseholdModel

/// For every day and node the GPUs that one stay has from the day's first instant to its last.
///
/// A sieve before the exact look: a GPU that is covered on a day that a window touches is not free over that window,
/// and on a full site nearly all nodes fall through at a glance. At most one stay can cover a GPU's day, so a bit is
/// set by adding a stay and cleared by removing it. What lies past the last day of the table is not sieved.
///
/// A block has 8 nodes, and the masks of a block lie together, day by day: a cache line is four days of it. So a stay
/// of two weeks writes four lines, and a look at one day over all nodes touches a line for each block. The days go
/// round: where a day that is over was, there is later one as far ahead as the table reaches.
struct CoverTable: Equatable, Sendable {
    /// The GPUs of the nodes of a block.
    typealias Masks = SIMD8<UInt16>

    /// Nanoseconds of a day.
    private static let day: Int64 = 86_400_000_000_000
    /// Days of the table: 18 months ahead and some that may have gone by.
    static let dayCount = 640
    /// Nodes of a block.
    static let blockSize = 8
    /// Days of a long window that are looked at before it is asked whether anything is left.
    private static let glance = 8

    /// By block and, within it, by day modulo the days of the table.
    private var masks: [Masks] = []
    /// The first day of the table, in days since 1970.
    private var firstDay = 0
    /// What is over is not written any more: nobody asks for it.
    private var today = 0

    private var endDay: Int { firstDay + CoverTable.dayCount }

    private static func day(of instant: CalendarInstant) -> Int { Int(instant.nanoseconds / day) }

    /// Makes room for so many nodes.
    mutating func grow(toNodeCount count: Int) {
        let blockCount = (count + CoverTable.blockSize - 1) / CoverTable.blockSize
        let missing = blockCount * CoverTable.dayCount - masks.count
        if missing > 0 { masks.append(contentsOf: repeatElement(Masks(), count: missing)) }
    }

    /// Time goes by.
    mutating func advance(to instant: CalendarInstant) { today = CoverTable.day(of: instant) }

    /// How many days of the table are over.
    var goneDayCount: Int { today - firstDay }

    /// Makes the days that are over into days ahead, which nothing covers yet; says from which day on.
    mutating func turn() -> Int {
        let firstNew = max(endDay, today)
        for start in stride(from: 0, to: masks.count, by: CoverTable.dayCount) {
            for day in firstDay..<min(today, endDay) { masks[start + day % CoverTable.dayCount] = Masks() }
        }
        firstDay = today
        return firstNew
    }

    /// The first instant of a day; the end of time where it is past that.
    static func instant(of day: Int) -> CalendarInstant {
        let (nanoseconds, isPast) = Int64(day).multipliedReportingOverflow(by: CoverTable.day)
        return isPast ? .never : CalendarInstant(nanoseconds: nanoseconds)
    }

    /// The whole days of a stay, as far as the table goes; from some day on.
    func days(coveredBy stay: Window, from day: Int = 0) -> Range<Int> {
        let first = max(today, day, CoverTable.day(of: stay.from + Span(nanoseconds: CoverTable.day - 1)))
        return first..<max(first, min(endDay, CoverTable.day(of: stay.until)))
    }

    /// Reads these days of some nodes, which are about to be written: so they are fetched side by side.
    ///
    /// The sum is of no use; somebody must ask for it, or nothing would be read.
    @inline(never)
    func fetch(_ placements: [Placement], on days: Range<Int>) -> UInt64 {
        if days.isEmpty { return 0 }
        return masks.withUnsafeBufferPointer { masks in
            let first = days.lowerBound % CoverTable.dayCount
            var sum = Masks()
            for placement in placements {
                let start = placement.node.offset / CoverTable.blockSize * CoverTable.dayCount
                // A line is four days; those past the turn are few.
                for place in stride(from: first, to: min(first + days.count, CoverTable.dayCount), by: 4) {
                    sum |= masks[start + place]
                }
            }
            return UInt64(sum[0] | sum[1])
        }
    }

    /// Notes that on these days GPUs of a node begin to be covered, or are covered no longer.
    @inline(__always)
    mutating func set(_ gpus: GPUSet, ofNode offset: Int, on days: Range<Int>, isCovered: Bool) {
        let start = offset / CoverTable.blockSize * CoverTable.dayCount
        let lane = offset % CoverTable.blockSize
        precondition(start + CoverTable.dayCount <= masks.count, "node \(offset) has no days")
        masks.withUnsafeMutableBytes { bytes in
            // Lane by lane, and with as few steps as can be, so that the lines of several stays are fetched side by side.
            guard let lanes = bytes.assumingMemoryBound(to: UInt16.self).baseAddress else { return }
            func write(_ days: Range<Int>) {
                var mask = lanes + (start + days.lowerBound) * CoverTable.blockSize + lane
                for _ in 0..<days.count {
                    mask.pointee = isCovered ? mask.pointee | gpus.bits : mask.pointee & ~gpus.bits
                    mask += CoverTable.blockSize
                }
            }
            let place = days.lowerBound % CoverTable.dayCount
            let beforeTurn = min(days.count, CoverTable.dayCount - place)
            write(place..<place + beforeTurn)
            write(0..<days.count - beforeTurn)
        }
    }

    /// The days of the table that a window touches, as far as the table goes.
    func days(of window: Window) -> Range<Int> {
        let first = min(endDay, max(today, CoverTable.day(of: window.from)))
        let last = CoverTable.day(of: CalendarInstant(nanoseconds: window.until.nanoseconds - 1))
        return first..<max(first, min(endDay, last + 1))
    }

    /// Of some GPUs of the nodes of a block those that are covered on none of these days.
    func uncovered(_ offered: Masks, block: Int, on days: Range<Int>) -> Masks {
        let start = block * CoverTable.dayCount
        return masks.withUnsafeBufferPointer { masks in
            var left = offered
            var place = days.lowerBound % CoverTable.dayCount
            var unasked = CoverTable.glance
            for _ in days {
                left &= ~masks[start + place]
                place += 1
                if place == CoverTable.dayCount { place = 0 }
                unasked -= 1
                guard unasked == 0 else { continue }
                if left == Masks() { break }
                unasked = CoverTable.glance
            }
            return left
        }
    }
}
