import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

/// A folder of a test's own, with the keys of a log of nine records and of a tenant, and what is shown of that log.
final class LedgerFolder: Sendable {
    /// So few records that no tile is full.
    struct NoTiles: LedgerTileReader {
        func tile(at place: LedgerTilePlace) throws(Never) -> LedgerTile {
            preconditionFailure("a tile at \(place) of a small ledger")
        }
    }

    static let log = LogID(high: 1, low: 2)
    static let origin = LedgerHead.origin(cluster: "demo", log: log)

    /// Of record 6: one GPU was metered, the other was not.
    static let certificate = SanitisingCertificate(
        lease: LeaseID(rawValue: 3), epoch: Epoch(reign: Reign(rawValue: 2), index: RecordIndex(rawValue: 3)),
        gpus: [
            CertifiedGPU(position: 0, uuid: "GPU-8f6b", energy: Millijoules(7_200_000_123)),
            CertifiedGPU(position: 3, uuid: "", energy: nil),
        ],
        window: Window(from: Spoken.now, until: Spoken.now + .hours(2)),
        steps: [
            CertifiedStep(step: .evict, doneAt: Spoken.now + .hours(2), failureCount: 2, evidence: "ended processes 7"),
            CertifiedStep(step: .verify, doneAt: Spoken.now + .hours(2), failureCount: 0, evidence: "no process"),
        ])

    /// Of record 7, and of record 8 when it is closed.
    static let ticket = Ticket(
        name: Ticket.Name(opened: Spoken.now, number: 12), gpu: 3, uuid: "GPU-8f6b", component: "memory",
        action: "reset the GPU", done: Spoken.now + .hours(1), closing: nil)

    let folder: URL
    let signer: LedgerSigner
    let tenant: LedgerSigner
    let records: [[UInt8]]
    private let tiler: LedgerTiler

    /// The records, or those of the same log as it was forked: of these the eighth says something else.
    init(isForked: Bool = false) throws {
        folder = URL(filePath: "/tmp/leasehold-ledger-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        signer = try #require(LedgerSigner(name: LedgerFolder.origin, seed: [UInt8](repeating: 1, count: 32)))
        tenant = try #require(LedgerSigner(name: "tenant/acme", seed: [UInt8](repeating: 2, count: 32)))
        records = (1...9).map { number in
            RecordCodec.encode(
                LogEntry(
                    index: RecordIndex(rawValue: number), at: Spoken.now,
                    principal: [6, 7, 8].contains(number)
                        ? Principal(role: .agent, name: "hall/node-7") : Principal(role: .operator, name: "ops"),
                    request: nil,
                    record: number == 4
                        ? .leaseActivated(LeaseID(rawValue: 3))
                        : number == 6
                            ? .partitionSanitised(NodeID(rawValue: 7), LedgerFolder.certificate)
                            : number == 7
                                ? .ticketNoted(NodeID(rawValue: 7), LedgerFolder.ticket, LeaseID(rawValue: 3))
                                : number == 8
                                    ? .ticketNoted(
                                        NodeID(rawValue: 7),
                                        LedgerFolder.ticket.closed(
                                            .recovered, at: Spoken.now + .hours(isForked ? 4 : 3)), nil)
                                    : .tenantCreated(name: "t\(number)", quota: 1)))
        }
        var tiler = LedgerTiler()
        for record in records { tiler.append(.leaf(of: record)) { _ in } }
        self.tiler = tiler
        _ = try write("log.key", signer.key.text + "\n")
        _ = try write("acme.key", tenant.key.text)
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(folder): \(error)") }
    }

    var prover: LedgerProver<NoTiles> { LedgerProver(tiler, tiles: NoTiles()) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: folder.appending(path: name))
        return path(name)
    }

    func write(_ name: String, _ proof: LedgerProof) throws -> String {
        try write(name, String(decoding: proof.text, as: UTF8.self))
    }

    func head(_ index: UInt64, chain: ChainHash = .zero, incarnation: UInt32 = 1) throws -> SignedHead {
        var prover = prover
        let head = LedgerHead(
            cluster: "demo", log: LedgerFolder.log, index: RecordIndex(rawValue: index),
            root: prover.root(at: RecordIndex(rawValue: index)), chain: chain, incarnation: incarnation,
            reign: Reign(rawValue: 2), at: Spoken.now)
        var signed = SignedHead(head, by: signer)
        try signed.add(tenant.signature(of: head))
        return signed
    }

    func inclusion(of index: UInt64, under head: UInt64) throws -> LedgerProof {
        var prover = prover
        let path = prover.inclusion(of: RecordIndex(rawValue: index), under: RecordIndex(rawValue: head))
        return .inclusion(
            try self.head(head),
            LedgerRecord(index: RecordIndex(rawValue: index), bytes: records[Int(index) - 1], path: path))
    }

    func export(_ range: ClosedRange<UInt64>, under head: UInt64) throws -> LedgerProof {
        var prover = prover
        return .export(
            try self.head(head),
            range.map { index in
                let path = prover.inclusion(of: RecordIndex(rawValue: index), under: RecordIndex(rawValue: head))
                return LedgerRecord(
                    index: RecordIndex(rawValue: index), bytes: records[Int(index) - 1], path: path)
            })
    }

    func consistency(from older: SignedHead, to newer: SignedHead) -> LedgerProof {
        var prover = prover
        let path = prover.consistency(from: older.head.index, to: newer.head.index)
        return .consistency(older: older, newer: newer, path: path)
    }

    /// What lies in a file, as text.
    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
    }

    /// The names of all files.
    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } }

    /// A coordinator whose newest head this is, and which proves that heads of this log go on to it.
    func coordinator(_ newest: SignedHead) -> StubCoordinator {
        StubCoordinator { asked in
            switch asked.envelope.request {
            case .askLog(.head): return [.reply(LedgerFolder.shown(newest.text, newest))]
            case .askLog(.consistency(let from, _)):
                do {
                    let proof = self.consistency(from: try SignedHead(text: Array(from.text.utf8)), to: newest)
                    return [.reply(LedgerFolder.shown(String(decoding: proof.text, as: UTF8.self), newest))]
                } catch {
                    return [.reply(.refused(.invalid(field: "head", value: "\(error)", expected: "a head")))]
                }
            default: return [.reply(.refused(.notServing(reason: "not in this test")))]
            }
        }
    }

    /// What a coordinator answers with.
    static func shown(_ text: String, _ head: SignedHead, through: UInt64? = nil) -> Reply {
        let last = through.map { RecordIndex(rawValue: $0) } ?? head.head.index
        return .shown(LogShown(text: text, key: "", through: last, head: head.head.index))
    }

    func verify(_ proof: String, keys: [String] = ["log.key"], _ more: [String] = []) async -> Spoken {
        await Spoken.run(
            ["ledger", "verify", "--offline", proof] + keys.flatMap { ["--key", path($0)] } + more)
    }
}
