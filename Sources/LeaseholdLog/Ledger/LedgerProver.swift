package import LeaseholdModel

/// Makes proofs from tiles: each reads a few of them, whatever the ledger's size.
///
/// All records and heads that it is asked about must lie in `1...tiler.index`; the caller has refused others.
package struct LedgerProver<Tiles: LedgerTileReader> {
    private let tiler: LedgerTiler
    private var tiles: Tiles
    private var remembered: [LedgerTilePlace: LedgerPyramid] = [:]

    /// Proofs from full tiles and what the tiler keeps of those that are not.
    package init(_ tiler: LedgerTiler, tiles: Tiles) {
        self.tiler = tiler
        self.tiles = tiles
    }

    /// The path from a record to the root of a head, by RFC 6962, section 2.1.1.
    package mutating func inclusion(
        of record: RecordIndex, under head: RecordIndex
    ) throws(Tiles.Failure) -> [LedgerHash] {
        check(record, head)
        let leaf = record.rawValue - 1
        var leaves = 0..<head.rawValue
        var path: [LedgerHash] = []
        while leaves.count > 1 {
            let (left, right) = LedgerProver.halves(of: leaves)
            let isLeft = leaf < right.lowerBound
            path.append(try root(over: isLeft ? right : left))
            leaves = isLeft ? left : right
        }
        return path.reversed()
    }

    /// The path from the root of an older head to that of a newer one, by RFC 6962, section 2.1.2; empty for equal ones.
    package mutating func consistency(
        from old: RecordIndex, to new: RecordIndex
    ) throws(Tiles.Failure) -> [LedgerHash] {
        let path = try prefix(from: old, to: new)
        return old.rawValue.nonzeroBitCount == 1 || old == new ? Array(path.dropFirst()) : path
    }

    /// The same path with the hash that it starts from always in front, so that it alone says what the root of the older
    /// head must be (``ForkEvidence``).
    package mutating func prefix(from old: RecordIndex, to new: RecordIndex) throws(Tiles.Failure) -> [LedgerHash] {
        check(old, new)
        var leaves = 0..<new.rawValue
        var path: [LedgerHash] = []
        while leaves.upperBound != old.rawValue {
            let (left, right) = LedgerProver.halves(of: leaves)
            let isLeft = old.rawValue <= right.lowerBound
            path.append(try root(over: isLeft ? right : left))
            leaves = isLeft ? left : right
        }
        path.append(try root(over: leaves))
        return path.reversed()
    }

    /// The root of the tree at a record.
    package mutating func root(at head: RecordIndex) throws(Tiles.Failure) -> LedgerHash {
        check(head, head)
        return try root(over: 0..<head.rawValue)
    }

    private func check(_ index: RecordIndex, _ head: RecordIndex) {
        precondition(
            index > .zero && index <= head && head <= tiler.index, "\(index) and \(head) of \(tiler.index) records")
    }

    /// The two sides of a tree: on the left the largest power of two that is less than the whole.
    private static func halves(of leaves: Range<UInt64>) -> (Range<UInt64>, Range<UInt64>) {
        let count = leaves.upperBound - leaves.lowerBound
        let middle = leaves.lowerBound + 1 << UInt64(63 - (count - 1).leadingZeroBitCount)
        return (leaves.lowerBound..<middle, middle..<leaves.upperBound)
    }

    /// The root over leaves that begin where a tree of their number can begin.
    private mutating func root(over leaves: Range<UInt64>) throws(Tiles.Failure) -> LedgerHash {
        let count = leaves.upperBound - leaves.lowerBound
        if count.nonzeroBitCount == 1 {
            let height = count.trailingZeroBitCount
            return try subtree(height: height, at: leaves.lowerBound >> UInt64(height))
        }
        let (left, right) = LedgerProver.halves(of: leaves)
        return .node(try root(over: left), try root(over: right))
    }

    /// Perfect subtree number `position` of those with 2^height leaves.
    private mutating func subtree(height: Int, at position: UInt64) throws(Tiles.Failure) -> LedgerHash {
        let (level, rest) = height.quotientAndRemainder(dividingBy: LedgerLimits.tileHeight)
        let inTile = UInt64(LedgerLimits.tileHeight - rest)
        let place = LedgerTilePlace(level: level, number: position >> inTile)
        return try pyramid(at: place).subtree(height: rest, at: Int(position & (1 << inTile - 1)))
    }

    private mutating func pyramid(at place: LedgerTilePlace) throws(Tiles.Failure) -> LedgerPyramid {
        if let pyramid = remembered[place] { return pyramid }
        let hashes: [LedgerHash]
        if let unfinished = tiler.unfinished(at: place) {
            hashes = unfinished
        } else {
            hashes = try tiles.tile(at: place).hashes
        }
        let pyramid = LedgerPyramid(hashes)
        if remembered.count == LedgerLimits.rememberedTileCountMax { remembered = [:] }
        remembered[place] = pyramid
        return pyramid
    }
}
