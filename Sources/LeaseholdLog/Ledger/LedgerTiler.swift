package import LeaseholdModel

/// The tree as tiles: hands out each tile as it becomes full, and keeps the one of each level that is not.
///
/// At most 255 hashes of six levels, 48 KiB. A frontier says the same in less space but cannot prove anything.
package struct LedgerTiler: Sendable {
    /// The last record, which is the tree's size.
    package private(set) var index: RecordIndex
    /// What the tile of each level that is not full has so far.
    private var levels: [[LedgerHash]]

    /// A tree without records.
    package init() {
        index = .zero
        levels = Array(repeating: [], count: LedgerLimits.tileLevelCount)
    }

    /// The tree up to a record, from its full tiles and the leaves behind the last tile of level 0.
    ///
    /// Reads up to 255 tiles a level. The caller compares the root with one that it trusts.
    package init<Tiles: LedgerTileReader>(
        at index: RecordIndex, rest: [LedgerHash], tiles: inout Tiles
    ) throws(Tiles.Failure) {
        precondition(
            rest.count == Int(index.rawValue % UInt64(LedgerLimits.tileHashCount)),
            "\(rest.count) leaves behind the tiles of \(index) records")
        self.init()
        self.index = index
        levels[0] = rest
        for level in 1..<LedgerLimits.tileLevelCount {
            let end = index.rawValue >> UInt64(level * LedgerLimits.tileHeight)
            for number in end / UInt64(LedgerLimits.tileHashCount) * UInt64(LedgerLimits.tileHashCount)..<end {
                levels[level].append(try tiles.tile(at: LedgerTilePlace(level: level - 1, number: number)).root)
            }
        }
    }

    /// Appends the leaf of the next record and hands out the tiles that it completes, the lowest level first.
    package mutating func append(_ leaf: LedgerHash, completing: (LedgerTile) -> Void) {
        precondition(index < LedgerLimits.indexMax, "a ledger of \(index) records is full")
        index = index.next
        var hash = leaf
        for level in levels.indices {
            levels[level].append(hash)
            guard levels[level].count == LedgerLimits.tileHashCount else { return }
            let number = index.rawValue >> UInt64((level + 1) * LedgerLimits.tileHeight) - 1
            let tile = LedgerTile(place: LedgerTilePlace(level: level, number: number), hashes: levels[level])
            levels[level] = []
            completing(tile)
            hash = tile.root
        }
    }

    /// What the tile at a place has so far; nil where it is full, or has nothing yet.
    func unfinished(at place: LedgerTilePlace) -> [LedgerHash]? {
        let isLast = index.rawValue >> UInt64((place.level + 1) * LedgerLimits.tileHeight) == place.number
        return isLast ? levels[place.level] : nil
    }

    /// The same tree's right edge, with its root.
    package var frontier: LedgerFrontier {
        var subtrees: [LedgerHash] = []
        for level in levels.indices.reversed() {
            let pyramid = LedgerPyramid(levels[level])
            for height in (0..<LedgerLimits.tileHeight).reversed() where levels[level].count >> height & 1 == 1 {
                subtrees.append(pyramid.subtree(height: height, at: levels[level].count >> height - 1))
            }
        }
        return LedgerFrontier(index: index, subtrees: subtrees)
    }
}
