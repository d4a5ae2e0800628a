import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("Grants that come and go on a node of whole GPUs and slices")
struct CDIInterleavingTests {
    @Test("at no step does a file have a device of another lease, and the directory is the grants that live")
    func interleavings() throws {
        var counts = PlayedLandlord.Counts()
        for seed in 0..<40 as Range<UInt64> {
            let landlord = try PlayedLandlord(seed: seed)
            for _ in 0..<80 { try landlord.act() }
            try landlord.close()
            #expect(landlord.complaints == [], "seed \(seed)")
            counts.add(landlord.counts)
        }
        print("CDI directory: \(counts)")
        for (what, count) in counts.all { #expect(count > 20, "hardly ever: \(what)") }
    }
}

/// Gives hardware to leases and takes it back in any order, while steps fail and the agent dies; and an onlooker.
private final class PlayedLandlord {
    /// How often what happened.
    struct Counts: CustomStringConvertible {
        var grants = 0
        var ends = 0
        var refusals = 0
        var failures = 0
        var leftBehind = 0
        var crashes = 0
        var steps = 0

        var all: [(String, Int)] {
            [
                ("grants", grants), ("ends", ends), ("refusals", refusals), ("failures", failures),
                ("left behind", leftBehind), ("crashes", crashes), ("steps", steps),
            ]
        }

        mutating func add(_ other: Counts) {
            grants += other.grants
            ends += other.ends
            refusals += other.refusals
            failures += other.failures
            leftBehind += other.leftBehind
            crashes += other.crashes
            steps += other.steps
        }

        var description: String { all.map { "\($0.0) \($0.1)" }.joined(separator: ", ") }
    }

    private(set) var complaints: [String] = []
    private(set) var counts = Counts()

    private let scratch = Scratch()
    private var path: String { scratch.path(of: "cdi") }
    private let tables = PlayedBoard.tables()
    private var chance: SeededChance
    private var board: CDIDirectory
    /// Steps until one fails, and whether all fail from then on; nil in fair weather.
    private var storm: (left: Int, isForGood: Bool)?
    private var lastIndex: UInt64 = 0

    /// The hardware of every grant that ever was, and who has which now: from before a file is made until it is gone.
    private var made: [String: Set<String>] = [:]
    private var holders: [String: String] = [:]
    /// The journal: the grants that live, whose files are there when no step fails.
    private var live: [CDISpecification] = []
    /// Ended, and their files may still be there.
    private var ending: [CDISpecification] = []

    init(seed: UInt64) throws {
        chance = SeededChance(state: seed)
        board = CDIDirectory(scratch.path(of: "cdi"))
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try start()
        for name in PlayedLandlord.strangers { try Data("theirs".utf8).write(to: URL(filePath: "\(path)/\(name)")) }
    }

    private static let strangers = ["nvidia.json", "leasehold.dev-lease_x_L1-1.1-0.json"]

    private func happens(oneIn count: Int) -> Bool { Int.random(in: 0..<count, using: &chance) == 0 }

    // MARK: Acts

    /// One thing that happens.
    func act() throws {
        if happens(oneIn: 5) { storm = (Int.random(in: 0..<10, using: &chance), happens(oneIn: 2)) }
        switch Int.random(in: 0..<10, using: &chance) {
        case 0..<4: try grant()
        case 4: try grab()
        case 5..<9: try end()
        default: try crash()
        }
        if storm?.isForGood == true, happens(oneIn: 2) { try crash() }
        storm = nil
        try look()
    }

    /// Ends everything in fair weather.
    func close() throws {
        for one in live + ending { try board.withdraw(one.grant) }
        (live, ending, holders) = ([], [], [:])
        try look()
        let left = try PlayedBoard.names(in: path).filter { !$0.hasSuffix(".new") }
        if left != PlayedLandlord.strangers.sorted() { complaints.append("left: \(left)") }
    }

    /// Some hardware that nobody has.
    private func grant() throws {
        let free = hardware.filter { device in !holders.keys.contains { PlayedLandlord.meet($0, key(device)) } }
        var chosen: [GrantedDevice] = []
        for device in free.shuffled(using: &chance).prefix(Int.random(in: 1...3, using: &chance))
        where !chosen.contains(where: { PlayedLandlord.meet(key($0), key(device)) }) {
            chosen.append(device)
        }
        guard !chosen.isEmpty else { return }
        let one = try specification(chosen)
        for device in chosen { holders[key(device)] = file(one) }
        // The journal is written before the file is, and knows of the grant from then on.
        live.append(one)
        do {
            try board.publish(one)
            counts.grants += 1
        } catch {
            note(error)
            finish(one)
        }
    }

    /// Hardware that somebody has: a mistake above, which must not become a file.
    private func grab() throws {
        guard let device = hardware.filter(isHeld).randomElement(using: &chance) else { return }
        let one = try specification([device])
        do {
            try board.publish(one)
            complaints.append("\(device) was given to a second grant")
        } catch .refused {
            counts.refusals += 1
        } catch {
            complaints.append("\(device): \(error)")
        }
    }

    private func end() throws {
        guard let one = (live + ending).randomElement(using: &chance) else { return }
        finish(one)
        do {
            try board.withdraw(one.grant)
            release(one)
            counts.ends += 1
        } catch {
            note(error)
        }
    }

    /// The agent dies, at a step or between two acts, and comes back as often as it takes.
    private func crash() throws {
        counts.crashes += 1
        storm = happens(oneIn: 2) ? (Int.random(in: 0..<6, using: &chance), false) : nil
        while true {
            do {
                try start()
                break
            } catch {
                note(error)
                storm = nil
            }
        }
        for one in ending { release(one) }
    }

    private func start() throws(CDIFailure) {
        board = CDIDirectory(path) { [unowned self] _ in step() }
        try board.settle(on: live)
    }

    // MARK: Books

    private func finish(_ one: CDISpecification) {
        live.removeAll { $0 == one }
        if !ending.contains(one) { ending.append(one) }
        // A failure after which it holds nothing has ended it.
        if !board.grants.contains(one.grant) { release(one) }
    }

    private func release(_ one: CDISpecification) {
        ending.removeAll { $0 == one }
        holders = holders.filter { $0.value != file(one) }
    }

    private func note(_ failure: any Error) {
        counts.failures += 1
        switch failure as? CDIFailure {
        case .leftBehind: counts.leftBehind += 1
        case .system: break
        default: complaints.append("\(failure)")
        }
    }

    private func specification(_ devices: [GrantedDevice]) throws -> CDISpecification {
        lastIndex += 1
        let one = try CDISpecification(grant: PlayedBoard.name(lastIndex), devices: devices, tables: tables)
        made[file(one)] = Set(devices.map(key))
        return one
    }

    private func file(_ one: CDISpecification) -> String { CDIKind.lease.fileName(of: one.grant) }

    private let hardware: [GrantedDevice] =
        PlayedBoard.gpus[0..<2].map { .gpu($0) }
        + [2, 3].flatMap { gpu in PlayedBoard.instances.map { PlayedBoard.slice(gpu, $0) } }
        + PlayedBoard.gpus[2..<4].map { .gpu($0) }

    private func key(_ device: GrantedDevice) -> String {
        let gpu = "gpu\(PlayedBoard.gpus.firstIndex(of: device.gpu) ?? -1)"
        guard case .slice(_, let instance, _) = device else { return gpu }
        return "\(gpu)/gi\(instance)"
    }

    private func isHeld(_ device: GrantedDevice) -> Bool {
        holders.keys.contains { PlayedLandlord.meet($0, key(device)) }
    }

    private static func meet(_ one: String, _ other: String) -> Bool {
        one == other || one.hasPrefix(other + "/") || other.hasPrefix(one + "/")
    }

    // MARK: The onlooker

    /// Looks before every step, and says how it ends.
    private func step() -> Int32 {
        counts.steps += 1
        do { try look(midway: true) } catch { complaints.append("\(error)") }
        guard let (left, isForGood) = storm else { return 0 }
        storm = left > 0 || isForGood ? (left - 1, isForGood) : nil
        return left <= 0 ? EIO : 0
    }

    private func look(midway: Bool = false) throws {
        let reading = try BoardReading(path)
        complaints += reading.complaints + reading.overlaps.map { "overlap of \($0)" }
        for (name, hardware) in reading.holdings {
            if hardware != made[name] {
                complaints.append("\(name) has \(hardware) and was made for \(made[name] ?? [])")
            }
            for one in hardware where holders[one] != name {
                complaints.append("\(name) has \(one) of \(holders[one] ?? "nobody")")
            }
        }
        for name in PlayedLandlord.strangers
        where try !midway && PlayedBoard.contents("\(path)/\(name)") != Array("theirs".utf8) {
            complaints.append("\(name) was touched")
        }
        guard !midway else { return }
        let (names, needed) = (Set(reading.holdings.keys), Set(live.map(file)))
        let allowed = needed.union(ending.map(file))
        if !needed.isSubset(of: names) || !names.isSubset(of: allowed) {
            complaints.append("\(names.sorted()) stand there for \(needed.sorted()), and \(ending.map(file)) that end")
        }
    }
}
