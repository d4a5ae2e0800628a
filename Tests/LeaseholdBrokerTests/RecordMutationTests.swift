import LeaseholdBroker
import LeaseholdLog
import LeaseholdModel
import Testing

/// A log in which one record is not as it was, whatever it is: somebody else has written it, and nobody believes it.
@Suite("A changed record")
struct RecordMutationTests {
    /// Logs with records of every kind that a book takes.
    static func log(_ number: UInt64, stepCount: Int = 250) -> [LogEntry] {
        var registry: Registry
        if number == 0 {
            var walk = PartWalk(seed: 5)
            for _ in 0..<stepCount { walk.step() }
            registry = walk.registry
        } else {
            var walk = Walk(seed: number, isPowerLimited: number % 2 == 0)
            for _ in 0..<stepCount { walk.step() }
            registry = walk.registry
        }
        // Things that no walk does, and half an import at its side.
        if let head = HeadText("head") {
            registry.append(.headCountersigned(TenantID(rawValue: 0), head: registry.book.head, head, key: "key"))
        }
        registry.importFleet(.racks([[(gpus: 8, kind: "H100")], [(gpus: 4, kind: "T4")]]), hash: 77)
        registry.append(
            .fleetPartImported(FleetDeclaration.racks([[(gpus: 2, kind: "H100")]]).parts(importHash: 78)[0]))
        return registry.log
    }

    @Test(
        "each number, text and list of a record: with another one it is objected to, or the book that it makes is whole, and nothing traps",
        arguments: 0...2 as ClosedRange<UInt64>)
    func changed(number: UInt64) {
        let log = Self.log(number)
        var mutations = MessageMutations()
        var counts = (undecodable: 0, refused: 0, taken: 0)
        var book = LeaseBook()
        for (position, entry) in log.enumerated() {
            mutations.forEach(of: RecordCodec.encode(entry)) { bytes in
                guard let changed = decoded(bytes) else {
                    counts.undecodable += 1
                    return
                }
                guard changed != entry else { return }
                var other = book
                guard other.follow(changed) == nil else {
                    counts.refused += 1
                    #expect(other.head == book.head)
                    return
                }
                counts.taken += 1
                // What came next comes to another book than it was written for.
                for next in log[(position + 1)...].prefix(12) { _ = other.follow(next) }
                if let complaint = complaint(about: other) {
                    Issue.record("log \(number), record \(position + 1): \(complaint) with \(changed)")
                }
            }
            book.evolve(entry)
        }
        #expect(counts.undecodable > 100 && counts.refused > 1_000 && counts.taken > 100, "\(counts)")
    }

    private func decoded(_ bytes: [UInt8]) -> LogEntry? {
        do throws(RecordFailure) { return try RecordCodec.decode(bytes) } catch { return nil }
    }

    private func complaint(about book: LeaseBook) -> String? {
        if let complaint = book.complaintBesidesPower { return complaint }
        do {
            return try book.rebuilt().digest() == book.digest() ? nil : "its image is another book"
        } catch {
            return "no book is built of its image: \(error)"
        }
    }
}

extension LeaseBook {
    /// The first thing that is wrong with it, but for watts: power is judged once, where a change is decided, so that a
    /// record from before a limit still replays (L14).
    var complaintBesidesPower: String? {
        let aboutLimits = ["W of ", " has promised more than "]
        return checkInvariants().first { complaint in
            !complaint.hasPrefix("L11: ") || !aboutLimits.contains { complaint.contains($0) }
        }
    }
}
