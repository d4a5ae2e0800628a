import Foundation
import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator

/// A small log as an earlier release wrote it, and what stands in it: fixed for good, whatever later releases write.
struct GoldenLog: Sendable {
    let name: String
    let identity: LogIdentity
    /// The records of each group, as bytes of today's codec; only written when a golden log is made.
    let groups: [[[UInt8]]]
    /// Says what is wrong with the bytes of a record, by its place from 0.
    let complaint: @Sendable (Int, [UInt8]) -> String?

    /// Made by the first release.
    static let formatOne = [coordinator, journal]

    private static func identity(_ kind: LogKind) -> LogIdentity {
        LogIdentity(cluster: "colossus-1", logID: LogFixture.logID, kind: kind, segmentByteCount: 4_096)
    }

    // MARK: What stands in them

    private static let lease = LeaseID(rawValue: 5)
    private static let boot = BootID(high: 7, low: 8)
    private static let placements = [
        Placement(node: NodeID(rawValue: 0), gpus: .first(8)), Placement(node: NodeID(rawValue: 1), gpus: .only(3)),
    ]

    private static let records: [Record] = [
        .reignBegan(
            ReignBegan(
                reign: Reign(rawValue: 1), incarnation: Incarnation(high: 1, low: 2), boot: boot, holds: .standard)),
        .fleetPartImported(
            FleetPart(
                importHash: 77, part: 0, partCount: 1,
                kinds: [GPUKind(name: "H100", memoryGiB: 80, envelope: Watts(1_275), idleFloor: Watts(159))],
                places: [
                    PlaceDeclaration(path: "colossus-1", limit: Watts(100_000)),
                    PlaceDeclaration(path: "colossus-1/hall-1", limit: nil),
                    PlaceDeclaration(path: "colossus-1/hall-1/rack-1", limit: nil),
                ],
                runs: [
                    NodeRun(
                        rack: 2, namePrefix: "node-", firstNumber: 0, count: 4, kind: "H100", gpusPerNode: 8,
                        envelope: Watts(10_200))
                ])),
        .tenantCreated(name: "alice", quota: 64),
        .nodeReported(node: NodeID(rawValue: 0), hardware: 0xABCD),
        .leaseGranted(
            LeaseGranted(
                tenant: TenantID(rawValue: 0), unit: .gpu, count: 9, kinds: [KindID(rawValue: 0)], onSilence: .keep,
                silenceClass: .guarded,
                first: LeasePart(
                    startsAt: CalendarInstant(nanoseconds: 1_000), endsAt: CalendarInstant(nanoseconds: 9_000),
                    watts: Watts(11_475), placements: placements),
                begun: LeaseBegun(
                    reign: Reign(rawValue: 1), keepBound: BootInstant(nanoseconds: 12_000), keepBoot: boot))),
        .leaseActivated(lease),
        .requestRefused(.quotaExceeded(tenant: "alice", quota: 64, held: 9, asked: 60)),
        .gpuHealthChanged(node: NodeID(rawValue: 1), unhealthy: .only(3)),
        .leaseEnding(lease, cause: .released),
        .partitionsRetired(lease, nodes: [NodeID(rawValue: 0), NodeID(rawValue: 1)], proof: .acknowledged),
    ]

    private static let entries: [LogEntry] = records.enumerated().map { position, record in
        let number = UInt64(position + 1)
        return LogEntry(
            index: RecordIndex(rawValue: number), at: CalendarInstant(nanoseconds: Int64(number) * 1_000_000),
            principal: number % 2 == 0 ? .coordinator : Principal(role: .tenant, name: "alice"),
            request: number % 3 == 0 ? RequestKey(id: RequestID(high: 1, low: number), bodyHash: 99) : nil,
            record: record)
    }

    private static let grant = GuardedGrant(
        slot: NodeSlot(rawValue: 0), lease: lease,
        epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 5)), gpus: .first(8))
    private static let witness = WitnessedHead(
        LogHead(index: RecordIndex(rawValue: 5), chain: ChainHash(words: (1, 2, 3, 4))),
        by: Incarnation(high: 1, low: 2))

    private static let journalRecords: [JournalRecord] = [
        .nodeServed(
            NodeSlot(rawValue: 0), path: "colossus-1/hall-1/rack-1/node-0", kind: "H100", gpuCount: 8, hardware: 0xABCD),
        .reignSeen(
            SeenReign(log: LogFixture.logID, reign: Reign(rawValue: 1), incarnation: Incarnation(high: 1, low: 2))),
        .grantAccepted(grant, node: NodeID(rawValue: 0), onSilence: .keep, witness: witness),
        .epochRaised(NodeSlot(rawValue: 0), gpus: .only(7), epoch: grant.epoch),
        .grantRetired(grant, witness: witness),
    ]

    // MARK: The logs

    private static let coordinator = GoldenLog(
        name: "coordinator", identity: identity(.coordinator),
        groups: groups(entries.map(RecordCodec.encode), of: [1, 1, 3, 2, 3])
    ) { position, bytes in
        do throws(RecordFailure) {
            let found = try RecordCodec.decode(bytes)
            return entries.indices.contains(position) && found == entries[position] ? nil : "\(found)"
        } catch {
            return "\(error)"
        }
    }

    private static let journal = GoldenLog(
        name: "journal", identity: identity(.journal),
        groups: groups(journalRecords.map(JournalCodec.encode), of: [2, 1, 2])
    ) { position, bytes in
        do throws(RecordFailure) {
            let found = try JournalCodec.decode(bytes)
            return journalRecords.indices.contains(position) && found == journalRecords[position] ? nil : "\(found)"
        } catch {
            return "\(error)"
        }
    }

    private static func groups(_ records: [[UInt8]], of counts: [Int]) -> [[[UInt8]]] {
        var rest = records[...]
        return counts.map { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }

    var recordCount: Int { groups.reduce(0) { $0 + $1.count } }

    /// Writes the log anew: its segments, and its head in words.
    func written() throws -> (segments: [(name: String, bytes: [UInt8])], head: LogHead) {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(identity, on: disk)
        log.enter(reign: Reign(rawValue: 1))
        for (position, group) in groups.enumerated() {
            _ = try log.commit(group)
            if position == 1 { try log.sealIfIdle() }
        }
        try log.sealIfIdle()
        let segments = try disk.listSegments().sorted { $0.number < $1.number }
        return (
            try segments.map { ("\($0.place)-\($0.number.fileName)", try disk.read($0, 0..<$0.byteCount)) }, log.head
        )
    }
}

/// Segments in memory, as recovery reads them.
struct SegmentsInMemory: LogReader {
    var segments: [(file: SegmentFile, bytes: [UInt8])]

    /// Reads `live-0000000002.segment` and the like from a folder.
    init(folder: URL) throws {
        segments = try FileManager.default.contentsOfDirectory(atPath: folder.path).compactMap { name in
            let words = name.split(separator: "-", maxSplits: 1).map(String.init)
            guard words.count == 2, let number = SegmentNumber(fileName: words[1]) else { return nil }
            let bytes = Array(try Data(contentsOf: folder.appending(path: name)))
            let place: LogPlace = words[0] == "\(LogPlace.archive)" ? .archive : .live
            return (SegmentFile(number: number, place: place, byteCount: bytes.count), bytes)
        }
    }

    func listSegments() -> [SegmentFile] { segments.map(\.file) }

    func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        guard let bytes = segments.first(where: { $0.file == file })?.bytes else {
            throw StorageFailure(kind: .notFound, attempt: "read \(file)")
        }
        return Array(bytes[range.clamped(to: 0..<bytes.count)])
    }
}
