import LeaseholdBroker
import LeaseholdModel
import Testing

extension LeaseBook {
    /// The book that its image makes; a text where it makes none.
    func rebuilt() throws -> LeaseBook {
        var builder = BookBuilder()
        try forEachImage { piece throws(Unbuilt) in
            if let complaint = builder.take(piece) { throw Unbuilt(complaint: complaint) }
        }
        guard let book = builder.finished() else { throw Unbuilt(complaint: "pieces are missing") }
        return book
    }

    /// Every piece of the book's image.
    var image: [BookImage] {
        var pieces: [BookImage] = []
        forEachImage { pieces.append($0) }
        return pieces
    }
}

struct Unbuilt: Error {
    let complaint: String
}

@Suite("A book and its image")
struct ImageTests {
    @Test(
        "a book that is built again from its image in the middle of things goes on as if nothing had happened",
        arguments: 1...20 as ClosedRange<UInt64>)
    func walks(seed: UInt64) throws {
        var walk = Walk(seed: seed, isPowerLimited: seed % 2 == 0)
        for step in 0..<300 {
            walk.step()
            guard step % 15 == 14 else { continue }
            let rebuilt = try walk.registry.book.rebuilt()
            let complaints = rebuilt.checkInvariants()
            guard complaints.isEmpty, rebuilt.digest() == walk.registry.book.digest() else {
                Issue.record("seed \(seed), step \(step): \(complaints)")
                return
            }
            #expect(rebuilt.image == walk.registry.book.image)
            walk.registry.book = rebuilt
        }
        #expect(walk.naive.complaints + walk.complaints == [])
        // From here on both must decide the same.
        #expect(walk.registry.replayed().digest() == walk.registry.book.digest())
        #expect(walk.grantCount > 3, "the walk did too little")
    }

    @Test("a book of parts of nodes is built again", arguments: 1...6 as ClosedRange<UInt64>)
    func parts(seed: UInt64) throws {
        var walk = PartWalk(seed: seed)
        for step in 0..<200 {
            walk.step()
            guard step % 20 == 19 else { continue }
            let rebuilt = try walk.registry.book.rebuilt()
            #expect(rebuilt.checkInvariants() == [])
            #expect(rebuilt.digest() == walk.registry.book.digest())
            walk.registry.book = rebuilt
        }
        #expect(walk.registry.replayed().digest() == walk.registry.book.digest())
    }

    @Test("an empty book, and one with half an import, are built again")
    func beginnings() throws {
        #expect(try LeaseBook().rebuilt().digest() == LeaseBook().digest())
        var registry = Registry()
        registry.importFleet(.site(racks: 2, nodes: 3))
        let parts = FleetDeclaration.racks([[(gpus: 8, kind: "H100")]]).parts(importHash: 77)
        #expect(parts.count > 1)
        registry.append(.fleetPartImported(parts[0]))
        let rebuilt = try registry.book.rebuilt()
        #expect(rebuilt.stage == registry.book.stage)
        #expect(rebuilt.digest() == registry.book.digest())
    }

    @Test("an image that cannot be is answered and not believed")
    func refused() throws {
        var walk = Walk(seed: 3, isPowerLimited: false)
        for _ in 0..<120 { walk.step() }
        let pieces = walk.registry.book.image
        for left in pieces.indices {
            var builder = BookBuilder()
            var complaint: String?
            for (position, piece) in pieces.enumerated() where position != left {
                complaint = complaint ?? builder.take(piece)
            }
            let isEmpty: Bool =
                switch pieces[left] {
                case .answers: true  // Only the digest knows of those.
                default: false
                }
            #expect(isEmpty || complaint != nil || builder.finished() == nil, "without piece \(left)")
        }
        for twice in pieces.indices {
            var builder = BookBuilder()
            var complaint: String?
            for (position, piece) in pieces.enumerated() {
                complaint = complaint ?? builder.take(piece)
                if position == twice { complaint = complaint ?? builder.take(piece) }
            }
            switch pieces[twice] {
            // Said again, and nothing else.
            case .demand: continue
            case .fleet(let part) where part.part == 0: continue
            default: #expect(complaint != nil || builder.finished() == nil, "piece \(twice) twice")
            }
        }
    }

    @Test("more restores than a book remembers are refused, as many are not (L10)", arguments: [64, 65])
    func restores(count: Int) {
        let restores = (1...UInt32(count)).map { LogRestore(logIncarnation: $0, kept: .zero, at: .never) }
        let heading = BookHeading(
            head: .zero, lastInstant: .never, reign: .zero, reignBegan: nil, longestHolds: .standard, restores: restores
        )
        var builder = BookBuilder()
        #expect((builder.take(.heading(heading)) == nil) == (count <= Limits.restoreCountMax))
    }
}
