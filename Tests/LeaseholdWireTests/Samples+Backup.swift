import LeaseholdModel

extension Samples {
    static let backupPage = BackupPage(
        cluster: "colossus-1", log: LogID(high: .max, low: 1), segmentByteCount: 67_108_864,
        end: BackupEnd(
            place: BackupPlace(segment: 9, offset: 1_024), base: .max,
            head: LogHead(index: RecordIndex(rawValue: .max), chain: ChainHash(words: (1, 2, 3, .max))),
            reign: Reign(rawValue: .max), logIncarnation: .max),
        place: BackupPlace(segment: 8, offset: 512), bytes: [0, 1, 254, 255],
        next: BackupPlace(segment: 9, offset: 0))
    static let lastBackupPage = BackupPage(
        cluster: "a", log: LogID(high: 0, low: 1), segmentByteCount: 4_194_304,
        end: BackupEnd(
            place: BackupPlace(segment: 1, offset: 512), base: 0, head: .empty, reign: .zero, logIncarnation: 1),
        place: .beginning, bytes: [UInt8](repeating: 7, count: 512), next: nil)
}
