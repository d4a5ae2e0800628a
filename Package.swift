// swift-tools-version: 6.2
// The house, floor by floor; arrows point down only. TidyTests hold the table of who may import whom.
import PackageDescription

/// Settings for every target of ours: nothing implicit, no warning survives.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
/// Mistakes that the simulator's checkers are proved on exist only in a build that asks for them.
let planted: [SwiftSetting] =
    Context.environment["LEASEHOLD_PLANTED"] == nil ? [] : [.define("LEASEHOLD_PLANTED")]
/// Settings for pure targets: clocks and tasks do not exist there.
let pure: [SwiftSetting] =
    strict + planted + [.unsafeFlags(["-Xfrontend", "-disable-implicit-concurrency-module-import"])]
/// Settings for pure targets whose only classes are the storage of generated messages, each reached through the one value
/// that owns it: what the compiler cannot see of that at once would be watched at every field, for a tenth of the time of
/// the whole program.
let generated: [SwiftSetting] = pure + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]
/// Settings for C targets.
let strictC: [CSetting] = [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)]

let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
]

let package = Package(
    name: "leasehold",
    products: [
        // Preloaded by the benchmark into what it measures.
        .library(name: "CLeaseholdAllocations", type: .dynamic, targets: ["CLeaseholdAllocations"]),
        // Opened by the tests as a node opens the driver's library.
        .library(name: "NVMLDouble", type: .dynamic, targets: ["NVMLDouble"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // Exact, because a test regenerates the committed sources and compares.
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Floor 1: the vocabulary.
        .target(name: "LeaseholdModel", swiftSettings: pure),
        .target(name: "CLeaseholdChecksum", cSettings: strictC),
        .target(name: "LeaseholdChecksum", dependencies: ["CLeaseholdChecksum"], swiftSettings: pure),

        // Floor 2: what can be said without a coordinator.
        .target(name: "LeaseholdBroker", dependencies: ["LeaseholdModel"], swiftSettings: pure),
        .target(name: "LeaseholdDevices", dependencies: ["LeaseholdModel"], swiftSettings: pure),
        .target(
            name: "LeaseholdLog",
            dependencies: [
                "LeaseholdModel", "LeaseholdChecksum", .product(name: "Crypto", package: "swift-crypto"), protobuf,
            ],
            swiftSettings: generated),
        .target(
            name: "LeaseholdWire", dependencies: ["LeaseholdModel", "LeaseholdChecksum", protobuf],
            swiftSettings: generated),
        .target(
            name: "LeaseholdFleet", dependencies: ["LeaseholdModel", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),

        // Floor 3: the machines.
        .target(
            name: "LeaseholdProtocol", dependencies: ["LeaseholdModel", "LeaseholdBroker"], swiftSettings: pure),

        // Floor 4: the world.
        .target(name: "CLeaseholdPlatform", cSettings: strictC),
        .target(
            name: "LeaseholdPlatform",
            dependencies: [
                "LeaseholdModel", "LeaseholdLog", "LeaseholdDevices", "CLeaseholdPlatform",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .target(
            name: "LeaseholdTransport",
            dependencies: ["LeaseholdModel", "LeaseholdWire", .product(name: "NIOHTTP1", package: "swift-nio")] + nio,
            swiftSettings: strict),

        .target(
            name: "LeaseholdSimulator",
            dependencies: [
                "LeaseholdModel", "LeaseholdChecksum", "LeaseholdBroker", "LeaseholdDevices", "LeaseholdLog",
                "LeaseholdWire", "LeaseholdProtocol",
            ],
            swiftSettings: pure),

        // Floor 5: the shells, and what talks to them.
        .target(
            name: "LeaseholdClient",
            dependencies: ["LeaseholdModel", "LeaseholdWire", "LeaseholdTransport"] + nio, swiftSettings: strict),
        .target(
            name: "LeaseholdCoordinator",
            dependencies: [
                "LeaseholdModel", "LeaseholdBroker", "LeaseholdLog", "LeaseholdWire", "LeaseholdFleet",
                "LeaseholdProtocol", "LeaseholdPlatform", "LeaseholdTransport", logging,
            ] + nio,
            swiftSettings: strict),
        .target(
            name: "LeaseholdAgent",
            dependencies: [
                "LeaseholdModel", "LeaseholdDevices", "LeaseholdLog", "LeaseholdWire", "LeaseholdFleet",
                "LeaseholdProtocol", "LeaseholdPlatform", "LeaseholdTransport", logging,
            ] + nio,
            swiftSettings: strict),
        .target(
            name: "LeaseholdCommand",
            dependencies: [
                "LeaseholdModel", "LeaseholdClient", "LeaseholdWire", "LeaseholdFleet", "LeaseholdLog",
                "LeaseholdPlatform", "LeaseholdCoordinator", argumentParser,
            ],
            swiftSettings: strict),

        .target(
            name: "LeaseholdProgram",
            dependencies: [
                "LeaseholdModel", "LeaseholdFleet", "LeaseholdPlatform", "LeaseholdTransport", argumentParser, logging,
            ],
            swiftSettings: strict),

        // Floor 6: the executables.
        .executableTarget(
            name: "leasehold-coordinator",
            dependencies: [
                "LeaseholdModel", "LeaseholdFleet", "LeaseholdPlatform", "LeaseholdCoordinator", "LeaseholdProgram",
                argumentParser,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "leasehold-agent",
            dependencies: [
                "LeaseholdDevices", "LeaseholdFleet", "LeaseholdPlatform", "LeaseholdTransport", "LeaseholdAgent",
                "LeaseholdProgram", argumentParser,
            ],
            swiftSettings: strict),
        .executableTarget(name: "leasectl", dependencies: ["LeaseholdCommand"], swiftSettings: strict),
        .executableTarget(
            name: "leasehold-sim",
            dependencies: ["LeaseholdModel", "LeaseholdFleet", "LeaseholdSimulator", argumentParser],
            swiftSettings: strict + planted),
        .target(name: "CLeaseholdBench", cSettings: strictC),
        .target(name: "CLeaseholdAllocations", cSettings: strictC),
        .executableTarget(
            name: "leasehold-bench",
            dependencies: [
                "CLeaseholdBench", "LeaseholdModel", "LeaseholdBroker", "LeaseholdDevices", "LeaseholdLog",
                "LeaseholdWire", "LeaseholdFleet", "LeaseholdPlatform", "LeaseholdTransport", "LeaseholdClient",
                "LeaseholdCoordinator", "ProcessHarness", "leasehold-coordinator", "leasehold-agent", "leasectl",
                argumentParser,
            ],
            swiftSettings: strict),

        // Tests: one target for each room, and those that start real processes.
        .testTarget(name: "LeaseholdModelTests", dependencies: ["LeaseholdModel"], swiftSettings: strict),
        .testTarget(name: "LeaseholdChecksumTests", dependencies: ["LeaseholdChecksum"], swiftSettings: strict),
        .testTarget(
            name: "LeaseholdBrokerTests",
            dependencies: [
                "LeaseholdModel", "LeaseholdChecksum", "LeaseholdBroker", "LeaseholdLog", "LeaseholdSimulator",
                "LeaseholdCoordinator",
            ],
            exclude: ["Scenarios"], swiftSettings: strict),
        .testTarget(
            name: "LeaseholdDevicesTests", dependencies: ["LeaseholdModel", "LeaseholdDevices"], swiftSettings: strict),
        .testTarget(
            name: "LeaseholdLogTests",
            dependencies: ["LeaseholdModel", "LeaseholdChecksum", "LeaseholdLog", "LeaseholdSimulator"],
            exclude: ["Golden", "Outsider/verify_proof.py"], swiftSettings: strict),
        .testTarget(
            name: "LeaseholdWireTests", dependencies: ["LeaseholdModel", "LeaseholdChecksum", "LeaseholdWire"],
            swiftSettings: strict),
        .testTarget(
            name: "LeaseholdFleetTests", dependencies: ["LeaseholdModel", "LeaseholdFleet"], swiftSettings: strict),
        .testTarget(
            name: "LeaseholdProtocolTests", dependencies: ["LeaseholdModel", "LeaseholdBroker", "LeaseholdProtocol"],
            swiftSettings: strict),
        .testTarget(name: "ExplorerTests", swiftSettings: strict),
        .testTarget(
            name: "LeaseholdSimulatorTests", dependencies: ["LeaseholdModel", "LeaseholdSimulator"],
            swiftSettings: strict),
        // The double shares the declarations of the platform's shim, and links none of it.
        .target(
            name: "NVMLDouble", path: "Tests/NVMLDouble",
            cSettings: strictC + [.headerSearchPath("../../Sources/CLeaseholdPlatform/include")]),
        .testTarget(
            name: "LeaseholdPlatformTests",
            dependencies: [
                "LeaseholdModel", "LeaseholdDevices", "LeaseholdLog", "LeaseholdPlatform", "LeaseholdSimulator",
            ],
            exclude: ["Container/read_cdi.py"], swiftSettings: strict),
        .testTarget(
            name: "LeaseholdTransportTests",
            dependencies: ["LeaseholdModel", "LeaseholdWire", "LeaseholdTransport"] + nio, swiftSettings: strict),
        .testTarget(
            name: "LeaseholdClientTests",
            dependencies: ["LeaseholdModel", "LeaseholdWire", "LeaseholdTransport", "LeaseholdClient"] + nio,
            swiftSettings: strict),
        .testTarget(
            name: "LeaseholdCommandTests",
            dependencies: [
                "LeaseholdModel", "LeaseholdChecksum", "LeaseholdWire", "LeaseholdTransport", "LeaseholdClient",
                "LeaseholdCommand", "LeaseholdLog", "LeaseholdPlatform", argumentParser,
            ] + nio,
            swiftSettings: strict),
        .testTarget(
            name: "LeaseholdCoordinatorTests",
            dependencies: [
                "LeaseholdModel", "LeaseholdBroker", "LeaseholdLog", "LeaseholdPlatform", "LeaseholdTransport",
                "LeaseholdProtocol", "LeaseholdCoordinator", logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "LeaseholdAgentTests",
            dependencies: [
                "LeaseholdModel", "LeaseholdDevices", "LeaseholdLog", "LeaseholdProtocol", "LeaseholdPlatform",
                "LeaseholdAgent",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "LeaseholdProgramTests",
            dependencies: ["LeaseholdModel", "LeaseholdPlatform", "LeaseholdTransport", "LeaseholdProgram"],
            swiftSettings: strict),
        .target(
            name: "ProcessHarness",
            dependencies: ["LeaseholdModel", "LeaseholdFleet", "LeaseholdTransport"], path: "Tests/ProcessHarness",
            swiftSettings: strict),
        .testTarget(
            name: "ProcessTests",
            dependencies: [
                "ProcessHarness", "LeaseholdModel", "LeaseholdFleet", "LeaseholdPlatform", "LeaseholdTransport",
                "LeaseholdClient", "leasehold-coordinator", "leasehold-agent", "leasectl", "leasehold-sim",
                "leasehold-bench",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "trace-fleet",
            dependencies: ["ProcessHarness", "leasehold-coordinator", "leasehold-agent", "leasectl"],
            path: "Tests/TraceFleet", swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ]
)
