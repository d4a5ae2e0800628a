package import LeaseholdModel

/// The names of a snapshot's file, which say after which record it was taken.
package struct SnapshotName: Hashable, Sendable {
    package let index: RecordIndex

    package init(_ index: RecordIndex) { self.index = index }

    /// The name of the published file: `0000000000123456.snapshot`.
    package var fileName: String {
        let digits = String(index.rawValue)
        return String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits + SnapshotName.suffix
    }

    /// The name until it is published; a file of this name holds nothing that counts.
    package var temporaryName: String { fileName + ".tmp" }

    /// Reads a published file's name; nil for anything else.
    package init?(fileName: String) {
        guard fileName.hasSuffix(SnapshotName.suffix),
            let number = UInt64(fileName.dropLast(SnapshotName.suffix.utf8.count))
        else { return nil }
        self.init(RecordIndex(rawValue: number))
        guard self.fileName == fileName else { return nil }
    }

    private static let suffix = ".snapshot"
}
