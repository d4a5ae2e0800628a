package import LeaseholdModel

/// What a backup is of: which log, up to where, and when it was taken.
package struct BackupHeader: Hashable, Sendable {
    /// That of a coordinator's log.
    package let identity: LogIdentity
    /// Where the log ended, durable, when the backup was begun; the backup has everything before it.
    package let tail: LogTail
    /// By the clock of whoever took it.
    package let takenAt: CalendarInstant

    /// A backup of a coordinator's log.
    package init(identity: LogIdentity, tail: LogTail, takenAt: CalendarInstant) {
        precondition(identity.kind == .coordinator, "a backup of a \(identity.kind)")
        self.identity = identity
        self.tail = tail
        self.takenAt = takenAt
    }

    /// The incarnation in which its log goes on once it is restored; nil where there is none left.
    ///
    /// It counts the seconds since 1970, so that two restores of one backup are not taken for one another: agents that
    /// have seen the first would believe the second, and its epochs would be the same (L4).
    package func nextIncarnation(at now: CalendarInstant) -> UInt32? {
        guard tail.logIncarnation < .max else { return nil }
        return max(tail.logIncarnation + 1, UInt32(clamping: now.nanoseconds / 1_000_000_000))
    }

    /// Bytes of the header.
    static let byteCount = 200
    /// `LHBK`, read as a little-endian word.
    static let magic: UInt32 = 0x4B42_484C

    private enum Field {
        static let segmentByteCount = 112
        static let takenAt = 120
        static let nameByteCount = 128
        static let reserved = 129
        static let name = 136
    }

    /// The header as it stands at the beginning of the file.
    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: BackupHeader.byteCount)
        bytes.withUnsafeMutableBytes { header in
            header.put(UInt64(identity.segmentByteCount), at: Field.segmentByteCount)
            header.put(takenAt.nanoseconds, at: Field.takenAt)
            header.put(UInt8(identity.cluster.utf8.count), at: Field.nameByteCount)
            for (offset, byte) in identity.cluster.utf8.enumerated() { header[Field.name + offset] = byte }
            ChunkHeader(logID: identity.logID, tail: tail).write(into: header, magic: BackupHeader.magic)
        }
        return bytes
    }

    /// Reads the whole header.
    init(reading bytes: UnsafeRawBufferPointer) throws(ChunkFault) {
        let header = try ChunkHeader(reading: bytes, magic: BackupHeader.magic)
        let nameByteCount = Int(bytes[Field.nameByteCount])
        let segmentByteCount: UInt64 = bytes.word(at: Field.segmentByteCount)
        guard nameByteCount <= LogLimits.clusterNameByteCountMax,
            segmentByteCount <= UInt64(LogLimits.segmentByteCountMax),
            bytes.isZero(in: Field.reserved..<Field.name),
            bytes.isZero(in: Field.name + nameByteCount..<bytes.count)
        else { throw .unknown }
        identity = LogIdentity(
            cluster: String(decoding: bytes[Field.name..<Field.name + nameByteCount], as: UTF8.self),
            logID: header.logID, kind: .coordinator, segmentByteCount: Int(segmentByteCount))
        if let complaint = identity.complaint { throw .content(complaint) }
        tail = header.tail
        takenAt = CalendarInstant(nanoseconds: bytes.word(at: Field.takenAt))
    }
}
