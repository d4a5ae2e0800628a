package import LeaseholdModel

/// Why a backup was not read or written to its end.
package enum BackupFailure: Error, Hashable, Sendable {
    /// The disk.
    case storage(StorageFailure)
    /// The file was read and is no whole backup: where, and what is wrong there.
    case damaged(offset: Int, ChunkFault)
    /// The file is as it was written, and the log in it is none to go on with.
    case refused(LogRefusal)
    /// The log in it ends otherwise than the file says.
    case anotherEnd(expected: LogTail, actual: LogTail)
    /// The records are another book than when the backup was taken (L14).
    case bookDigest(expected: UInt64, actual: UInt64)
    /// No reign can follow those of its records that its frames would let follow (L4).
    case reign(ofRecords: Reign, ofFrames: Reign, logIncarnation: UInt32)
    /// Another process restores it, and both would be one incarnation (L4).
    case isBeingRestored
}

extension BackupFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .storage(let failure): failure.description
        case .damaged(let offset, let fault): "offset \(offset): \(fault)"
        case .refused(let refusal): "the log in it: \(refusal)"
        case .anotherEnd(let expected, let actual):
            "the log in it ends \(actual.words), and should end \(expected.words)"
        case .bookDigest(let expected, let actual):
            "L14: its records make a book of digest \(hexadecimal(actual)), and the backup says \(hexadecimal(expected))"
        case .reign(let ofRecords, let ofFrames, let logIncarnation):
            "L4: no reign follows: its records end in reign \(ofRecords), its frames in reign \(ofFrames) of incarnation "
                + "\(logIncarnation)"
        case .isBeingRestored: "it is being restored by another process"
        }
    }

    init(_ failure: ChunkFailure) {
        switch failure {
        case .storage(let failure): self = .storage(failure)
        case .damaged(let offset, let fault): self = .damaged(offset: offset, fault)
        }
    }

    init(_ failure: RecoveryFailure) {
        switch failure {
        case .storage(let failure): self = .storage(failure)
        case .refused(let refusal): self = .refused(refusal)
        }
    }
}

extension LogTail {
    /// The end of a log, with everything that tells it from another.
    fileprivate var words: String {
        "in segment \(segment), offset \(offset), behind record \(head.index) of reign \(reign) and incarnation "
            + "\(logIncarnation) with chain \(head.chain)"
    }
}

/// A backup, read as the log that is in it: every record up to one of them, in the groups and bytes in which they were
/// written, so that chain and tree are the same and every proof can still be made.
///
/// The file proves that its bytes are those that were written; the log in it proves the rest, read by the same steps as
/// one in a directory. Behind the valid bytes of a segment there are zeros, as there are in one that was just made.
package struct Backup<Source: ByteReader> {
    package let index: BackupIndex
    private var source: Source

    /// A backup whose pieces are known; that its end is there is the caller's affair.
    package init(_ index: BackupIndex, in source: Source) {
        self.index = index
        self.source = source
    }

    /// Reads a file from its first byte to its last; returns what is in it and what its end says.
    package static func read(
        _ source: Source, telling: (BackupStep) -> Void = { _ in }
    ) throws(BackupFailure) -> (backup: Backup, sum: ChunkSum) {
        var chunks = ChunkScan(source)
        do throws(ChunkFailure) {
            let header = try chunks.header(
                byteCount: BackupHeader.byteCount, magic: BackupHeader.magic
            ) { bytes throws(ChunkFault) in
                try BackupHeader(reading: bytes)
            }
            var index = BackupIndex(header)
            while let piece = try chunks.next() {
                telling(.file(byteCount: chunks.start))
                do throws(ChunkFault) { try index.add(piece, at: chunks.start + Chunk.headByteCount) } catch {
                    throw chunks.damaged(error)
                }
            }
            do throws(ChunkFault) { try index.checkEnd() } catch { throw chunks.damaged(error) }
            guard let sum = chunks.sum else { preconditionFailure("a backup without an end") }
            return (Backup(index, in: source), sum)
        } catch {
            throw BackupFailure(error)
        }
    }

    /// What the backup is of.
    package var header: BackupHeader { index.header }

    /// Reads the log that is in it from its first byte to its last; each record goes to `each`, in order, and `settle` has
    /// it come to the last.
    package mutating func recover(
        telling: (BackupStep) -> Void = { _ in }, each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void,
        settle: () throws(RecordRefusal) -> Void = { () throws(RecordRefusal) in }
    ) throws(BackupFailure) -> RecoveredLog {
        let last = header.tail.head.index
        var scan = LogScan(identity: header.identity)
        let recovered: RecoveredLog
        do throws(RecoveryFailure) {
            recovered = try scan.recover(&self) { index, record throws(RecordRefusal) in
                try each(index, record)
                if let step = BackupStep.at(index, of: last) { telling(step) }
            } settle: { () throws(RecordRefusal) in
                try settle()
            }
        } catch {
            throw BackupFailure(error)
        }
        guard recovered.tail == header.tail else {
            throw .anotherEnd(expected: header.tail, actual: recovered.tail)
        }
        return recovered
    }

    /// Hands on the valid bytes of a segment, in order, a piece at a time.
    mutating func forEachPiece(
        of segment: SegmentNumber, _ take: (_ offset: Int, [UInt8]) throws(StorageFailure) -> Void
    ) throws(StorageFailure) {
        for extent in index.extents(of: segment) { try take(extent.range.lowerBound, try read(extent)) }
    }

    private mutating func read(_ extent: BackupIndex.Extent) throws(StorageFailure) -> [UInt8] {
        let bytes = try source.read(extent.start..<extent.start + extent.range.count)
        guard bytes.count == extent.range.count else {
            throw StorageFailure(kind: .short, attempt: "read \(extent.range.count) bytes at \(extent.start)")
        }
        return bytes
    }
}

extension Backup: LogReader {
    /// Every segment, of the size in which it was made.
    package func listSegments() throws(StorageFailure) -> [SegmentFile] {
        (0..<index.segmentCount).map {
            SegmentFile(
                number: SegmentNumber(rawValue: UInt64($0) + 1), place: .live,
                byteCount: header.identity.segmentByteCount)
        }
    }

    /// The bytes of a segment in a range; zeros behind those that are valid.
    package mutating func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.clamped(to: 0..<file.byteCount).count)
        for extent in index.extents(of: file.number) where extent.range.overlaps(range) {
            let wanted = extent.range.clamped(to: range)
            let start = extent.start + wanted.lowerBound - extent.range.lowerBound
            let found = try source.read(start..<start + wanted.count)
            guard found.count == wanted.count else {
                throw StorageFailure(kind: .short, attempt: "read \(wanted.count) bytes at \(start)")
            }
            bytes.replaceSubrange(
                wanted.lowerBound - range.lowerBound..<wanted.upperBound - range.lowerBound, with: found)
        }
        return bytes
    }
}
