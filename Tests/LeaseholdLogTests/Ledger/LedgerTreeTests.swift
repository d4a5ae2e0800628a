import LeaseholdLog
import LeaseholdModel
import Testing

@Suite("The ledger's tree")
struct LedgerTreeTests {
    /// The eight leaves of the vectors that come with certificate transparency.
    private static let vectorLeaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        Array(0x50...0x57), Array(0x60...0x6F),
    ]
    private static let vectorRoots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    private static func digits(_ hash: LedgerHash) -> String {
        hexadecimal(hash.words.0) + hexadecimal(hash.words.1) + hexadecimal(hash.words.2) + hexadecimal(hash.words.3)
    }

    @Test("the vectors of certificate transparency: roots of zero to eight leaves")
    func vectorRoots() {
        var frontier = LedgerFrontier()
        #expect(LedgerTreeTests.digits(frontier.root) == LedgerTreeTests.vectorRoots[0])
        for (count, leaf) in LedgerTreeTests.vectorLeaves.enumerated() {
            frontier.append(.leaf(of: leaf))
            #expect(LedgerTreeTests.digits(frontier.root) == LedgerTreeTests.vectorRoots[count + 1])
        }
    }

    @Test("the vectors of certificate transparency: inclusion and consistency paths")
    func vectorPaths() {
        let ledger = LedgerFixture(LedgerTreeTests.vectorLeaves)
        var prover = ledger.prover
        func index(_ number: Int) -> RecordIndex { LedgerFixture.index(number) }
        let inclusion: [(Int, Int, [String])] = [
            (1, 1, []), (1, 8, ["96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"]),
            (6, 8, ["bc1a0643b12e4d2d", "ca854ea128ed050b", "d37ee418976dd957"]), (3, 3, ["fac54203e7cc696c"]),
            (2, 5, ["6e340b9cffb37a98", "5f083f0a1a33ca07", "bc1a0643b12e4d2d"]),
        ]
        for (record, head, expected) in inclusion {
            let path = prover.inclusion(of: index(record), under: index(head))
            #expect(path.map { hexadecimal($0.words.0) } == expected, "record \(record) of \(head)")
        }
        let consistency: [(Int, Int, [String])] = [
            (1, 1, []), (1, 8, ["96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"]),
            (6, 8, ["0ebc5d3437fbe2db", "ca854ea128ed050b", "d37ee418976dd957"]),
            (2, 5, ["5f083f0a1a33ca07", "bc1a0643b12e4d2d"]),
        ]
        for (old, new, expected) in consistency {
            let path = prover.consistency(from: index(old), to: index(new))
            #expect(path.map { hexadecimal($0.words.0) } == expected, "head \(old) to \(new)")
        }
    }

    @Test("every record under every head and every two heads, up to 300: the paths of RFC 6962, and they are believed")
    func everyPath() throws {
        let ledger = LedgerFixture(count: 300)
        var prover = ledger.prover
        var naive = NaiveTree(ledger.records.map { LedgerHash.leaf(of: $0) })
        let roots = (0...300).map { naive.root(0..<$0) }
        for head in 1...300 {
            let headIndex = LedgerFixture.index(head)
            #expect(prover.root(at: headIndex) == roots[head])
            for number in 1...head {
                let index = LedgerFixture.index(number)
                let path = prover.inclusion(of: index, under: headIndex)
                #expect(path == naive.path(number - 1, 0..<head))
                try LedgerPath.checkInclusion(
                    of: naive.leaves[number - 1], at: index, root: roots[head], of: headIndex, path: path)
                let consistency = prover.consistency(from: index, to: headIndex)
                #expect(consistency == naive.proof(number, 0..<head))
                try LedgerPath.checkConsistency(
                    from: index, root: roots[number], to: headIndex, root: roots[head], path: consistency)
            }
        }
    }

    @Test("a path for one record is refused for each other record, each other head, and with a hash less or more")
    func foreignPaths() {
        let ledger = LedgerFixture(count: 20)
        var prover = ledger.prover
        let roots = (0...20).map { ledger.root($0) }
        func isBelieved(_ leaf: Int, at number: Int, _ root: Int, of head: Int, _ path: [LedgerHash]) -> Bool {
            do {
                try LedgerPath.checkInclusion(
                    of: .leaf(of: ledger.records[leaf - 1]), at: LedgerFixture.index(number), root: roots[root],
                    of: LedgerFixture.index(head), path: path)
                return true
            } catch { return false }
        }
        for head in 1...20 {
            for number in 1...head {
                let path = prover.inclusion(of: LedgerFixture.index(number), under: LedgerFixture.index(head))
                #expect(isBelieved(number, at: number, head, of: head, path))
                #expect(!isBelieved(number, at: number, head, of: head, path + [roots[1]]))
                #expect(path.isEmpty || !isBelieved(number, at: number, head, of: head, Array(path.dropLast())))
                for other in 0...21 where other != number {
                    #expect(!isBelieved(number, at: other, head, of: head, path))
                    if (1...20).contains(other) { #expect(!isBelieved(other, at: number, head, of: head, path)) }
                }
                for other in 0...20 where other != head {
                    #expect(!isBelieved(number, at: number, other, of: head, path))
                }
            }
        }
    }

    @Test("a path between two heads is refused for each other root of either, and with a hash less or more")
    func foreignHeads() {
        let ledger = LedgerFixture(count: 20)
        var prover = ledger.prover
        let roots = (0...20).map { ledger.root($0) }
        for new in 1...20 {
            for old in 1...new {
                let (oldIndex, newIndex) = (LedgerFixture.index(old), LedgerFixture.index(new))
                let path = prover.consistency(from: oldIndex, to: newIndex)
                func isBelieved(_ oldRoot: Int, _ newRoot: Int, _ path: [LedgerHash]) -> Bool {
                    do {
                        try LedgerPath.checkConsistency(
                            from: oldIndex, root: roots[oldRoot], to: newIndex, root: roots[newRoot], path: path)
                        return true
                    } catch { return false }
                }
                #expect(isBelieved(old, new, path))
                #expect(!isBelieved(old, new, path + [roots[1]]))
                #expect(path.isEmpty || !isBelieved(old, new, Array(path.dropLast())))
                for other in 0...20 {
                    #expect(other == old || !isBelieved(other, new, path), "\(old) to \(new)")
                    #expect(other == new || !isBelieved(old, other, path), "\(old) to \(new)")
                }
            }
        }
    }

    @Test("tiles are handed out when they are full, lowest level first; from them and the rest the tree stands again")
    func tiles() {
        let ledger = LedgerFixture(count: 66_000)
        #expect(ledger.shelf.tiles.count == 257 + 1)
        var places = Set((0..<257).map { LedgerTilePlace(level: 0, number: $0) })
        places.insert(LedgerTilePlace(level: 1, number: 0))
        #expect(Set(ledger.shelf.tiles.keys) == places)
        var frontier = LedgerFrontier()
        for record in ledger.records { frontier.append(.leaf(of: record)) }
        #expect(ledger.tiler.frontier == frontier)

        var shelf = ledger.shelf
        let rest = ledger.records[(257 * 256)...].map { LedgerHash.leaf(of: $0) }
        let again = LedgerTiler(at: ledger.tiler.index, rest: rest, tiles: &shelf)
        #expect(again.frontier == frontier)
        var naive = NaiveTree(ledger.records.map { LedgerHash.leaf(of: $0) })
        for (number, head) in [(1, 66_000), (65_536, 66_000), (65_537, 65_537), (256, 65_536), (66_000, 66_000)] {
            var prover = LedgerProver(again, tiles: ledger.shelf)
            let (index, headIndex) = (LedgerFixture.index(number), LedgerFixture.index(head))
            #expect(prover.inclusion(of: index, under: headIndex) == naive.path(number - 1, 0..<head))
            #expect(prover.consistency(from: index, to: headIndex) == naive.proof(number, 0..<head))
        }
    }

    @Test("a tile comes back from its bytes")
    func tileBytes() throws {
        let ledger = LedgerFixture(count: 256)
        for tile in ledger.shelf.tiles.values {
            #expect(try LedgerTile(place: tile.place, bytes: tile.bytes) == tile)
            #expect(throws: LedgerRefusal.self) { try LedgerTile(place: tile.place, bytes: tile.bytes + [0]) }
            #expect(tile.root == ledger.root(256))
        }
    }
}
