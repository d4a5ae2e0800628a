import LeaseholdModel

/// One file of a log; the first has number 1, and each next one the next number.
package struct SegmentNumber: NumberedID {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before any segment.
    package static let zero = SegmentNumber(rawValue: 0)
    /// The first segment of a log.
    package static let first = SegmentNumber(rawValue: 1)
    /// The segment after this one.
    package var next: SegmentNumber { SegmentNumber(rawValue: rawValue + 1) }

    /// The name of the published file: `0000000001.segment`.
    package var fileName: String {
        let digits = String(rawValue)
        return String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits + ".segment"
    }
    /// The name until it is published; a file of this name holds nothing that counts.
    package var temporaryName: String { fileName + ".tmp" }
    /// The name of the copy of what a cut left out.
    package var tornName: String { fileName + ".torn" }

    /// Reads a published file's name; nil for anything else.
    package init?(fileName: String) {
        guard fileName.hasSuffix(".segment"), let number = UInt64(fileName.dropLast(8)), number > 0 else { return nil }
        self.init(rawValue: number)
        guard self.fileName == fileName else { return nil }
    }
}

/// Where a segment lies.
package enum LogPlace: Hashable, Sendable {
    /// Beside the identity: the newest segment, and those before it that recovery may have to read.
    case live
    /// In `archive/`: full, never written again, kept for proofs and exports.
    case archive
    /// In `snapshots/`.
    case snapshots
}

/// A published segment as the directory shows it.
package struct SegmentFile: Hashable, Sendable {
    package let number: SegmentNumber
    package let place: LogPlace
    /// The file's length; a segment has its whole length from before it is published.
    package let byteCount: Int

    package init(number: SegmentNumber, place: LogPlace, byteCount: Int) {
        self.number = number
        self.place = place
        self.byteCount = byteCount
    }
}
