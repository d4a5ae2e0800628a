import LeaseholdLog
import LeaseholdModel

/// Full tiles in memory.
struct TileShelf: LedgerTileReader {
    private(set) var tiles: [LedgerTilePlace: LedgerTile] = [:]
    /// How often a tile was asked for.
    private(set) var readCount = 0

    mutating func put(_ tile: LedgerTile) { tiles[tile.place] = tile }

    mutating func tile(at place: LedgerTilePlace) throws(Never) -> LedgerTile {
        readCount += 1
        guard let tile = tiles[place] else { preconditionFailure("no tile at \(place)") }
        return tile
    }
}

/// A ledger of known records, and what can be shown of it.
struct LedgerFixture {
    static let signer = makeSigner(LedgerHead.origin(cluster: "colossus-1", log: LogFixture.logID), 7)
    static let tenantSigner = makeSigner("tenant/acme", 8)
    /// A log of the same cluster with another id.
    static let otherSigner = makeSigner(LedgerHead.origin(cluster: "colossus-1", log: LogID(high: 1, low: 2)), 9)

    private(set) var records: [[UInt8]] = []
    private(set) var tiler = LedgerTiler()
    private(set) var shelf = TileShelf()

    init(_ records: [[UInt8]]) {
        for record in records { append(record) }
    }

    /// So many records that are unlike each other.
    init(count: Int) {
        self.init(
            (0..<count).map { number in
                let low = UInt8(truncatingIfNeeded: number), high = UInt8(truncatingIfNeeded: number >> 8)
                return LogFixture.record(number, byteCount: 20 + number % 50) + [low, high, UInt8(number >> 16)]
            })
    }

    mutating func append(_ record: [UInt8]) {
        records.append(record)
        var full: [LedgerTile] = []
        tiler.append(.leaf(of: record)) { full.append($0) }
        for tile in full { shelf.put(tile) }
    }

    var prover: LedgerProver<TileShelf> { LedgerProver(tiler, tiles: shelf) }

    static func index(_ number: Int) -> RecordIndex { RecordIndex(rawValue: UInt64(number)) }

    /// The root over the first so many records.
    func root(_ count: Int) -> LedgerHash {
        var frontier = LedgerFrontier()
        for record in records[..<count] { frontier.append(.leaf(of: record)) }
        return frontier.root
    }

    func head(_ count: Int, incarnation: UInt32 = 1, chain: UInt64 = 1) -> LedgerHead {
        LedgerHead(
            cluster: "colossus-1", log: LogFixture.logID, index: LedgerFixture.index(count), root: root(count),
            chain: ChainHash(words: (chain, 2, 0xFFFF_0000_0000_0001, UInt64(count))), incarnation: incarnation,
            reign: Reign(rawValue: 3),
            at: CalendarInstant(nanoseconds: 1_795_235_572_123_456_789 + Int64(count) * 1_000_000_000))
    }

    /// A head signed by the log, and by the tenant if asked for.
    func signed(_ count: Int, countersigned: Bool = false) -> SignedHead {
        LedgerFixture.sign(head(count), countersigned: countersigned)
    }

    static func sign(_ head: LedgerHead, countersigned: Bool = false) -> SignedHead {
        var signed = SignedHead(head, by: signer)
        guard countersigned else { return signed }
        do { try signed.add(tenantSigner.signature(of: head)) } catch { preconditionFailure("\(error)") }
        return signed
    }

    func record(_ number: Int, under count: Int) -> LedgerRecord {
        var prover = prover
        let path = prover.inclusion(of: LedgerFixture.index(number), under: LedgerFixture.index(count))
        return LedgerRecord(index: LedgerFixture.index(number), bytes: records[number - 1], path: path)
    }

    func inclusion(_ number: Int, under count: Int, countersigned: Bool = false) -> LedgerProof {
        .inclusion(signed(count, countersigned: countersigned), record(number, under: count))
    }

    func consistency(_ old: Int, _ new: Int, countersigned: Bool = false) -> LedgerProof {
        var prover = prover
        let path = prover.consistency(from: LedgerFixture.index(old), to: LedgerFixture.index(new))
        return .consistency(
            older: signed(old, countersigned: countersigned), newer: signed(new, countersigned: countersigned),
            path: path)
    }

    /// The records of these numbers, as if they were all that a tenant has.
    func export(_ numbers: [Int], under count: Int, countersigned: Bool = false) -> LedgerProof {
        .export(signed(count, countersigned: countersigned), numbers.map { record($0, under: count) })
    }

    private static func makeSigner(_ name: String, _ seed: UInt8) -> LedgerSigner {
        guard let signer = LedgerSigner(name: name, seed: [UInt8](repeating: seed, count: 32)) else {
            preconditionFailure("no signer \(name)")
        }
        return signer
    }
}

/// RFC 6962, section 2.1, word for word.
struct NaiveTree {
    let leaves: [LedgerHash]
    private var known: [Range<Int>: LedgerHash] = [:]

    init(_ leaves: [LedgerHash]) { self.leaves = leaves }

    /// MTH of a range of leaves.
    mutating func root(_ range: Range<Int>) -> LedgerHash {
        if range.isEmpty { return .empty }
        if range.count == 1 { return leaves[range.lowerBound] }
        if let hash = known[range] { return hash }
        let middle = NaiveTree.middle(range)
        let hash = LedgerHash.node(root(range.lowerBound..<middle), root(middle..<range.upperBound))
        known[range] = hash
        return hash
    }

    /// PATH(m, D[n]) over a range; `leaf` counts from 0.
    mutating func path(_ leaf: Int, _ range: Range<Int>) -> [LedgerHash] {
        if range.count == 1 { return [] }
        let middle = NaiveTree.middle(range)
        return leaf < middle
            ? path(leaf, range.lowerBound..<middle) + [root(middle..<range.upperBound)]
            : path(leaf, middle..<range.upperBound) + [root(range.lowerBound..<middle)]
    }

    /// SUBPROOF(m, D[n], b) over a range; `end` is where the first m leaves end.
    mutating func proof(_ end: Int, _ range: Range<Int>, isWhole: Bool = true) -> [LedgerHash] {
        if end == range.upperBound { return isWhole ? [] : [root(range)] }
        let middle = NaiveTree.middle(range)
        return end <= middle
            ? proof(end, range.lowerBound..<middle, isWhole: isWhole) + [root(middle..<range.upperBound)]
            : proof(end, middle..<range.upperBound, isWhole: false) + [root(range.lowerBound..<middle)]
    }

    /// The largest power of two that is less than the number of leaves.
    private static func middle(_ range: Range<Int>) -> Int {
        var power = 1
        while power * 2 < range.count { power *= 2 }
        return range.lowerBound + power
    }
}
