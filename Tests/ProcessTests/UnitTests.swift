import Foundation
import ProcessHarness
import Testing

extension ProcessTests {
    /// A unit as it ships.
    struct Unit {
        let name: String
        let text: String
        private var settings: [String: String] = [:]

        init(_ name: String) throws {
            self.name = name
            let deploy = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../deploy")
            text = try String(
                contentsOf: deploy.appending(path: "systemd/leasehold-\(name).service"), encoding: .utf8)
            for line in text.split(separator: "\n") where !line.hasPrefix("#") && !line.hasPrefix("[") {
                let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                try #require(parts.count == 2 && settings[parts[0]] == nil, "\(name): \(line)")
                settings[parts[0]] = parts[1]
            }
        }

        /// What a setting says; nil where it is not there.
        subscript(setting: String) -> String? { settings[setting] }

        /// A setting of whole seconds.
        func seconds(_ setting: String) throws -> Int {
            let text = try #require(settings[setting], "\(name): no \(setting)")
            return try #require(text.last == "s" ? Int(text.dropLast()) : nil, "\(name): \(setting)=\(text)")
        }

        /// The program and what it is told.
        func command() throws -> [String] {
            try #require(settings["ExecStart"]).split(separator: " ").map(String.init)
        }
    }

    static let unitNames = ["coordinator", "agent", "guard"]

    @Test(
        "the units that ship start their programs as the programs want to be started, and are told when they are ready",
        arguments: unitNames)
    func units(name: String) throws {
        let unit = try Unit(name)
        #expect(unit["Type"] == "notify" && unit["NotifyAccess"] == "main")
        let words = try unit.command()
        let program = try #require(words[0].split(separator: "/").last).description
        let help = try run(program, [words[1], "--help"])
        #expect(help.status == 0)
        for flag in words.dropFirst(2) where flag.hasPrefix("--") {
            #expect(help.output.contains(flag), "\(program) \(words[1]) has no \(flag)")
        }
    }

    @Test("units are started again, however they end, but where another start finds the same", arguments: unitNames)
    func restarts(name: String) throws {
        let unit = try Unit(name)
        #expect(unit["StartLimitIntervalSec"] == "0")
        #expect(unit["Restart"] == (name == "guard" ? "always" : "on-failure"))
        #expect(unit["RestartPreventExitStatus"] == (name == "guard" ? "2" : "2 3"))
        #expect(try unit.seconds("RestartSec") < unit.seconds("RestartMaxDelaySec"))
        #expect(try unit.seconds("WatchdogSec") > 0)
        // One that hangs leaves no book on the disk.
        #expect(unit["WatchdogSignal"] == "SIGKILL" || unit["LimitCORE"] == "0" || name == "agent")
        // A log is made by `init` alone: without one there is nothing to start again.
        let needed = name == "coordinator" ? "/var/lib/leasehold/coordinator/IDENTITY" : nil
        #expect(unit["AssertPathExists"] == needed)
    }

    @Test("a guard's unit ends in time what a guard that hangs or dies leaves behind (L5, L6)")
    func guardUnit() throws {
        let unit = try Unit("guard")
        let words = try unit.command()
        let flag = try #require(words.firstIndex(of: "--eviction"))
        let eviction = try #require(Int(words[flag + 1].dropLast()))
        // Within a second of the watchdog's SIGKILL all is gone; GuardShell refuses what is more.
        #expect(try unit.seconds("WatchdogSec") + 1 <= eviction)
        // The same K that a coordinator promises by default.
        let help = try run("leasehold-coordinator", ["run", "--help"])
        #expect(help.output.contains("(default: \(eviction)s)"))
        let shipped = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../deploy/config/coordinator.yaml")
        #expect(try String(contentsOf: shipped, encoding: .utf8).contains("\neviction: \(eviction)s\n"))
        #expect(unit["WatchdogSignal"] == "SIGKILL")
        #expect(unit["KillMode"] == "mixed")
        #expect(unit["OOMPolicy"] == "continue" && unit["OOMScoreAdjust"] == "-900")
        #expect(unit["Delegate"] == "yes" && unit["ProtectControlGroups"] == nil)
        // Ready before its agent starts, and stopped after it.
        #expect(try Unit("agent")["After"]?.contains("leasehold-guard.service") == true)
        #expect(unit["After"] == nil && unit["TimeoutStartSec"] == nil)
    }

    @Test("a machine is told who the units run as, and where that user may write", arguments: unitNames)
    func users(name: String) throws {
        let unit = try Unit(name)
        let deploy = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../deploy/systemd")
        func lines(_ file: String) throws -> [[Substring]] {
            try String(contentsOf: deploy.appending(path: file), encoding: .utf8).split(separator: "\n")
                .filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ") }
        }
        let user = try #require(unit["User"])
        #expect(try lines("leasehold.sysusers").contains { $0.first == "u" && $0[1] == user })
        let directory = "/var/lib/" + (try #require(unit["StateDirectory"]))
        let mode = try #require(unit["StateDirectoryMode"])
        #expect(
            try lines("leasehold.tmpfiles").contains { $0.map(String.init) == ["d", directory, mode, user, user] })
    }

    @Test(
        "systemd finds nothing to complain of in a unit",
        .enabled(if: FileManager.default.isExecutableFile(atPath: analyzer)), arguments: unitNames)
    func verified(name: String) throws {
        let unit = try Unit(name)
        let folder = FileManager.default.temporaryDirectory.appending(path: "units-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Its programs are not installed here.
        let file = folder.appending(path: "leasehold-\(name).service")
        try unit.text.replacing("/usr/local/bin/", with: Program.directory.path + "/")
            .write(to: file, atomically: true, encoding: .utf8)
        let process = Process()
        let complaints = Pipe()
        process.executableURL = URL(filePath: Self.analyzer)
        process.arguments = ["verify", file.path]
        process.standardError = complaints
        try process.run()
        let said = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        // An older systemd leaves out what it does not know.
        let newer = ["'RestartSteps'", "'RestartMaxDelaySec'"]
        let lines = said.split(separator: "\n").filter { line in !newer.contains { line.contains($0) } }
        #expect(process.terminationStatus == 0 && lines == [])
    }

    static let analyzer = "/usr/bin/systemd-analyze"
}
