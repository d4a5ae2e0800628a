import LeaseholdModel

/// For every day and node the GPUs that one stay has from the day's first instant to its last.
///
/// A sieve before the exact look: a GPU that is covered on a day that a window touches is not free over that window,
/// and on a full site nearly all nodes fall through at a glance. At most one stay can cover a GPU's day, so a bit is
/// set by adding a stay and cleared by removing it. What lies past the last day of the table is not sieved.
///
/// A block has 32 nodes; within it, the 32 masks of one day are a cache line, and the days of a block lie together. So
/// a stay writes along one run of memory, and a look at one day over all nodes touches one line a block.
struct CoverTable: Equatable, Sendable {
    /// Nanoseconds of a day.
    private static let day: Int64 = 86_400_000_000_000
    /// Days of the table: 18 months ahead and some that may have gone by.
    static let dayCount = 640
    /// Nodes of a block.
    static let blockSize = 32

    /// By block and, within it, by day.
    private var masks: [SIMD32<UInt16>] = []
    /// The first day of the table, in days since 1970.
    private(set) var firstDay: Int64 = 0

    /// Makes room for so many nodes.
    mutating func grow(toNodeCount count: Int) {
        let blockCount = (count + CoverTable.blockSize - 1) / CoverTable.blockSize
        let missing = blockCount * CoverTable.dayCount - masks.count
        if missing > 0 { masks.append(contentsOf: repeatElement(SIMD32(), count: missing)) }
    }

    /// Begins the table at an instant's day, empty.
    mutating func restart(at instant: CalendarInstant) {
        firstDay = instant.nanoseconds / CoverTable.day
        for position in masks.indices { masks[position] = SIMD32() }
    }

    /// How many days of the table are over at an instant.
    func goneDayCount(at instant: CalendarInstant) -> Int64 { instant.nanoseconds / CoverTable.day - firstDay }

    /// Notes that a stay begins to cover, or covers no longer.
    mutating func set(_ stay: Stay, ofNode offset: Int, isCovered: Bool) {
        // Whole days within the stay.
        let first = max(0, (stay.from.nanoseconds + CoverTable.day - 1) / CoverTable.day - firstDay)
        let end = min(Int64(CoverTable.dayCount), stay.until.nanoseconds / CoverTable.day - firstDay)
        guard first < end else { return }
        let start = offset / CoverTable.blockSize * CoverTable.dayCount
        let lane = offset % CoverTable.blockSize
        for position in start + Int(first)..<start + Int(end) {
            if isCovered { masks[position][lane] |= stay.gpus.bits } else { masks[position][lane] &= ~stay.gpus.bits }
        }
    }

    /// The days of the table that a window touches, as far as the table goes.
    func days(of window: Window) -> Range<Int> {
        let first = min(Int64(CoverTable.dayCount), max(0, window.from.nanoseconds / CoverTable.day - firstDay))
        let last = (window.until.nanoseconds - 1) / CoverTable.day - firstDay
        return Int(first)..<Int(max(first, min(Int64(CoverTable.dayCount), last + 1)))
    }

    /// GPUs of the 32 nodes of a block that are covered on one of these days.
    func covered(block: Int, on days: Range<Int>) -> SIMD32<UInt16> {
        let start = block * CoverTable.dayCount
        var covered = SIMD32<UInt16>()
        for day in days { covered |= masks[start + day] }
        return covered
    }
}
