package import LeaseholdModel

/// Why a backup is not restored now.
package enum RestoreRefusal: Error, Hashable, Sendable {
    /// What a backup knows to be past.
    package enum Known: Hashable, Sendable {
        /// When it was taken.
        case taken
        /// When its last record was decided.
        case lastRecord
        /// When its log was restored before.
        case restored
        /// When there was no log of this format yet: no restore can have been then.
        case format
    }

    /// The clock shows an instant before one that is past.
    case clockBehind(now: CalendarInstant, Known, at: CalendarInstant)
    /// Incarnations are numbers of 32 bits.
    case noIncarnationLeft
}

extension RestoreRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .clockBehind(let now, let known, let at):
            "this machine's clock says \(now.rfc3339), and \(known.words) at \(at.rfc3339)"
        case .noIncarnationLeft: "its log was restored as often as can be counted"
        }
    }
}

extension RestoreRefusal.Known {
    fileprivate var words: String {
        switch self {
        case .taken: "the backup was taken"
        case .lastRecord: "its last record was written"
        case .restored: "its log was restored before,"
        case .format: "no log of this kind was there"
        }
    }
}

extension CalendarInstant {
    /// Whole seconds since 1970; 0 before it, and the last that has 32 bits after that.
    package var second: UInt32 { UInt32(clamping: nanoseconds / 1_000_000_000) }
}

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

    /// The incarnation in which its log goes on once it is restored: the second of the restore, counted from 1970, or
    /// so many after the backup's own as there are seconds since 2026 began.
    ///
    /// Agents that have seen one restore would believe another of the same incarnation, with the same epochs, and turn
    /// away one of a lower (L4). So the clock must be later than all that the backup knows of, its last record included,
    /// or be vouched for; and whoever restores sees to it that a restore ends in a later second than its own. Which of
    /// the two it is does not hang on the clock, which would pass the backup's own: the later restore would get less.
    package func incarnation(
        at now: CalendarInstant, lastRecord: CalendarInstant, isClockVouchedFor: Bool
    ) throws(RestoreRefusal) -> UInt32 {
        guard tail.logIncarnation < .max else { throw .noIncarnationLeft }
        var known: [(what: RestoreRefusal.Known, at: CalendarInstant)] = [(.format, BackupHeader.formatBegan)]
        if !isClockVouchedFor {
            known += [
                (.taken, takenAt), (.lastRecord, lastRecord),
                (.restored, CalendarInstant(nanoseconds: (Int64(tail.logIncarnation) + 1) * 1_000_000_000)),
            ]
        }
        for (what, at) in known where now < at { throw .clockBehind(now: now, what, at: at) }
        guard isCounted(isClockVouchedFor: isClockVouchedFor) else { return now.second }
        let later = UInt64(tail.logIncarnation) + 1 + UInt64(now.second - BackupHeader.formatBegan.second)
        guard let incarnation = UInt32(exactly: later) else { throw .noIncarnationLeft }
        return incarnation
    }

    /// Whether its restores are counted on from its own incarnation: where that is no second of a right clock, because
    /// the backup was taken before it; and where somebody vouches for a clock, which may show one before it.
    private func isCounted(isClockVouchedFor: Bool) -> Bool {
        let isRestored = tail.logIncarnation >= BackupHeader.formatBegan.second
        return isRestored && (isClockVouchedFor || tail.logIncarnation >= takenAt.second)
    }

    /// 2026-01-01T00:00:00Z: before any log of this format.
    static let formatBegan = CalendarInstant(nanoseconds: 1_767_225_600_000_000_000)

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
