import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

/// The files as a runtime reads them that has neither this program nor its language.
///
/// `read_cdi.py` was written from the specification, its schema and the checks of its library; it needs `python3`.
@Suite("An outsider's reading of CDI files")
struct CDIReaderTests {
    private let scratch = Scratch()
    private var path: String { scratch.path(of: "cdi") }

    private struct Device: Decodable {
        struct Node: Decodable, Hashable {
            let path: String
            let type: String
            let major: UInt32
            let minor: UInt32
            let permissions: String
        }
        let device: String
        let file: String
        let env: [String]
        let deviceNodes: [Node]
        let mounts: [String]
        let hooks: [String]
    }

    private func read() throws -> (status: Int32, devices: [Device], error: String) {
        let process = Process()
        let (out, error) = (Pipe(), Pipe())
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "read_cdi.py")
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script.path, path]
        process.standardOutput = out
        process.standardError = error
        try process.run()
        let said = out.fileHandleForReading.readDataToEndOfFile()
        let complained = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let devices = try said.split(separator: 0x0A).map { try JSONDecoder().decode(Device.self, from: $0) }
        return (process.terminationStatus, devices, String(decoding: complained, as: UTF8.self))
    }

    @Test("every kind of grant loads beside the others, and a container gets its nodes and one variable and no more")
    func loads() throws {
        let live = [
            try PlayedBoard.specification(1, .gpu(PlayedBoard.gpus[0])),
            try PlayedBoard.specification(2, PlayedBoard.slice(2, 1)),
            try PlayedBoard.specification(
                3, PlayedBoard.slice(2, 2), PlayedBoard.slice(3, 1), .gpu(PlayedBoard.gpus[1])),
        ]
        try CDIDirectory(path).settle(on: live)
        let (status, devices, error) = try read()
        #expect(status == 0, "\(error)")
        #expect(devices.map(\.device) == live.map(\.qualifiedName))
        for (device, one) in zip(devices, live) {
            #expect(device.file == CDIKind.lease.fileName(of: one.grant))
            #expect(device.env == ["NVIDIA_VISIBLE_DEVICES=void"])
            #expect(device.mounts.isEmpty && device.hooks.isEmpty)
            let nodes = one.nodes.map { node in
                Device.Node(
                    path: node.path, type: "c", major: node.number.major, minor: node.number.minor,
                    permissions: node.role == .capability ? "r" : "rw")
            }
            #expect(device.deviceNodes == nodes)
        }
    }

    @Test("a node full of grants loads, under the longest names that there are")
    func full() throws {
        let epoch = Epoch(reign: Reign(rawValue: .max), index: RecordIndex(rawValue: .max))
        let live = try [2, 3].flatMap { gpu in
            try PlayedBoard.instances.map { instance in
                try CDISpecification(
                    grant: CDIName(
                        lease: LeaseID(rawValue: .max - UInt64(gpu) * 8 - UInt64(instance)), epoch: epoch,
                        slot: NodeSlot(rawValue: .max)),
                    devices: [PlayedBoard.slice(gpu, instance)], tables: PlayedBoard.tables())
            }
        }
        try CDIDirectory(path).settle(on: live)
        let (status, devices, error) = try read()
        #expect(status == 0, "\(error)")
        #expect(Set(devices.map(\.device)) == Set(live.map(\.qualifiedName)))
    }

    /// What is changed in a sound file, and what the reader says to it.
    private static let mistakes: [(String, String, String)] = [
        ("\"1.1.0\"", "\"1.2.0\"", "cdiVersion is 1.2.0"),
        ("\"cdiVersion\": \"1.1.0\",", "", "has no cdiVersion"),
        ("\"kind\"", "\"Kind\"", "unknown field Kind"),
        ("leasehold.dev/lease", "leasehold.dev", "has no class"),
        ("leasehold.dev/lease", "1leasehold.dev/lease", "has no vendor"),
        ("leasehold.dev/lease", "leasehold..dev/lease", "has no domain"),
        ("leasehold.dev/lease", "leasehold.dev/lease-", "has no class"),
        ("\"L1-1.1-0\"", "\"L1/1\"", "is no name"),
        ("\"L1-1.1-0\"", "\"L1-\"", "is no name"),
        ("\"type\": \"c\"", "\"type\": \"x\"", "type is x"),
        ("\"major\": 195", "\"major\": -1", "major is -1"),
        ("\"minor\": 255", "\"minor\": \"255\"", "is no integer"),
        ("\"minor\": 255", "\"minor\": 255.5", "is no integer"),
        ("\"rw\"", "\"rx\"", "permissions is rx"),
        ("\"path\"", "\"file\"", "unknown field file"),
        ("/dev/nvidiactl", "", "is empty"),
        ("/dev/nvidiactl", "/dev/nvidia0", "a device node twice"),
        ("NVIDIA_VISIBLE_DEVICES=void", "=void", "is no variable"),
        ("\"env\": [", "\"environment\": [", "unknown field environment"),
        ("\"name\"", "\"name\": \"a\", \"name\"", "a key twice"),
        ("\"devices\": [", "\"devices\": [], \"annotations\": [", "is no object"),
        ("}\n", "}", "not JSON"),
    ]

    @Test("the outsider refuses what a runtime would not load", arguments: mistakes)
    func strict(sound: String, mistaken: String, complaint: String) throws {
        let one = try PlayedBoard.specification(1, .gpu(PlayedBoard.gpus[0]))
        let text = String(decoding: one.bytes, as: UTF8.self)
        #expect(text.contains(sound))
        let changed =
            complaint == "not JSON"
            ? String(text.dropLast(3)) : text.replacing(sound, with: mistaken, maxReplacements: 1)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(changed.utf8).write(to: URL(filePath: "\(path)/\(PlayedBoard.file(1))"))
        let (status, _, error) = try read()
        #expect(status == 1 && error.contains(complaint), "\(error)")
    }

    @Test("the outsider refuses a name in two files")
    func twice() throws {
        let one = try PlayedBoard.specification(1, .gpu(PlayedBoard.gpus[0]))
        try CDIDirectory(path).settle(on: [one])
        try Data(one.bytes).write(to: URL(filePath: "\(path)/z.json"))
        let (status, _, error) = try read()
        #expect(status == 1 && error.contains("is in \(PlayedBoard.file(1)) too"), "\(error)")
    }
}
