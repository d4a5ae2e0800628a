import LeaseholdModel

/// One array of stays in which boxes of different sizes find their places.
///
/// A box has a power of two of places and stands at a multiple of its size. So each has a neighbour with which it was, or
/// would be, one box of twice the size: two that nobody uses become one, and a large one is halved until it fits. What
/// many small boxes have left becomes room for large ones, and the shelf grows only for what is really there.
struct Shelf: Sendable {
    private(set) var stays: [Stay] = []
    /// By the logarithm of the size: boxes that nobody uses, and some that were taken since; a bit says which.
    private var free: [[UInt32]] = Array(repeating: [], count: 32)
    private var freeBits: [[UInt64]] = Array(repeating: [], count: 32)

    /// What the shelf grows by, so that growing is rare.
    private static let growthLog = 12

    private static let nothing = Stay(
        .none, for: LeaseID(rawValue: 0), over: Window(from: .never, until: .never))

    /// Sees to it that so many places come to be without the shelf being moved.
    mutating func reserve(_ count: Int) { stays.reserveCapacity(count) }

    /// Changes stays where they stand.
    mutating func withStays<Outcome>(_ body: (inout UnsafeMutableBufferPointer<Stay>) -> Outcome) -> Outcome {
        stays.withUnsafeMutableBufferPointer(body)
    }

    /// A box that nobody uses; where it begins.
    mutating func take(_ sizeLog: Int) -> UInt32 {
        for log in sizeLog..<free.count {
            while let base = free[log].popLast() {
                if isFree(base, log) { return halved(base, log, to: sizeLog) }
            }
        }
        let log = max(sizeLog, Shelf.growthLog)
        // At a multiple of its size; what lies before it is for others.
        while stays.count & (1 << log - 1) != 0 { give(grow(by: Shelf.growthLog), Shelf.growthLog) }
        return halved(grow(by: log), log, to: sizeLog)
    }

    /// The first so many places of a box; the rest is for others.
    private mutating func halved(_ base: UInt32, _ log: Int, to sizeLog: Int) -> UInt32 {
        setFree(false, base, log)
        for log in (sizeLog..<log).reversed() { give(base + 1 << UInt32(log), log) }
        return base
    }

    /// A box is used no more.
    mutating func give(_ base: UInt32, _ sizeLog: Int) {
        var (base, sizeLog) = (base, sizeLog)
        while sizeLog < 30, isFree(base ^ 1 << UInt32(sizeLog), sizeLog) {
            setFree(false, base ^ 1 << UInt32(sizeLog), sizeLog)
            base &= ~(1 << UInt32(sizeLog))
            sizeLog += 1
        }
        setFree(true, base, sizeLog)
        free[sizeLog].append(base)
    }

    private mutating func grow(by sizeLog: Int) -> UInt32 {
        let base = UInt32(stays.count)
        stays.append(contentsOf: repeatElement(Shelf.nothing, count: 1 << sizeLog))
        return base
    }

    private func isFree(_ base: UInt32, _ sizeLog: Int) -> Bool {
        let place = Int(base) >> sizeLog
        return place >> 6 < freeBits[sizeLog].count && freeBits[sizeLog][place >> 6] >> UInt64(place & 63) & 1 == 1
    }

    private mutating func setFree(_ isFree: Bool, _ base: UInt32, _ sizeLog: Int) {
        let place = Int(base) >> sizeLog
        while freeBits[sizeLog].count <= place >> 6 { freeBits[sizeLog].append(0) }
        let bit: UInt64 = 1 << UInt64(place & 63)
        if isFree { freeBits[sizeLog][place >> 6] |= bit } else { freeBits[sizeLog][place >> 6] &= ~bit }
    }
}
