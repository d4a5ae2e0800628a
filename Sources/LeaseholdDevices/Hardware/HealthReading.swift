/// How a GPU is; nil where its driver does not know such a thing.
package struct HealthReading: Hashable, Sendable {
    package let temperature: Celsius?
    package let throttling: Throttling?
    package let memoryErrors: MemoryErrors?
    /// Nil while the GPU is cut as well: then no driver says it, and `spareRows` is all that there is.
    package let remappedRows: RemappedRows?
    package let spareRows: SpareRows?
    /// What the driver wants done; nil where it is too old to say.
    package let recovery: RecoveryAction?

    package init(
        temperature: Celsius?, throttling: Throttling?, memoryErrors: MemoryErrors?, remappedRows: RemappedRows?,
        spareRows: SpareRows?, recovery: RecoveryAction?
    ) {
        self.temperature = temperature
        self.throttling = throttling
        self.memoryErrors = memoryErrors
        self.remappedRows = remappedRows
        self.spareRows = spareRows
        self.recovery = recovery
    }
}

/// Errors of a GPU's memory that its ECC has seen.
package struct MemoryErrors: Hashable, Sendable {
    /// Since the driver was loaded, put right and not.
    package let corrected: UInt64
    package let uncorrected: UInt64
    /// In the GPU's life.
    package let correctedEver: UInt64
    package let uncorrectedEver: UInt64

    package init(corrected: UInt64, uncorrected: UInt64, correctedEver: UInt64, uncorrectedEver: UInt64) {
        self.corrected = corrected
        self.uncorrected = uncorrected
        self.correctedEver = correctedEver
        self.uncorrectedEver = uncorrectedEver
    }
}

/// Rows of a GPU's memory that spare ones stand in for.
package struct RemappedRows: Codable, Hashable, Sendable {
    /// For errors that were put right, and for those that were not.
    package let correctedCount: UInt32
    package let uncorrectedCount: UInt32
    /// Whether the next reset remaps another.
    package let isPending: Bool
    /// Whether there was none left.
    package let hasFailed: Bool

    package init(correctedCount: UInt32, uncorrectedCount: UInt32, isPending: Bool, hasFailed: Bool) {
        self.correctedCount = correctedCount
        self.uncorrectedCount = uncorrectedCount
        self.isPending = isPending
        self.hasFailed = hasFailed
    }
}

/// How many banks of a GPU's memory have how many of their spare rows left.
package struct SpareRows: Codable, Hashable, Sendable {
    package let allCount: UInt32
    package let mostCount: UInt32
    package let someCount: UInt32
    package let fewCount: UInt32
    package let noneCount: UInt32

    package init(allCount: UInt32, mostCount: UInt32, someCount: UInt32, fewCount: UInt32, noneCount: UInt32) {
        self.allCount = allCount
        self.mostCount = mostCount
        self.someCount = someCount
        self.fewCount = fewCount
        self.noneCount = noneCount
    }
}

/// What keeps a GPU's clocks down, a bit for each reason.
package struct Throttling: OptionSet, Codable, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Nothing runs.
    package static let idle = Throttling(rawValue: 0x1)
    /// Somebody set its clocks.
    package static let clockSetting = Throttling(rawValue: 0x2)
    /// The power limit.
    package static let powerLimit = Throttling(rawValue: 0x4)
    /// The hardware's own brake; one of the two reasons below is usually set with it.
    package static let hardware = Throttling(rawValue: 0x8)
    /// The slowest GPU of its group.
    package static let syncBoost = Throttling(rawValue: 0x10)
    /// It or its memory is too hot.
    package static let heat = Throttling(rawValue: 0x20)
    /// It is so hot that the hardware brakes.
    package static let hardwareHeat = Throttling(rawValue: 0x40)
    /// The power supply told it to brake.
    package static let powerBrake = Throttling(rawValue: 0x80)
    /// A display.
    package static let display = Throttling(rawValue: 0x100)

    /// Heat, whoever noticed it.
    package static let thermal: Throttling = [.heat, .hardwareHeat]

    private static let known: [(word: String, reason: Throttling)] = [
        ("idle", .idle), ("clock-setting", .clockSetting), ("power-limit", .powerLimit), ("hardware", .hardware),
        ("sync-boost", .syncBoost), ("heat", .heat), ("hardware-heat", .hardwareHeat), ("power-brake", .powerBrake),
        ("display", .display),
    ]

    /// A word for each reason; what this program does not know is one word in hexadecimal.
    package var words: [String] {
        let named = Throttling.known.filter { contains($0.reason) }.map(\.word)
        let rest = subtracting(Throttling.known.reduce(into: []) { $0.formUnion($1.reason) })
        return rest.isEmpty ? named : named + ["0x" + String(rest.rawValue, radix: 16)]
    }
}

/// What the driver wants done before a GPU is used again.
package enum RecoveryAction: Codable, Hashable, Sendable {
    case none
    case resetGPU
    case restartNode
    /// Take work off the GPUs that reach this one directly, and go on.
    case drainPeers
    case drainAndReset
    /// The service that shares memory over NVLink between nodes needs to be brought back.
    case recoverDomain
    case resetBus
    case restartSystem
    /// An action that this program does not know.
    case unknown(UInt64)

    /// The action of the driver's number.
    package init(code: UInt64) {
        switch code {
        case 0: self = .none
        case 1: self = .resetGPU
        case 2: self = .restartNode
        case 3: self = .drainPeers
        case 4: self = .drainAndReset
        case 5: self = .recoverDomain
        case 6: self = .resetBus
        case 7: self = .restartSystem
        default: self = .unknown(code)
        }
    }

    /// What to do, for people; nil where there is nothing to do.
    package var advice: String? {
        switch self {
        case .none: nil
        case .resetGPU: "reset the GPU"
        case .restartNode: "restart the node"
        case .drainPeers: "take work off the GPUs that reach it directly"
        case .drainAndReset: "let its work end, then reset the GPU"
        case .recoverDomain: "bring the NVLink domain's memory service back"
        case .resetBus: "reset the GPU by its bus"
        case .restartSystem: "restart the whole system"
        case .unknown(let code): "see the driver's notes on recovery action \(code)"
        }
    }
}
