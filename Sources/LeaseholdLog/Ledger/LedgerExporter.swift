package import LeaseholdModel

/// Gathers the records about one tenant, or about the fleet, from a log that it is shown from the first record on.
///
/// It stops short of the range where more would not fit into one file; `last` says how far it came, and the next export
/// begins behind it.
package struct LedgerExporter: Sendable {
    /// What is known of whose records they are; another export can go on from it.
    package private(set) var ownership: LedgerOwnership
    private let first: RecordIndex
    private let byteCountMax: Int
    /// The last record that the export covers.
    package private(set) var last: RecordIndex
    /// The records within the range that are meant, so far.
    package private(set) var records: [(index: RecordIndex, bytes: [UInt8])] = []
    private var byteCount = LedgerLimits.noteByteCountMax + LedgerLimits.keyTextByteCountMax

    /// An export of the records `range`, which is within the head that they will be proved under.
    ///
    /// It is shown every record behind those that `ownership` has been shown, which are before the range.
    package init(
        _ ownership: LedgerOwnership, range: ClosedRange<RecordIndex>,
        byteCountMax: Int = LedgerLimits.proofByteCountMax
    ) {
        precondition(ownership.index < range.lowerBound, "records up to \(ownership.index) are known before \(range)")
        self.ownership = ownership
        self.byteCountMax = byteCountMax
        first = range.lowerBound
        last = range.upperBound
    }

    /// Whether it needs no more records.
    package var isComplete: Bool { ownership.index >= last }

    /// Takes the next record as written.
    package mutating func take(_ index: RecordIndex, _ bytes: [UInt8]) throws(LedgerRefusal) {
        guard !isComplete, index > ownership.index else { return }
        let size = bytes.count * 4 / 3 + LedgerExporter.lineByteCountMax
        if index >= first, records.count == LedgerLimits.exportRecordCountMax || byteCount + size > byteCountMax {
            // Before anybody looks whose it is, so that the next export can go on from here.
            last = RecordIndex(rawValue: index.rawValue - 1)
            return
        }
        let entry: LogEntry
        do {
            entry = try RecordCodec.decode(bytes)
        } catch {
            throw .unreadable(index, error)
        }
        guard entry.index == index else { throw .recordOutOfOrder(entry.index) }
        guard try ownership.isMeant(entry), index >= first else { return }
        byteCount += size
        records.append((index, bytes))
    }

    /// The words of a record and all hashes of its path, at most.
    private static let lineByteCountMax = 64 + 45 * LedgerLimits.inclusionHashCountMax

    /// The export, each record with its path under a head; it must be complete.
    package func export<Tiles: LedgerTileReader>(
        under head: SignedHead, provedBy prover: inout LedgerProver<Tiles>
    ) throws(Tiles.Failure) -> LedgerProof {
        precondition(isComplete && last <= head.head.index, "an export up to \(last) under head \(head.head.index)")
        var proved: [LedgerRecord] = []
        for (index, bytes) in records {
            let path = try prover.inclusion(of: index, under: head.head.index)
            proved.append(LedgerRecord(index: index, bytes: bytes, path: path))
        }
        return .export(head, proved)
    }
}
