import Testing

/// Cases that one planted fault per law does not cover.
@Suite("The laws, one by one")
struct RuleTests {
    /// The complaints of all laws about one text.
    private func complaints(_ path: String, _ text: String) -> [String] {
        Rule.all.flatMap { $0.complaints(about: text, at: path) }.map(\.message)
    }

    // MARK: Imports

    @Test(
        "every spelling of an import is seen",
        arguments: [
            "import NIOCore", "package import NIOCore", "private import NIOCore", "@preconcurrency import NIOCore",
            "@preconcurrency package import NIOCore", "import struct NIOCore.ByteBuffer", "import NIOCore.Sub",
            "#if os(Linux)\nimport NIOCore\n#endif",
        ])
    func everySpellingOfAnImportIsSeen(_ text: String) {
        let file = SourceFile(path: "Sources/LeaseholdModel/A.swift", text: text)
        #expect(Import.all(in: file).map(\.module) == ["NIOCore"])
        #expect(complaints(file.path, text).contains { $0.contains("may not import NIOCore") })
    }

    @Test("a word in a comment or a label is no import")
    func aWordInACommentIsNoImport() {
        let text = "// import NIOCore\nlet a = \"import NIOCore\"\nlet b = load(import: a)\n"
        #expect(complaints("Sources/LeaseholdModel/A.swift", text) == [])
    }

    @Test(
        "the forbidden arrows are refused",
        arguments: [
            ("LeaseholdModel", "LeaseholdChecksum"), ("LeaseholdLog", "LeaseholdWire"),
            ("LeaseholdWire", "LeaseholdLog"), ("LeaseholdBroker", "NIOCore"),
            ("LeaseholdProtocol", "Foundation"), ("LeaseholdBroker", "LeaseholdPlatform"),
            ("LeaseholdSimulator", "LeaseholdPlatform"), ("LeaseholdSimulator", "LeaseholdTransport"),
            ("LeaseholdSimulator", "NIOCore"), ("LeaseholdAgent", "LeaseholdCoordinator"),
            ("LeaseholdCoordinator", "LeaseholdAgent"), ("LeaseholdModel", "Glibc"), ("LeaseholdWire", "Dispatch"),
        ])
    func theForbiddenArrowsAreRefused(_ from: String, _ to: String) {
        #expect(complaints("Sources/\(from)/A.swift", "import \(to)").contains { $0.contains("may not import \(to)") })
        let manifest = ".target(name: \"\(from)\", dependencies: [\"\(to)\"])"
        #expect(complaints("Package.swift", manifest).contains { $0.contains("may not depend on \(to)") })
    }

    @Test("a conversion may hold Data, privately and only in Log and Wire")
    func aConversionMayHoldData() {
        let text = "private import FoundationEssentials"
        #expect(complaints("Sources/LeaseholdWire/Quote+Proto.swift", text) == [])
        #expect(complaints("Sources/LeaseholdLog/Conversion/Records.swift", text) == [])
        #expect(complaints("Sources/LeaseholdWire/Quote+Proto.swift", "import FoundationEssentials").count == 1)
        #expect(complaints("Sources/LeaseholdWire/Quote.swift", text).count == 1)
        #expect(complaints("Sources/LeaseholdModel/Quote+Proto.swift", text).count == 1)
    }

    @Test("arrows in the table lead to rooms on an earlier line, so there is no way round")
    func arrowsLeadDown() {
        var below: Set<String> = []
        for room in HouseTable.rooms {
            #expect(room.rooms.isSubset(of: below), "\(room.name)")
            #expect(below.insert(room.name).inserted, "\(room.name) has two rows")
        }
    }

    // MARK: Manifest

    @Test("the manifest is read through constants, nested arrows and test targets")
    func theManifestIsRead() {
        let text = """
            let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
            let package = Package(name: "leasehold", dependencies: [.package(url: "u", from: "1.0.0")], targets: [
                .target(name: "LeaseholdModel", swiftSettings: pure),
                .target(name: "A", dependencies: ["B", .target(name: "C"), protobuf, .byName(name: "D")]),
                .executableTarget(name: "e", dependencies: [.product(name: "F", package: "f")]),
                .testTarget(name: "T", dependencies: ["Z"]),
            ])
            """
        let targets = ManifestTarget.all(in: SourceFile(path: "Package.swift", text: text))
        let arrows = Dictionary(uniqueKeysWithValues: targets.map { ($0.name, $0.dependencies.map(\.name)) })
        #expect(arrows == ["LeaseholdModel": [], "A": ["B", "C", "SwiftProtobuf", "D"], "e": ["F"]])
        #expect(targets.flatMap(\.dependencies).filter { !$0.isReadable } == [])
    }

    @Test("an arrow that cannot be read is refused", arguments: ["[nameless]", "common + [\"LeaseholdModel\"]"])
    func anArrowThatCannotBeReadIsRefused(_ list: String) {
        let manifest = ".target(name: \"LeaseholdBroker\", dependencies: \(list))"
        #expect(complaints("Package.swift", manifest).contains { $0.contains("cannot be read") })
    }

    // MARK: Purity and reasons

    @Test("a pure target that reads a clock is refused, a worldly one is not")
    func aPureTargetThatReadsAClockIsRefused() {
        let text = "let now = ContinuousClock().now"
        #expect(complaints("Sources/LeaseholdDevices/A.swift", text).count == 1)
        #expect(complaints("Sources/LeaseholdPlatform/A.swift", text) == [])
    }

    @Test(
        "what draws chance, prints or starts a task is refused in a pure target",
        arguments: [
            "Int.random(in: 0..<2)", "list.shuffled()", "list.randomElement()", "UUID()", "print(1)", "key.hashValue",
            "var chance = SystemRandomNumberGenerator()", "\"now \\(Date.now)\"",
        ])
    func impurityIsRefused(_ text: String) {
        #expect(complaints("Sources/LeaseholdBroker/A.swift", text).count == 1)
    }

    @Test(
        "the order of a hash table is refused in every spelling",
        arguments: [
            "for (a, b) in table {}", "for a in table.keys {}", "for a in self.table.values where a > 1 {}",
            "for case let a in table.enumerated() {}",
        ])
    func hashOrderIsRefused(_ loop: String) {
        for declaration in [
            "let table: [A: B]", "var table = Set<A>()", "var table: Dictionary<A, B>", "let table = [A: B]()",
        ] {
            #expect(
                complaints("Sources/LeaseholdBroker/A.swift", "\(declaration)\n\(loop)").count == 1, "\(declaration)")
        }
        #expect(complaints("Sources/LeaseholdBroker/A.swift", "let table: [A]\n\(loop)") == [])
    }

    @Test(
        "a danger without a reason is refused",
        arguments: [
            "let a = try? b()", "final class A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1",
            "Task { a() }",
        ])
    func aDangerWithoutAReasonIsRefused(_ text: String) {
        let path = "Sources/LeaseholdAgent/A.swift"
        #expect(complaints(path, text).count == 1)
        #expect(complaints(path, "let above = 1  // speaks of another line\n" + text).count == 1)
        #expect(complaints(path, "// Why this one\n// is safe.\n" + text) == [])
        #expect(complaints(path, text + "  // Why this is safe.") == [])
    }

    // MARK: Words

    @Test(
        "a banned word is heard in every spelling",
        arguments: [
            "ttl", "leaseTTL", "TTLSeconds", "max_ttl", "keepAlive", "keep_alives", "KEEPALIVE", "Reservations",
            "preempted",
            "PreemptionPolicy", "packetCount", "LeaseManager", "StringHelpers", "utils",
        ])
    func aBannedWordIsHeard(_ identifier: String) {
        #expect(complaints("Sources/LeaseholdFleet/A.swift", "let \(identifier) = 1").count == 1)
        #expect(complaints("Sources/CLeaseholdPlatform/a.c", "int \(identifier) = 1;").count == 1)
        #expect(complaints("protos/leasehold/log/v1/a.proto", "uint64 \(identifier) = 1;").count == 1)
    }

    @Test(
        "words that only look alike are accepted",
        arguments: [
            "battle", "settle", "reserved", "throttling", "managed", "FileManager", "keepsAlive", "util",
        ])
    func wordsThatLookAlikeAreAccepted(_ identifier: String) {
        #expect(complaints("Sources/LeaseholdFleet/A.swift", "let \(identifier) = 1") == [])
    }

    // MARK: Sizes and descriptions

    @Test("a long initialiser is refused, a long protocol is not")
    func aLongInitialiserIsRefused() {
        let steps = String(repeating: "    step()\n", count: 80)
        let requirements = String(repeating: "    func step() -> Int\n", count: 80)
        let path = "Sources/LeaseholdFleet/A.swift"
        #expect(complaints(path, "struct A {\n  init?<T>(_ t: T) throws(E) where T: B {\n\(steps)}\n}").count == 1)
        #expect(complaints(path, "protocol A {\n\(requirements)}\n") == [])
        #expect(complaints(path, "protocol A { func a() }\nstruct B {\n\(steps)}\n") == [])
    }

    @Test(
        "every kind of declaration needs a description",
        arguments: [
            "package func a() {}", "package var a: Int { 1 }", "package static var a: Int { 1 }", "package enum A {}",
            "package final class A {}", "package actor A {}", "package protocol A {}", "package typealias A = B",
            "package subscript(a: Int) -> Int { 1 }", "package init(a: Int) { self.a = a + 1 }", "public func a() {}",
            "@inlinable package mutating func a() {}", "package class func a() {}",
            "extension A {\n    package func a() {}\n}", "package nonisolated(nonsending) func a() {}",
            "/// Far away.\n\npackage func a() {}",
        ])
    func everyDeclarationNeedsADescription(_ text: String) {
        let path = "Sources/LeaseholdFleet/A.swift"
        #expect(complaints(path, text).count == 1)
        guard !text.contains("\n") else { return }
        #expect(complaints(path, "/// What it is.\n" + text) == [])
        #expect(complaints(path, "/// What it is.\n@available(*, noasync)\n// swift-format-ignore\n" + text) == [])
    }

    @Test(
        "what explains itself needs no description",
        arguments: [
            "package let a = 1", "package private(set) var a = 1", "package static func + (a: A, b: A) -> A {}",
            "package import LeaseholdModel", "package init(a: Int, b: Int) { self.a = a\nself.b = b }", "func a() {}",
            "package static func == (a: A, b: A) -> Bool { true }", "package func hash(into hasher: inout Hasher) {}",
            "package var description: String { \"\" }", "package init?(rawValue: Int) { nil }",
            "package var rawValue: Int { 1 }",
            "let a = tag(package: 1)", "internal package(set) var a = 1",
        ])
    func whatExplainsItselfNeedsNoDescription(_ text: String) {
        #expect(complaints("Sources/LeaseholdFleet/A.swift", text) == [])
    }

    // MARK: Leftovers, sleep, layout

    @Test(
        "work left for later is refused wherever it hides",
        arguments: [
            "// TODO: more", "// FIXME", "/* XXX */", "throw Failure(\"Not implemented\")",
        ])
    func workLeftForLaterIsRefused(_ text: String) {
        for path in ["Sources/LeaseholdFleet/A.swift", "Tests/FleetTests/A.swift", "protos/leasehold/wire/v1/a.proto"] {
            #expect(complaints(path, text).count == 1, "\(path)")
        }
    }

    @Test(
        "a test that sleeps is refused",
        arguments: [
            "sleep(1)", "try await Task.sleep(nanoseconds: 1)", "Thread.sleep(forTimeInterval: 1)",
            "try await clock.sleep(for: a)",
        ])
    func aTestThatSleepsIsRefused(_ text: String) {
        #expect(complaints("Tests/AgentTests/A.swift", text).count == 1)
        #expect(complaints("Sources/LeaseholdPlatform/A.swift", text) == [])
    }

    @Test("generated code is nobody's style")
    func generatedCodeIsNobodysStyle() {
        let text = "import Foundation\nfatalError(\"\")\npublic func keepAlive() {}\n// TODO: generate\n"
        #expect(complaints("Sources/LeaseholdWire/Generated/a.pb.swift", text) == [])
    }

    @Test("a drawer is refused as a folder too")
    func aDrawerIsRefusedAsAFolder() {
        #expect(complaints("Tests/FleetTests/Helpers/A.swift", "").count == 1)
        #expect(complaints("Tests/FleetTests/Misc.swift", "").count == 1)
    }
}
