/// Which tile it is, as in C2SP tlog-tiles.
///
/// Entry `i` of tile `number` of a level is the root of perfect subtree `number × 256 + i` of 256^level leaves. So tiles
/// of level 0 hold leaves, and an entry of any other level is the root of one full tile of the level below.
package struct LedgerTilePlace: Hashable, Sendable {
    /// From 0, the leaves, up.
    package let level: Int
    /// From 0.
    package let number: UInt64
    package init(level: Int, number: UInt64) {
        self.level = level
        self.number = number
    }
}

/// A full tile: 256 hashes that never change any more.
package struct LedgerTile: Hashable, Sendable {
    package let place: LedgerTilePlace
    /// All 256.
    package let hashes: [LedgerHash]

    /// A tile of as many hashes as a full one has.
    package init(place: LedgerTilePlace, hashes: [LedgerHash]) {
        precondition(hashes.count == LedgerLimits.tileHashCount, "a tile of \(hashes.count) hashes is not full")
        self.place = place
        self.hashes = hashes
    }

    /// Reads the 8,192 bytes of a full tile, hash after hash.
    package init(place: LedgerTilePlace, bytes: [UInt8]) throws(LedgerRefusal) {
        guard bytes.count == LedgerLimits.tileByteCount else {
            throw .malformed(line: 0, expected: "\(LedgerLimits.tileByteCount) bytes of a tile, not \(bytes.count)")
        }
        let offsets = stride(from: 0, to: bytes.count, by: LedgerHash.byteCount)
        self.init(place: place, hashes: bytes.withUnsafeBytes { raw in offsets.map { LedgerHash(bytes: raw, at: $0) } })
    }

    /// All hashes, one after the other.
    package var bytes: [UInt8] { hashes.flatMap(\.bytes) }

    /// The hash that stands for the tile in the level above.
    package var root: LedgerHash { LedgerPyramid(hashes).root }
}

/// Where full tiles come from: a file, a memory.
package protocol LedgerTileReader {
    /// What can go wrong in reading.
    associatedtype Failure: Error
    /// A tile that was completed before; any other is the caller's fault.
    mutating func tile(at place: LedgerTilePlace) throws(Failure) -> LedgerTile
}

/// The hashes of a tile, and of all perfect subtrees over them.
struct LedgerPyramid {
    /// Row 0 is the tile, row `h` the subtrees of 2^h entries that are complete.
    private var rows: [[LedgerHash]]

    init(_ hashes: [LedgerHash]) {
        rows = [hashes]
        for height in 1...LedgerLimits.tileHeight {
            let below = rows[height - 1]
            rows.append((0..<below.count / 2).map { .node(below[2 * $0], below[2 * $0 + 1]) })
        }
    }

    /// The hash of a full tile.
    var root: LedgerHash { rows[LedgerLimits.tileHeight][0] }

    /// The subtree of 2^height entries at a position; it must be complete.
    func subtree(height: Int, at position: Int) -> LedgerHash { rows[height][position] }
}
