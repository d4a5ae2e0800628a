import LeaseholdModel

/// Where in a backup each byte of its log stands.
///
/// Its pieces are the valid bytes of the log's segments, one after the other, from the first byte of the first on; a
/// piece is of one segment and says of which and from where on.
package struct BackupIndex: Sendable {
    package let header: BackupHeader
    /// By segment, and within it ascending.
    private var extents: [[Extent]] = []
    private(set) var pieceCount = 0

    /// Bytes of a segment that lie together.
    struct Extent {
        /// Where they stand in the segment.
        let range: Range<Int>
        /// Where the first of them stands in the backup.
        let start: Int
    }

    init(_ header: BackupHeader) { self.header = header }

    /// Bytes of a piece before those of its segment: the segment's number and the offset in it, 8 bytes each.
    static let pieceHeadByteCount = 16

    /// The body of a piece.
    static func piece(_ place: BackupPlace, _ bytes: [UInt8]) -> [UInt8] {
        var piece = [UInt8](repeating: 0, count: pieceHeadByteCount)
        piece.reserveCapacity(pieceHeadByteCount + bytes.count)
        piece.withUnsafeMutableBytes { piece in
            piece.put(place.segment, at: 0)
            piece.put(UInt64(place.offset), at: 8)
        }
        return piece + bytes
    }

    /// Where the next piece begins: where the last one ended, or in the next segment.
    private var end: BackupPlace {
        guard let last = extents.last?.last else { return .beginning }
        return BackupPlace(segment: UInt64(extents.count), offset: last.range.upperBound)
    }

    /// Takes in a piece whose bytes of the log stand from `start` on, if it is the next one.
    mutating func add(_ place: BackupPlace, byteCount: Int, at start: Int) throws(ChunkFault) {
        let end = end
        let isNextSegment = !extents.isEmpty && place == BackupPlace(segment: end.segment + 1, offset: 0)
        guard place == end || isNextSegment else {
            throw .content("a piece from \(place) on stands where the log goes on at \(end)")
        }
        guard byteCount > 0, byteCount <= header.identity.segmentByteCount - place.offset else {
            throw .content("a piece of \(byteCount) bytes from \(place) on")
        }
        if place.offset == 0 { extents.append([]) }
        extents[extents.count - 1].append(Extent(range: place.offset..<place.offset + byteCount, start: start))
        pieceCount += 1
    }

    /// Takes in the body of a piece that stands whole at an offset of the backup.
    mutating func add(_ piece: [UInt8], at start: Int) throws(ChunkFault) {
        guard piece.count > BackupIndex.pieceHeadByteCount else { throw .content("a piece of \(piece.count) bytes") }
        let (segment, offset): (UInt64, UInt64) = piece.withRawBytes { ($0.word(at: 0), $0.word(at: 8)) }
        guard let offset = Int(exactly: offset) else { throw .content("a piece from byte \(offset) of a segment on") }
        try add(
            BackupPlace(segment: segment, offset: offset), byteCount: piece.count - BackupIndex.pieceHeadByteCount,
            at: start + BackupIndex.pieceHeadByteCount)
    }

    /// Complains unless the pieces end where the header says that the log does.
    func checkEnd() throws(ChunkFault) {
        let stated = BackupPlace(segment: header.tail.segment.rawValue, offset: header.tail.offset)
        guard end == stated else { throw .content("the log ends at \(end), and its header says \(stated)") }
    }

    /// How many segments there are.
    var segmentCount: Int { extents.count }

    /// What lies where of a segment, ascending.
    func extents(of segment: SegmentNumber) -> [Extent] {
        guard segment > .zero, segment.rawValue <= UInt64(extents.count) else { return [] }
        return extents[Int(segment.rawValue) - 1]
    }
}
