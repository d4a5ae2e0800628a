import Foundation

/// Swift that `protoc` wrote from the schemas of one package.
///
/// It is committed, so that a build needs no `protoc`, and never edited.
struct GeneratedCode: Sendable, CustomStringConvertible {
    /// The folder of the schemas below `protos`.
    let schemas: String
    /// The folder of the Swift.
    let folder: String

    /// All generated code of the house.
    static let all = [
        GeneratedCode(schemas: "leasehold/wire/v1", folder: "Sources/LeaseholdWire/Generated"),
        GeneratedCode(schemas: "leasehold/log/v1", folder: "Sources/LeaseholdLog/Generated"),
    ]

    /// The plugin that writes Swift; `Tests/run` builds it and says where it lies.
    static let plugin = ProcessInfo.processInfo.environment["LEASEHOLD_PROTOC_GEN_SWIFT"]

    /// Whether code can be generated here: the compiler is on `PATH` and the plugin has been built.
    static let canRun = plugin != nil && House.run(["protoc", "--version"]).status == 0

    /// What a test shows for this.
    var description: String { folder }

    /// The schemas, from the folder `protos`.
    var sources: [String] {
        House.files.map(\.path).filter { $0.hasPrefix("protos/\(schemas)/") && $0.hasSuffix(".proto") }
            .map { String($0.dropFirst("protos/".count)) }
    }

    /// The command that writes the code anew into a folder.
    func command(plugin: String, into output: String) -> [String] {
        [
            "protoc", "--plugin=protoc-gen-swift=\(plugin)", "--swift_opt=Visibility=Internal",
            "--swift_opt=UseAccessLevelOnImports=true", "--swift_opt=FileNaming=DropPath", "--swift_out=\(output)",
            "-I", "protos",
        ] + sources
    }

    /// The bytes that are committed, by file name.
    func committed() -> [String: Data] {
        let names = House.files.filter { $0.path.hasPrefix(folder + "/") }.map { String($0.name) }
        return Dictionary(names.map { ($0, House.contents(of: "\(folder)/\($0)") ?? Data()) }) { first, _ in first }
    }

    /// The bytes that the schemas give today, by file name.
    ///
    /// - Throws: `CocoaError` when a temporary folder cannot be made, `GenerationFailure` when the compiler refuses.
    func regenerated() throws -> [String: Data] {
        guard let plugin = Self.plugin, !sources.isEmpty else { return [:] }
        let output = FileManager.default.temporaryDirectory.appending(path: "leasehold-generated-\(UUID())")
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: output) }
        let result = House.run(command(plugin: plugin, into: output.path))
        guard result.status == 0 else { throw GenerationFailure(output: result.output) }
        let names = try FileManager.default.contentsOfDirectory(atPath: output.path)
        let files = try names.map { ($0, try Data(contentsOf: output.appending(path: $0))) }
        return Dictionary(uniqueKeysWithValues: files)
    }

    /// Complains about each file whose bytes differ, or that only one side has.
    func complaints(committed: [String: Data], regenerated: [String: Data]) -> [Complaint] {
        let generation = command(plugin: ".build/release/protoc-gen-swift", into: folder).joined(separator: " ")
        let repair = "swift build -c release --product protoc-gen-swift && mkdir -p \(folder) && \(generation)"
        return Set(committed.keys).union(regenerated.keys).sorted().compactMap { name in
            guard committed[name] != regenerated[name] else { return nil }
            let fault = if regenerated[name] == nil { "has no schema" } else { "is not what its schema gives" }
            let instead = regenerated[name] == nil ? "git rm \(folder)/\(name)" : repair
            return Complaint(path: "\(folder)/\(name)", line: 1, message: "\(fault) → \(instead)")
        }
    }
}

/// The schema compiler refused.
struct GenerationFailure: Error {
    /// What it said.
    let output: String
}
