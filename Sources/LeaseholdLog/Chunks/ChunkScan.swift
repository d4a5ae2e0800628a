import Crypto

/// The bytes of one file, for whoever reads it to its end.
package protocol ByteReader {
    /// The bytes in a range; fewer where the file ends earlier.
    mutating func read(_ range: Range<Int>) throws(StorageFailure) -> [UInt8]
}

/// Reads a file of chunks from its first byte to its last, and believes nothing before its checksum.
struct ChunkScan<Source: ByteReader> {
    private var source: Source
    private var hash = SHA256()
    /// Bytes of the file from `base` on.
    private var block: [UInt8] = []
    private var base = 0
    private var offset = 0
    private var found = ChunkSum()
    /// Where the chunk begins that was read last.
    private(set) var start = 0
    /// What the end says, once it was read and found to be true.
    private(set) var sum: ChunkSum?

    init(_ source: Source) { self.source = source }

    /// The header, which says by itself what it is; a file that does not begin as one does is none, however short.
    mutating func header<Header>(
        byteCount: Int, magic: UInt32, _ read: (UnsafeRawBufferPointer) throws(ChunkFault) -> Header
    ) throws(ChunkFailure) -> Header {
        try refill(byteCount)
        let found = block.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard found == magic else { throw .damaged(offset: 0, .magic(found: found)) }
        let bytes = try take(byteCount)
        do throws(ChunkFault) {
            let header = try bytes.withRawBytes { bytes throws(ChunkFault) in try read(bytes) }
            hash.update(data: bytes)
            return header
        } catch {
            throw .damaged(offset: 0, error)
        }
    }

    /// The body of the next piece; nil behind the last, and then the end was found to be true.
    ///
    /// Whoever takes the pieces gives up what it built if this throws: only the end proves that they are all.
    mutating func next() throws(ChunkFailure) -> [UInt8]? {
        start = offset
        let (kind, whole) = try chunk()
        let body = Array(whole[Chunk.headByteCount...])
        switch kind {
        case .piece:
            hash.update(data: whole)
            found.pieceCount += 1
            return body
        case .end:
            found.byteCount = start
            found.hash = Array(hash.finalize())
            sum = try end(body)
            return nil
        }
    }

    /// Something is wrong with the chunk that was read last.
    func damaged(_ fault: ChunkFault) -> ChunkFailure { .damaged(offset: start, fault) }

    private mutating func chunk() throws(ChunkFailure) -> (Chunk.Kind, [UInt8]) {
        let head = try take(Chunk.headByteCount)
        let chunk: Chunk
        do throws(ChunkFault) {
            chunk = try head.withRawBytes { head throws(ChunkFault) in try Chunk(reading: head) }
        } catch {
            throw damaged(error)
        }
        let whole = try take(chunk.byteCount, behind: head)
        do throws(ChunkFault) {
            try whole.withRawBytes { bytes throws(ChunkFault) in try Chunk.check(bytes) }
        } catch {
            throw damaged(error)
        }
        return (chunk.kind, whole)
    }

    /// Checks what the end says against what was found, and that nothing stands behind it.
    private mutating func end(_ body: [UInt8]) throws(ChunkFailure) -> ChunkSum {
        try refill(1)
        let isLast = offset - base == block.count
        do throws(ChunkFault) {
            let sum = try body.withRawBytes { body throws(ChunkFault) in try ChunkSum(reading: body) }
            guard sum.pieceCount == found.pieceCount, sum.byteCount == found.byteCount else { throw .counts }
            guard sum.hash == found.hash else { throw .hash }
            guard isLast else { throw .long }
            return sum
        } catch {
            throw damaged(error)
        }
    }

    // MARK: Bytes

    /// The next bytes of the file, behind some that were taken before.
    private mutating func take(_ count: Int, behind head: [UInt8] = []) throws(ChunkFailure) -> [UInt8] {
        try refill(count)
        let start = offset - base
        guard start + count <= block.count else { throw .damaged(offset: offset, .short(expected: count)) }
        offset += count
        return head + block[start..<start + count]
    }

    /// Reads on, until so many bytes are at hand or the file ends.
    private mutating func refill(_ count: Int) throws(ChunkFailure) {
        guard offset - base + count > block.count else { return }
        block.removeFirst(offset - base)
        base = offset
        let start = base + block.count
        let more = max(count - block.count, LogLimits.chunkReadByteCount)
        do throws(StorageFailure) { block += try source.read(start..<start + more) } catch { throw .storage(error) }
    }
}
