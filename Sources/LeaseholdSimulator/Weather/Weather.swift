import LeaseholdDevices
import LeaseholdModel

/// What a seed decides before its run begins: the size of the world, its settings, and which faults come how often.
///
/// Every seed leaves some kinds of fault out, because a fault that comes all the time hides what the others do.
struct Weather {
    let fleet: SimulatedFleet
    let holds: HoldSettings
    /// Whether some starts of the coordinator use another hold time.
    let changesHolds: Bool
    /// The usual way of a message.
    let latency: Span
    /// A sync of the disk.
    let syncTime: Span
    /// How many in a million ways and syncs take far longer.
    let slowPerMillion: Int
    let logSegmentByteCount: Int
    let journalSegmentByteCount: Int
    let tenantCount: Int
    /// Between two requests of a client.
    let thinkTime: Span
    /// How long faults happen.
    let storm: Span
    /// The mean time between two faults of a kind; nil where there are none of it.
    private let intervals: [Span?]

    init(from chance: inout Chance) {
        fleet = SimulatedFleet(
            machineCount: 1 + chance.below(4), nodesPerMachine: 1 + chance.below(2),
            gpuCount: chance.percent(50) ? 4 : 4 + chance.below(5), sitePercent: Int64(40 + chance.below(90)),
            rackPercent: Int64(50 + chance.below(70)))
        let hold = chance.pick([Span.seconds(3), .seconds(6), .seconds(10)]) ?? .seconds(6)
        holds = HoldSettings(
            hold: hold, eviction: .milliseconds(chance.percent(50) ? 500 : 1_000),
            clockRateErrorPPM: chance.pick([1_000, 10_000, 50_000, 200_000]) ?? 10_000)
        changesHolds = chance.percent(30)
        latency = .microseconds(Int64(50 + chance.below(chance.percent(30) ? 20_000 : 1_500)))
        syncTime = .microseconds(Int64(100 + chance.below(chance.percent(30) ? 30_000 : 3_000)))
        slowPerMillion = chance.percent(60) ? chance.below(4_000) : 0
        logSegmentByteCount = chance.percent(50) ? 32_768 : 262_144
        journalSegmentByteCount = chance.percent(50) ? 8_192 : 65_536
        tenantCount = 1 + chance.below(3)
        thinkTime = .milliseconds(Int64(30 + chance.below(500)))
        storm = .seconds(Int64(40 + chance.below(120)))
        intervals = FaultKind.allCases.map { kind in
            guard chance.percent(kind.share) else { return nil }
            return .milliseconds(Int64(2_500 + chance.below(chance.percent(50) ? 12_000 : 60_000)))
        }
    }

    /// The mean time between two faults of a kind; nil where there are none of it.
    func interval(of kind: FaultKind) -> Span? { intervals[kind.position] }

    /// How long a process of a tenant may take to die: with the longest pause of a guard it stays within K (L5).
    var deathTimeMax: Span { holds.eviction / 4 }
    var guardPauseMax: Span { holds.eviction / 3 }

    /// The settings that the coordinator's n-th start uses.
    func holdsOfStart(_ number: Int) -> HoldSettings {
        guard changesHolds, number % 3 == 2 else { return holds }
        return HoldSettings(
            hold: holds.hold * 2, eviction: holds.eviction, clockRateErrorPPM: holds.clockRateErrorPPM)
    }

    /// After the storm: long enough for every wait, every answer and every retirement.
    var calm: Span { holds.wait * 5 + .seconds(30) }
}

extension Weather: CustomStringConvertible {
    var description: String {
        let faults = FaultKind.allCases.compactMap { kind in
            interval(of: kind).map { "\(kind) every \($0.wholeMilliseconds / 1_000)s" }
        }
        return "\(fleet.shapes.count) nodes of \(fleet.shapes[0].gpuCount) GPUs on \(fleet.machines.count) machines, "
            + "T \(holds.hold), K \(holds.eviction), clocks wrong by \(holds.clockRateErrorPPM) ppm; "
            + (faults.isEmpty ? "no faults" : faults.joined(separator: ", "))
    }
}

/// The kinds of fault; the catalogue's numbers are in the article.
package enum FaultKind: Sendable, CaseIterable {
    case coordinatorCrash
    case coordinatorPowerLoss
    case coordinatorPause
    case agentCrash
    case agentPause
    case guardCrash
    case guardPause
    case nodePowerLoss
    case linkBreak
    case cutOutward
    case cutInward
    case cutBothWays
    case clockDrift
    case calendarStep
    case diskError
    case diskFull
    case gpuBreak
    case bitFlip
    case rollback

    /// In how many of a hundred seeds the kind comes at all.
    var share: Int {
        switch self {
        case .coordinatorCrash, .agentCrash, .linkBreak: 65
        case .coordinatorPowerLoss, .coordinatorPause, .agentPause, .guardCrash, .guardPause, .nodePowerLoss,
            .cutOutward, .cutInward, .cutBothWays, .clockDrift, .calendarStep, .gpuBreak:
            45
        case .diskError, .bitFlip: 25
        case .diskFull: 10
        case .rollback: 8
        }
    }

    var position: Int {
        guard let position = FaultKind.allCases.firstIndex(of: self) else {
            preconditionFailure("no place for \(self)")
        }
        return position
    }
}
