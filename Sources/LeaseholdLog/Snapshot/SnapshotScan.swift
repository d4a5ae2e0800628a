import Crypto
package import LeaseholdModel

/// Reads a snapshot from its first byte to its last, and believes nothing before its checksum.
package struct SnapshotScan<Reader: LogReader> {
    private let index: RecordIndex
    private var reader: Reader
    private var hash = SHA256()
    /// Bytes of the file from `base` on.
    private var block: [UInt8] = []
    private var base = 0
    private var offset = 0

    private init(_ index: RecordIndex, _ reader: Reader) {
        self.index = index
        self.reader = reader
    }

    /// The header of a snapshot, which says where in the log it was taken.
    package static func header(
        of index: RecordIndex, _ reader: Reader, identity: LogIdentity
    ) throws(SnapshotFailure) -> SnapshotHeader {
        var scan = SnapshotScan(index, reader)
        return try scan.header(identity)
    }

    /// Hands the pieces to `each`, in order; returns the header and what the end says.
    ///
    /// Whoever takes the pieces gives up what it built if this throws: only the end proves that they are all.
    package static func read(
        _ index: RecordIndex, _ reader: Reader, identity: LogIdentity,
        each: ([UInt8]) throws(RecordRefusal) -> Void
    ) throws(SnapshotFailure) -> (header: SnapshotHeader, sum: SnapshotSum) {
        var scan = SnapshotScan(index, reader)
        let header = try scan.header(identity)
        var found = SnapshotSum()
        while true {
            let start = scan.offset
            let (kind, body) = try scan.chunk()
            guard kind == .piece else {
                found.byteCount = start
                found.hash = Array(scan.hash.finalize())
                return (header, try scan.end(body, found, at: start))
            }
            found.pieceCount += 1
            do throws(RecordRefusal) { try each(body) } catch { throw scan.damaged(.content(error.reason), at: start) }
        }
    }

    private mutating func header(_ identity: LogIdentity) throws(SnapshotFailure) -> SnapshotHeader {
        let bytes = try take(SnapshotHeader.byteCount)
        do throws(SnapshotFault) {
            let header = try bytes.withRawBytes { bytes throws(SnapshotFault) in try SnapshotHeader(reading: bytes) }
            guard header.logID == identity.logID else {
                throw .logID(expected: identity.logID, actual: header.logID)
            }
            guard header.index == index else { throw .index(expected: index, actual: header.index) }
            hash.update(data: bytes)
            return header
        } catch {
            throw damaged(error, at: 0)
        }
    }

    private mutating func chunk() throws(SnapshotFailure) -> (SnapshotChunk.Kind, [UInt8]) {
        let start = offset
        let head = try take(SnapshotChunk.headByteCount)
        let chunk: SnapshotChunk
        do throws(SnapshotFault) {
            chunk = try head.withRawBytes { head throws(SnapshotFault) in try SnapshotChunk(reading: head) }
        } catch {
            throw damaged(error, at: start)
        }
        let whole = try take(chunk.byteCount, behind: head)
        do throws(SnapshotFault) {
            try whole.withRawBytes { bytes throws(SnapshotFault) in try SnapshotChunk.check(bytes) }
        } catch {
            throw damaged(error, at: start)
        }
        if chunk.kind == .piece { hash.update(data: whole) }
        return (chunk.kind, Array(whole[SnapshotChunk.headByteCount...]))
    }

    /// Checks what the end says against what was found, and that nothing stands behind it.
    private mutating func end(
        _ body: [UInt8], _ found: SnapshotSum, at start: Int
    ) throws(SnapshotFailure) -> SnapshotSum {
        try refill(1)
        let isLast = offset - base == block.count
        do throws(SnapshotFault) {
            let sum = try body.withRawBytes { body throws(SnapshotFault) in try SnapshotSum(reading: body) }
            guard sum.pieceCount == found.pieceCount, sum.byteCount == found.byteCount else { throw .counts }
            guard sum.hash == found.hash else { throw .hash }
            guard isLast else { throw .long }
            return sum
        } catch {
            throw damaged(error, at: start)
        }
    }

    private func damaged(_ fault: SnapshotFault, at offset: Int) -> SnapshotFailure {
        .damaged(index, offset: offset, fault)
    }

    // MARK: Bytes

    /// The next bytes of the file, behind some that were taken before.
    private mutating func take(_ count: Int, behind head: [UInt8] = []) throws(SnapshotFailure) -> [UInt8] {
        try refill(count)
        let start = offset - base
        guard start + count <= block.count else { throw damaged(.short(expected: count), at: offset) }
        offset += count
        return head + block[start..<start + count]
    }

    /// Reads on, until so many bytes are at hand or the file ends.
    private mutating func refill(_ count: Int) throws(SnapshotFailure) {
        guard offset - base + count > block.count else { return }
        block.removeFirst(offset - base)
        base = offset
        let start = base + block.count
        let more = max(count - block.count, LogLimits.snapshotReadByteCount)
        do throws(StorageFailure) { block += try reader.readSnapshot(index, start..<start + more) } catch {
            throw .storage(error)
        }
    }
}
