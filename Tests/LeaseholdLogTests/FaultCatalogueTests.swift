import Foundation
import Testing

/// The catalogue of what a disk can do, and for each fault the tests that show what the log makes of it.
///
/// The torture (`leasehold-sim torture`) tries nearly all of them in every way; these tests tell them one by one.
@Suite("The catalogue of disk faults")
struct FaultCatalogueTests {
    private typealias Row = (fault: String, what: String, file: String, test: String)

    private static let log = "LeaseholdLogTests/"
    private static let platform = "LeaseholdPlatformTests/Storage/"

    private static let rows: [Row] = [
        (
            "D1", "torn write of the last unsynced group", log + "CrashTests",
            "every subset of the sectors of an unsynced group, sealed before or not: whole, or cut, never refused"
        ),
        ("D2", "short write", platform + "SystemCallTests", "a short write goes on behind what was written"),
        (
            "D2", "interrupted write", platform + "SystemCallTests",
            "an interrupted write is made again from the same place"
        ),
        ("D2", "write without progress", platform + "SystemCallTests", "a write without progress ends the attempt"),
        (
            "D3", "flipped bit in the middle", log + "RecoveryTests",
            "damage before a later frame is refused with segment, offset, index and both checksums"
        ),
        (
            "D4", "flipped bit in the last group", log + "RecoveryTests",
            "a torn last group is cut, declared with its numbers, copied aside, and the next segment says where it began"
        ),
        (
            "D4", "an agent proves that the cut group was acknowledged",
            "LeaseholdProtocolTests/CoordinatorSessionTests",
            "what a node has seen of a lost history is outlived neither by the log's growth nor by a second report (L9)"
        ),
        (
            "D5", "zeroed word", log + "DamageTests",
            "every zeroed word of eight bytes is refused where a record is proven, and never loses one in silence"
        ),
        (
            "D5", "zeroed sector", log + "RecoveryTests",
            "a log that loses sectors from its end, zeroed in place, loses no sealed record in silence"
        ),
        (
            "D6", "misdirected write", log + "DamageTests",
            "a frame copied to another place never counts as one there"
        ),
        (
            "D6", "misdirected write over its predecessor", log + "DamageTests",
            "a write that the disk puts over the group before it is refused: where it lies, it proves what it destroyed"
        ),
        (
            "D7", "EIO on write", log + "FailingDiskTests",
            "a write that fails, for whatever reason, ends the log and is not tried again; what was acknowledged is there"
        ),
        (
            "D7", "nothing leaves the coordinator after it", "LeaseholdProtocolTests/CoordinatorTalkTests",
            "after the log is lost nothing leaves and nothing is recorded"
        ),
        (
            "D8", "EIO on sync", log + "LogMachineTests",
            "after a failed sync the log is lost, and that file is never synced or written again"
        ),
        (
            "D8", "the page cache after it", log + "FailingDiskTests",
            "after a failed sync, what only the page cache has is written again and synced before anything rests on it"
        ),
        (
            "D9", "ENOSPC, in good time", log + "LogMachineTests",
            "when the next segment finds no space, writing goes on in the current one and preparing is tried again"
        ),
        (
            "D9", "ENOSPC, for good", log + "FailingDiskTests",
            "with no space for a next segment the log fills the one it has, then ends, and all it acknowledged is there"
        ),
        (
            "D9", "ENOSPC of the system", platform + "SystemCallTests",
            "a full device is told as such, in words with the place"
        ),
        (
            "D10", "directory not synced", log + "CrashTests",
            "skipped syncs of files and of directories are noticed, and an honest disk is not accused"
        ),
        (
            "D10", "lost directory entry", log + "ForeignLogTests",
            "a missing, a doubled and a swapped segment are refused"
        ),
        (
            "D11", "read-only filesystem", log + "FailingDiskTests",
            "a write that fails, for whatever reason, ends the log and is not tried again; what was acknowledged is there"
        ),
        ("D11", "EROFS of the system", platform + "SystemCallTests", "errors keep their kind and number"),
        (
            "D12", "stale segment", log + "ForeignLogTests",
            "an older copy of an archived segment is refused: its successor says where it ended"
        ),
        ("D12", "segment of another log", log + "ForeignLogTests", "a segment of another log is refused with both ids"),
        (
            "D12", "an older directory, whole", "LeaseholdProtocolTests/CoordinatorSessionTests",
            "what a node has seen of a lost history is outlived neither by the log's growth nor by a second report (L9)"
        ),
        (
            "D13", "two coordinators", platform + "LogDirectoryTests",
            "a second opener is refused and told who holds the log"
        ),
        (
            "D13", "two coordinators, as processes", "ProcessTests/BadInputCoordinatorTests",
            "a log's directory serves one coordinator, one kind and one cluster; all else is turned away and named"
        ),
        (
            "D13", "network filesystem", platform + "SystemCallTests",
            "network filesystems are told from local ones by their number"
        ),
        (
            "D14", "rotten snapshot", log + "SnapshotTests",
            "D14: any changed byte of the newest snapshot is seen, and the one before with a longer tail is used instead"
        ),
        (
            "D14", "torn snapshot", log + "SnapshotTests",
            "D14: a snapshot that ends early or goes on too long is passed over, at every length"
        ),
        (
            "D14", "no good snapshot", log + "SnapshotTests",
            "D14: with both snapshots damaged, or pieces that nobody knows, the whole log is read"
        ),
        (
            "D12", "a log older than its snapshot", log + "SnapshotTests",
            "D12: a log that ends before its snapshot was taken has lost records, and is refused with both numbers"
        ),
        (
            "D15", "between a snapshot's name and the archive", log + "SnapshotTests",
            "D15: whichever operation of taking snapshots fails, in whatever way, recovery finds every acknowledged record"
        ),
        (
            "D15", "crash during recovery", log + "CrashTests",
            "a second crash anywhere within the repair changes nothing of what recovery finds"
        ),
        (
            "D15", "recovery twice", log + "RecoveryTests",
            "recovery run twice, with or without its repair, finds the same cut and the same chain"
        ),
        (
            "D9", "what the coordinator does meanwhile", "LeaseholdProtocolTests/CoordinatorRequestTests",
            "while the log's disk is in trouble what frees capacity is taken, and queries are answered (D9, D16)"
        ),
        (
            "D16", "slow disk", "LeaseholdProtocolTests/CoordinatorRequestTests",
            "while the log's disk is in trouble what frees capacity is taken, and queries are answered (D9, D16)"
        ),
        (
            "D16", "disk that does not answer", "LeaseholdCoordinatorTests/ReportBoxTests",
            "a group that the disk does not take makes the coordinator not ready, though its owner cannot say so"
        ),
    ]

    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    @Test("each fault of the catalogue has a test, and no other is named")
    func faults() {
        let catalogue = Set((1...16).map { "D\($0)" })
        #expect(Set(Self.rows.map(\.fault)) == catalogue)
    }

    @Test("each test that is named is there")
    func tests() throws {
        for row in Self.rows {
            let source = try String(contentsOf: Self.tests.appending(path: row.file + ".swift"), encoding: .utf8)
            #expect(source.contains("\"\(row.test)\""), "\(row.fault), \(row.what): no such test in \(row.file)")
        }
    }
}
