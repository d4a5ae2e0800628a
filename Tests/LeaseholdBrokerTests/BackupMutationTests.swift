import LeaseholdBroker
import LeaseholdChecksum
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

/// Backups by somebody who knows the format: something is not as it was, and every checksum, chain and sum says that it is.
@Suite("A forged backup")
struct BackupMutationTests {
    /// Of each log; there are as many logs as arguments.
    private static let mutantCount = 500

    @Test(
        "whatever is changed in a record, a frame or the header, it is refused with a sentence or is a whole book",
        arguments: 1...24 as ClosedRange<UInt64>)
    func forged(seed: UInt64) throws {
        let log = RecordMutationTests.log(seed % 5, stepCount: 20 + Int(seed))
        var chance = Seeded(seed: seed)
        var counts = (refused: 0, whole: 0, asWas: 0)
        let records = log.map { RecordCodec.encode($0) }
        let original = try Forgery(records)
        #expect(try original.verdict() == .whole(digest: original.book))
        for number in 0..<Self.mutantCount {
            let forgery = number % 3 == 0 ? try original.changed(&chance) : try Forgery(Self.changed(records, &chance))
            switch try forgery.verdict() {
            case .refused(let sentence):
                counts.refused += 1
                #expect(sentence.count > 8, "seed \(seed), mutant \(number): \(sentence)")
            case .whole(let digest): if digest == original.book { counts.asWas += 1 } else { counts.whole += 1 }
            case .broken(let complaint): Issue.record("seed \(seed), mutant \(number): \(complaint)")
            }
        }
        #expect(counts.refused > 100 && counts.whole > 10, "\(counts)")
    }

    /// Records one of which is another, or that come in another order.
    private static func changed(_ records: [[UInt8]], _ chance: inout Seeded) -> [[UInt8]] {
        var changed = records
        let (one, two) = (chance.below(records.count), chance.below(records.count))
        switch chance.below(8) {
        case 0: changed.swapAt(one, two)
        case 1: changed.remove(at: one)
        case 2: changed[one] = changed[two]
        case 3:
            let place = chance.below(changed[one].count)
            changed[one][place] ^= 1 << UInt8(chance.below(8))
        default:
            var mutations = MessageMutations()
            var others: [[UInt8]] = []
            mutations.forEach(of: records[one]) { others.append($0) }
            changed[one] = others[chance.below(others.count)]
        }
        return changed
    }
}

/// A backup that is about to be made of records, or of frames that are not as a log writes them.
private struct Forgery {
    /// What comes of reading it.
    enum Verdict: Equatable {
        case refused(String)
        /// A book that is whole and can be gone on with.
        case whole(digest: UInt64)
        case broken(String)
    }

    private static let identity = LogIdentity(
        cluster: "colossus-1", logID: LogID(high: 7, low: 7), kind: .coordinator, segmentByteCount: 65_536)

    /// The valid bytes of each segment.
    private var segments: [[UInt8]] = []
    private var end: BackupEnd
    private var takenAt = CalendarInstant(nanoseconds: 1_800_000_000_000_000_000)
    /// The digest of the book of the records as they were written.
    let book: UInt64

    /// A log of these records, whatever they say.
    init(_ records: [[UInt8]]) throws {
        let disk = SimulatedDisk()
        disk.remembersOperations = false
        var log = try SynchronousLog.create(Forgery.identity, on: disk)
        var book = LeaseBook()
        for start in stride(from: 0, to: records.count, by: 4) {
            let group = records[start..<min(records.count, start + 4)].filter { !$0.isEmpty }
            for record in group {
                guard let entry = Forgery.decoded(record), book.follow(entry) == nil else { continue }
                if book.reign > log.machine.tail.reign { log.enter(reign: book.reign) }
            }
            if !group.isEmpty { _ = try log.commit(Array(group)) }
        }
        self.book = book.digest()
        var pager = BackupPager(of: Forgery.identity, disk)
        end = try pager.page(at: .beginning, before: log.machine.tail).end
        var place: BackupPlace? = .beginning
        while let here = place {
            let page = try pager.page(at: here, before: log.machine.tail)
            while segments.count < Int(page.place.segment) { segments.append([]) }
            segments[Int(page.place.segment) - 1] += page.bytes
            place = page.next
        }
    }

    private static func decoded(_ record: [UInt8]) -> LogEntry? {
        do throws(RecordFailure) { return try RecordCodec.decode(record) } catch { return nil }
    }

    // MARK: Forging

    private static let numbers: [UInt64] = [0, 1, 2, 7, 512, 1 << 31, 1 << 32, 1 << 63 - 1, 1 << 63, .max - 1, .max]

    /// Another one, in which a field of a frame's header, a byte behind it, or a field of the backup's header is not as it was.
    func changed(_ chance: inout Seeded) throws -> Forgery {
        var forgery = self
        let number = Forgery.numbers[chance.below(Forgery.numbers.count)]
        if chance.below(4) == 0 {
            forgery.takenAt = CalendarInstant(nanoseconds: Int64(truncatingIfNeeded: number))
            forgery.end = end.changed(number, field: chance.below(5))
            return forgery
        }
        let segment = chance.below(segments.count)
        let sector = chance.below(segments[segment].count / 512) * 512
        if chance.below(2) == 0 {
            // Numbers of 4 bytes up to offset 32, and of 8 behind it.
            let field = [8, 9, 12, 16, 24, 28, 48, 56, 64, 72, 80, 88, 120][chance.below(13)]
            let width = field < 12 ? 1 : field < 32 ? 4 : 8
            for place in 0..<width {
                forgery.segments[segment][sector + field + place] = UInt8(
                    truncatingIfNeeded: number >> UInt64(8 * place))
            }
        } else {
            forgery.segments[segment][sector + chance.below(512)] ^= 1 << UInt8(chance.below(8))
        }
        forgery.mend()
        return forgery
    }

    /// Makes checksums and chain right again, as far as the frames can be walked.
    private mutating func mend() {
        var chain = LogHead.empty.chain
        for number in segments.indices {
            var offset = 0
            while offset + 128 <= segments[number].count {
                let payloadByteCount = Int(segments[number].word32(at: offset + 16))
                let end = offset + (128 + payloadByteCount + 511) / 512 * 512
                guard end <= segments[number].count else { return }
                segments[number].put(chain, at: offset + 88)
                segments[number].put(CRC32C.checksum(of: Array(segments[number][offset + 128..<end])), at: offset + 20)
                segments[number].put(
                    CRC32C.checksum(of: Array(segments[number][offset + 8..<offset + 128])), at: offset + 4)
                if segments[number][offset + 9] == 2 {
                    guard let records = segments[number].records(from: offset + 128, byteCount: payloadByteCount) else {
                        return
                    }
                    chain = ChainFold.chain(after: chain, records: records)
                }
                offset = end
            }
        }
        end = end.changed(chain)
    }

    // MARK: Reading

    /// Writes it as a backup and reads it.
    func verdict() throws -> Verdict {
        let page = BackupPage(
            cluster: Forgery.identity.cluster, log: Forgery.identity.logID,
            segmentByteCount: Forgery.identity.segmentByteCount, end: end, place: .beginning, bytes: [], next: nil)
        let header = try BackupHeader.of(page, takenAt: takenAt).get()
        let (recovered, book): (RecoveredLog, LeaseBook)
        do throws(BackupFailure) { (recovered, book) = try read(header) } catch { return .refused("\(error)") }
        if let complaint = book.complaintBesidesPower { return .broken(complaint) }
        guard let next = book.reign.following(in: recovered.tail.logIncarnation), next >= recovered.tail.reign else {
            return .broken("no reign can follow \(book.reign)")
        }
        do {
            return try book.rebuilt().digest() == book.digest()
                ? .whole(digest: book.digest()) : .broken("its image is another book")
        } catch {
            return .broken("no book is built of its image: \(error)")
        }
    }

    private func read(_ header: BackupHeader) throws(BackupFailure) -> (RecoveredLog, LeaseBook) {
        var (writer, bytes) = BackupWriter.begin(header)
        for (number, segment) in segments.enumerated() {
            bytes += try writer.piece(BackupPlace(segment: UInt64(number) + 1, offset: 0), segment)
        }
        bytes += try writer.end(bookDigest: 0).bytes
        var backup = try Backup.read(Bytes(bytes: bytes)).backup
        return try CheckedBackup.replay(&backup)
    }

    private struct Bytes: ByteReader {
        let bytes: [UInt8]
        func read(_ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
            Array(bytes[range.clamped(to: 0..<bytes.count)])
        }
    }
}

extension BackupEnd {
    /// The same end with another chain.
    fileprivate func changed(_ chain: ChainHash) -> BackupEnd {
        BackupEnd(
            place: place, base: base, head: LogHead(index: head.index, chain: chain), reign: reign,
            logIncarnation: logIncarnation)
    }

    /// The same end with another number in one of its fields.
    fileprivate func changed(_ number: UInt64, field: Int) -> BackupEnd {
        BackupEnd(
            place: field == 0 ? BackupPlace(segment: number, offset: place.offset) : place,
            base: field == 1 ? number : base,
            head: field == 2 ? LogHead(index: RecordIndex(rawValue: number), chain: head.chain) : head,
            reign: field == 3 ? Reign(rawValue: number) : reign,
            logIncarnation: field == 4 ? UInt32(truncatingIfNeeded: number) : logIncarnation)
    }
}

extension [UInt8] {
    fileprivate func word32(at offset: Int) -> UInt32 {
        self[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    fileprivate mutating func put(_ word: UInt32, at offset: Int) {
        for place in 0..<4 { self[offset + place] = UInt8(truncatingIfNeeded: word >> UInt32(8 * place)) }
    }

    fileprivate mutating func put(_ chain: ChainHash, at offset: Int) {
        let (one, two, three, four) = chain.words
        for (position, word) in [one, two, three, four].enumerated() {
            for place in 0..<8 {
                self[offset + 8 * position + place] = UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * place))
            }
        }
    }

    /// The records of a payload; nil where it is none.
    fileprivate func records(from start: Int, byteCount: Int) -> [[UInt8]]? {
        var found: [[UInt8]] = []
        var offset = start
        while offset < start + byteCount {
            guard offset + 4 <= start + byteCount else { return nil }
            let count = Int(word32(at: offset))
            guard offset + 4 + count <= start + byteCount else { return nil }
            found.append(Array(self[offset + 4..<offset + 4 + count]))
            offset += 4 + count
        }
        return found
    }
}
