import LeaseholdBroker
import LeaseholdLog
import LeaseholdModel
import Testing

/// An image in which something is not as it was, whatever it is.
@Suite("A changed image")
struct ImageMutationTests {
    /// Books with something of everything that an image can say.
    private static func book(_ number: UInt64) -> LeaseBook {
        guard number > 0 else { return PartsAndStage.book }
        var walk = Walk(seed: number, isPowerLimited: number % 2 == 0)
        for _ in 0..<250 { walk.step() }
        return walk.registry.book
    }

    @Test(
        "each number, text and list of an image is told by the digest: an image with another one is refused or gives another digest, and nothing traps",
        arguments: 0...2 as ClosedRange<UInt64>)
    func changed(number: UInt64) {
        let book = Self.book(number)
        let digest = book.digest()
        let image = book.image
        var mutations = MessageMutations()
        var counts = (undecodable: 0, refused: 0, told: 0)
        for position in image.indices {
            mutations.forEach(of: ImageCodec.encode(image[position])) { bytes in
                guard let piece = decoded(bytes) else {
                    counts.undecodable += 1
                    return
                }
                guard piece != image[position] else { return }
                guard let other = Self.built(image[..<position] + [piece] + image[(position + 1)...]) else {
                    counts.refused += 1
                    return
                }
                if other.digest() != digest {
                    counts.told += 1
                } else if other.image != image {
                    let change = difference("\(image[position])", "\(piece)")
                    Issue.record("book \(number), piece \(position): the digest does not tell \(change)")
                }
            }
        }
        #expect(counts.undecodable > 100 && counts.refused > 100 && counts.told > 100, "\(counts)")
    }

    private func decoded(_ bytes: [UInt8]) -> BookImage? {
        do throws(RecordFailure) { return try ImageCodec.decode(bytes) } catch { return nil }
    }

    private static func built(_ pieces: some Sequence<BookImage>) -> LeaseBook? {
        var builder = BookBuilder()
        for piece in pieces where builder.take(piece) != nil { return nil }
        return builder.finished()
    }

    /// Where two texts part, with a little of what stands around.
    private func difference(_ left: String, _ right: String) -> String {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        let same = zip(left, right).prefix { $0 == $1 }.count
        func around(_ text: [UInt8]) -> String {
            String(decoding: text[max(0, same - 120)..<min(text.count, same + 60)], as: UTF8.self)
        }
        return "\(around(left)) from \(around(right))"
    }
}

/// A book of parts of nodes, with half an import at its side.
private enum PartsAndStage {
    static var book: LeaseBook {
        var walk = PartWalk(seed: 5)
        for _ in 0..<150 { walk.step() }
        let more = FleetDeclaration.racks([[(gpus: 8, kind: "H100")]]).parts(importHash: 77)
        walk.registry.append(.fleetPartImported(more[0]))
        return walk.registry.book
    }
}
