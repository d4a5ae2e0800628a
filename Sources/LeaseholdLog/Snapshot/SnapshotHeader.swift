import LeaseholdChecksum
package import LeaseholdModel

/// What a snapshot is of: which log, and where in it the next frame stands.
///
/// The state and the place in the log are one file, so that neither can be newer than the other.
package struct SnapshotHeader: Hashable, Sendable {
    package let logID: LogID
    /// Where the log ended, durable, when the snapshot was taken.
    package let tail: LogTail

    package init(logID: LogID, tail: LogTail) {
        self.logID = logID
        self.tail = tail
    }

    /// The last record that is in it.
    package var index: RecordIndex { tail.head.index }

    /// Bytes of the header.
    static let byteCount = 128
    /// `LHSN`, read as a little-endian word.
    static let magic: UInt32 = 0x4E53_484C
    /// The layout that this code writes.
    static let formatVersion: UInt8 = 1
    /// What this code can read, and what a reader of what it writes must be able to read.
    static let readerVersion: UInt32 = 1

    private enum Field {
        static let magic = 0
        static let checksum = 4
        static let formatVersion = 8
        static let reserved = 9
        static let minimumReaderVersion = 12
        static let logID = 16
        static let logIncarnation = 32
        static let zero = 36
        static let reign = 40
        static let index = 48
        static let chain = 56
        static let segment = 88
        static let base = 96
        static let offset = 104
        static let rest = 112
    }

    /// The header as it stands at the beginning of the file.
    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SnapshotHeader.byteCount)
        bytes.withUnsafeMutableBytes { header in
            header.put(SnapshotHeader.magic, at: Field.magic)
            header.put(SnapshotHeader.formatVersion, at: Field.formatVersion)
            header.put(SnapshotHeader.readerVersion, at: Field.minimumReaderVersion)
            header.put(logID.high.byteSwapped, at: Field.logID)
            header.put(logID.low.byteSwapped, at: Field.logID + 8)
            header.put(tail.logIncarnation, at: Field.logIncarnation)
            header.put(tail.reign.rawValue, at: Field.reign)
            header.put(tail.head.index.rawValue, at: Field.index)
            withUnsafeBytes(of: tail.head.chain.bigEndianWords) {
                UnsafeMutableRawBufferPointer(rebasing: header[Field.chain..<Field.chain + 32]).copyMemory(from: $0)
            }
            header.put(tail.segment.rawValue, at: Field.segment)
            header.put(tail.base, at: Field.base)
            header.put(UInt64(tail.offset), at: Field.offset)
            header.put(SnapshotHeader.checksum(of: UnsafeRawBufferPointer(header)), at: Field.checksum)
        }
        return bytes
    }

    /// Reads the header at the start of a file.
    init(reading bytes: UnsafeRawBufferPointer) throws(SnapshotFault) {
        guard bytes.count >= SnapshotHeader.byteCount else { throw .short(expected: SnapshotHeader.byteCount) }
        let magic: UInt32 = bytes.word(at: Field.magic)
        guard magic == SnapshotHeader.magic else { throw .magic(found: magic) }
        let stated: UInt32 = bytes.word(at: Field.checksum)
        let actual = SnapshotHeader.checksum(of: bytes)
        guard stated == actual else { throw .checksum(expected: stated, actual: actual) }
        let required: UInt32 = bytes.word(at: Field.minimumReaderVersion)
        guard required <= SnapshotHeader.readerVersion else {
            throw .newerFormat(required: required, reader: SnapshotHeader.readerVersion)
        }
        let version: UInt8 = bytes.word(at: Field.formatVersion)
        let zero: UInt32 = bytes.word(at: Field.zero)
        let offset: UInt64 = bytes.word(at: Field.offset)
        guard version == SnapshotHeader.formatVersion, zero == 0,
            !bytes[Field.reserved..<Field.minimumReaderVersion].contains(where: { $0 != 0 }),
            !bytes[Field.rest..<SnapshotHeader.byteCount].contains(where: { $0 != 0 }),
            offset <= UInt64(LogLimits.segmentByteCountMax)
        else { throw .unknown }
        self.init(
            logID: LogID(high: bytes.bigWord(at: Field.logID), low: bytes.bigWord(at: Field.logID + 8)),
            tail: LogTail(
                segment: SegmentNumber(rawValue: bytes.word(at: Field.segment)), base: bytes.word(at: Field.base),
                offset: Int(offset),
                head: LogHead(
                    index: RecordIndex(rawValue: bytes.word(at: Field.index)),
                    chain: ChainHash(bytes: bytes, at: Field.chain)),
                reign: Reign(rawValue: bytes.word(at: Field.reign)),
                logIncarnation: bytes.word(at: Field.logIncarnation)))
    }

    private static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: bytes[Field.formatVersion..<byteCount]))
    }
}
