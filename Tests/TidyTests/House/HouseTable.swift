/// One target and what it may name: a row of the house's table.
struct Room: Sendable {
    /// How much of the world a room may touch.
    enum Nature: Sendable {
        /// No clock, no chance, no files, no sockets, no tasks: time and chance are arguments.
        case pure
        /// Like `pure`, and files that convert to protobuf may hold `Data`, which is what its `bytes` are.
        case pureWithProtobuf
        /// May touch the world through the modules of the toolchain.
        case worldly
        /// C; includes are the compiler's affair.
        case c
    }

    /// The target's name.
    let name: String
    /// How much of the world it may touch.
    let nature: Nature
    /// The targets of ours that it may import.
    let rooms: Set<String>
    /// The modules of others that it may import; their products bear the same names.
    let modules: Set<String>

    /// Makes a row; the names of rooms may leave out `Leasehold`.
    init(_ name: String, _ nature: Nature, rooms: [String] = [], modules: [String] = []) {
        self.name = name
        self.nature = nature
        self.rooms = Set(rooms.map { $0.contains("Leasehold") ? $0 : "Leasehold" + $0 })
        self.modules = Set(modules)
    }

    /// Whether the purity bans hold here.
    var isPure: Bool {
        switch nature {
        case .pure, .pureWithProtobuf: true
        case .worldly, .c: false
        }
    }
}

/// Who may import whom.
///
/// Arrows point down only; what is not listed is forbidden.
enum HouseTable {
    /// Modules that come with the toolchain and reach the world.
    static let toolchain: Set<String> = [
        "Swift", "Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization",
    ]

    private static let collections = [
        "Collections", "BasicContainers", "BitCollections", "DequeModule", "HashTreeCollections", "HeapModule",
        "OrderedCollections",
    ]
    private static let nio = ["NIO", "NIOCore", "NIOPosix", "NIOConcurrencyHelpers", "NIOTLS", "NIOSSL"]
    private static let service = ["Logging", "Metrics", "CoreMetrics", "ServiceLifecycle", "UnixSignals", "NIOHTTP1"]
    private static let certificates = ["X509", "SwiftASN1", "Crypto"]

    /// Everything below the shells.
    private static let belowShells = [
        "Model", "Checksum", "Broker", "Devices", "Log", "Wire", "Fleet", "Protocol", "Platform", "Transport",
    ]

    /// The rooms, floor by floor.
    static let rooms: [Room] = [
        // Floor 1: the vocabulary.
        Room("LeaseholdModel", .pure),
        Room("CLeaseholdChecksum", .c),
        Room("LeaseholdChecksum", .pure, rooms: ["CLeaseholdChecksum"]),
        // Floor 2: what can be said without a coordinator.
        Room("LeaseholdBroker", .pure, rooms: ["Model"], modules: collections),
        Room("LeaseholdDevices", .pure, rooms: ["Model"]),
        Room("LeaseholdLog", .pureWithProtobuf, rooms: ["Model", "Checksum"], modules: ["Crypto", "SwiftProtobuf"]),
        Room("LeaseholdWire", .pureWithProtobuf, rooms: ["Model", "Checksum"], modules: ["SwiftProtobuf"]),
        Room("LeaseholdFleet", .worldly, rooms: ["Model"], modules: ["Yams"]),
        // Floor 3: the machines.
        Room("LeaseholdProtocol", .pure, rooms: ["Model", "Broker"]),
        // Floor 4: the world, real and false.
        Room("CLeaseholdPlatform", .c),
        Room(
            "LeaseholdPlatform", .worldly, rooms: ["Model", "Log", "Devices", "CLeaseholdPlatform"],
            modules: ["Crypto"]),
        // NIOHTTP1 stands here and not in the two shells: they serve the same three paths with the same code.
        Room("LeaseholdTransport", .worldly, rooms: ["Model", "Wire"], modules: nio + ["NIOHTTP1"]),
        Room(
            "LeaseholdSimulator", .pure,
            rooms: ["Model", "Checksum", "Broker", "Devices", "Log", "Wire", "Protocol"]),
        // Floor 5: shells and what talks to them.
        Room("LeaseholdClient", .worldly, rooms: ["Model", "Wire", "Transport"]),
        Room("LeaseholdCoordinator", .worldly, rooms: belowShells, modules: nio + service),
        Room("LeaseholdAgent", .worldly, rooms: belowShells, modules: nio + service),
        Room(
            "LeaseholdCommand",
            .worldly,
            // A restore makes a coordinator's log where none runs.
            rooms: ["Model", "Client", "Wire", "Fleet", "Log", "Platform", "Coordinator"],
            modules: ["ArgumentParser"] + certificates
        ),
        // What the servers' executables share (decision 0007).
        Room(
            "LeaseholdProgram", .worldly, rooms: ["Model", "Fleet", "Platform", "Transport"],
            modules: ["ArgumentParser", "Logging"]
        ),
        // Floor 6: executables. The servers' parse flags into the types of what is below their shells.
        Room(
            "leasehold-coordinator", .worldly, rooms: ["Model", "Fleet", "Platform", "Coordinator", "Program"],
            modules: ["ArgumentParser"]),
        Room(
            "leasehold-agent", .worldly,
            rooms: ["Devices", "Fleet", "Platform", "Transport", "Agent", "Program"], modules: ["ArgumentParser"]),
        Room("leasectl", .worldly, rooms: ["Command"], modules: ["ArgumentParser"]),
        Room("leasehold-sim", .worldly, rooms: ["Model", "Fleet", "Simulator"], modules: ["ArgumentParser"]),
        Room("CLeaseholdBench", .c),
        Room("CLeaseholdAllocations", .c),
        Room(
            "leasehold-bench", .worldly,
            rooms: [
                "CLeaseholdBench", "Model", "Broker", "Devices", "Log", "Wire", "Fleet", "Platform", "Transport",
                "Client", "Coordinator",
            ],
            modules: ["ArgumentParser", "ProcessHarness", "leasehold-coordinator", "leasehold-agent", "leasectl"]),
        // Beside the house: what plays the driver's library, and what the process tests start real processes with.
        Room("NVMLDouble", .c),
        Room("ProcessHarness", .worldly, rooms: ["Model", "Fleet", "Transport"]),
        Room(
            "trace-fleet", .worldly,
            modules: ["ProcessHarness", "leasehold-coordinator", "leasehold-agent", "leasectl"]),
    ]

    /// The row of a target.
    static func room(named name: String) -> Room? {
        rooms.first { $0.name == name }
    }
}
