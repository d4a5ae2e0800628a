import Foundation
import ProcessHarness
import Testing

extension ProcessTests {
    @Test("flags and settings that the coordinator cannot mean are named, with what was expected; nothing is made")
    func wrongCoordinatorFlags() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        try folder.write("", to: "file")
        try folder.write("state-dir: x\nlisen: 127.0.0.1:0\n", to: "near-miss.yaml")
        try folder.write("state-dir: [x\nlisten: 3", to: "broken.yaml")
        try folder.write("state-dir: x\nplaintext: maybe\n", to: "type.yaml")
        try folder.write("listen:\n  a: b\n", to: "mapping.yaml")
        try folder.write("- x\n", to: "list.yaml")
        try folder.write("hold: 1s\nhold: 2s\n", to: "twice.yaml")
        try folder.write(Data([0x68, 0x3A, 0x20, 0xFF]), to: "binary.yaml")
        try folder.check(
            "leasehold-coordinator",
            [
                Mistake("fly", 2, "'fly'"),
                Mistake("init", 2, "--state-dir"),
                Mistake("init --state-dir", 2, "Missing value", "--state-dir"),
                Mistake("init --state-dir {new}", 2, "--cluster"),
                Mistake("init --state-dir '' --cluster a", 2, "--state-dir is \"\"", "path of a directory"),
                Mistake("init --state-dir {new} --cluster a~b", 2, "--cluster is \"a b\"", "1 to 63 letters"),
                Mistake("init --state-dir {new} --cluster ''", 2, "--cluster is \"\""),
                Mistake("init --state-dir {new} --cluster a --bogus 1", 2, "--bogus"),
                Mistake("init --state-dir {new} --cluster a --segment-size x", 2, "\"x\"", "64MiB"),
                Mistake("init --state-dir {new} --cluster a --segment-size 1TiB", 2, "\"1TiB\"", "at most 1GiB"),
                Mistake("init --state-dir {new} --cluster a --segment-size 4KiB", 2, "4096 bytes", "at least 4MiB"),
                Mistake("init --state-dir {new} --cluster a --segment-size 4194305", 2, "4194305", "multiple of 4096"),
                Mistake("init --state-dir {file}/x --cluster a", 1, "a part of the path is a file"),
                Mistake("init --state-dir /proc/x --cluster a", 1, "/proc/x"),
                Mistake("run", 2, "--state-dir"),
                Mistake("run --state-dir {new} --plaintext", 1, "holds no log", "init makes one"),
                Mistake("run --state-dir '' --plaintext", 2, "--state-dir is \"\""),
                Mistake("run --state-dir {new}", 2, "--plaintext"),
                Mistake("run --state-dir {new} --plaintext --bogus", 2, "--bogus"),
                Mistake("run --state-dir {new} --plaintext --listen 0.0.0.0:7400", 2, "0.0.0.0:7400", "loopback only"),
                Mistake("run --state-dir {new} --plaintext --listen 127.0.0.1:99999", 2, "--listen", "HOST:PORT"),
                Mistake("run --state-dir {new} --plaintext --http 192.0.2.1:80", 2, "192.0.2.1:80", "loopback only"),
                Mistake("run --state-dir {new} --plaintext --http [::1", 2, "--http is \"[::1\"", "HOST:PORT"),
                Mistake("run --state-dir {new} --plaintext --hold 5x", 2, "--hold is \"5x\"", "90s"),
                Mistake("run --state-dir {new} --plaintext --hold 0s", 2, "hold 0s", "1s to 1d"),
                Mistake("run --state-dir {new} --plaintext --hold 3d", 2, "hold 3d", "1s to 1d"),
                Mistake("run --state-dir {new} --plaintext --hold=-1s", 2, "--hold is \"-1s\""),
                Mistake("run --state-dir {new} --plaintext --eviction 2h", 2, "eviction 2h", "100ms to 1h"),
                Mistake("run --state-dir {new} --plaintext --eviction 10", 2, "--eviction is \"10\""),
                Mistake("run --state-dir {new} --plaintext --clock-rate-error 1", 2, "is \"1\"", "such as 1%"),
                Mistake("run --state-dir {new} --plaintext --clock-rate-error nan%", 2, "nan%", "such as 1%"),
                Mistake("run --state-dir {new} --plaintext --clock-rate-error 50%", 2, "50.0%", "0% to 20%"),
                Mistake("run --config", 2, "--config"),
                Mistake("run --config {nosuch}", 2, "--config", "nosuch", "No such file"),
                Mistake("run --config /tmp", 2, "--config", "Is a directory"),
                Mistake("run --config {near-miss.yaml}", 2, "near-miss.yaml:2", "\"lisen\"", "did you mean listen?"),
                Mistake("run --config {broken.yaml}", 2, "broken.yaml:2", "is not YAML"),
                Mistake("run --config {type.yaml}", 2, "type.yaml:2", "\"maybe\"", "true or false"),
                Mistake("run --config {mapping.yaml}", 2, "mapping.yaml:1", "listen", "is a mapping"),
                Mistake("run --config {list.yaml}", 2, "list.yaml:1", "is a list", "expected a mapping"),
                Mistake("run --config {twice.yaml}", 2, "twice.yaml:1", "\"hold\"", "more than once"),
                Mistake("run --config {binary.yaml}", 2, "binary.yaml:1", "0xff", "UTF-8"),
                Mistake("verify", 2, "--state-dir"),
                Mistake("verify --state-dir {new}", 1, "holds no log"),
                Mistake("verify --state-dir {file}", 1, "a part of the path is a file"),
                Mistake("verify --state-dir {new} -o xml", 2, "-o is \"xml\"", "table or json"),
            ])
        #expect(!folder.exists("new"))
    }

    @Test("a calendar is sped up for tests on loopback only, by a whole number up to the limit; no log is touched")
    func wrongCalendarSpeed() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        try folder.write("state-dir: x\nplaintext: true\nhttp: 192.0.2.1:80\ncalendar-speed: 60480\n", to: "open.yaml")
        try folder.check(
            "leasehold-coordinator",
            [
                Mistake("run --state-dir {new} --plaintext --calendar-speed fast", 2, "\"fast\"", "such as 3600"),
                Mistake("run --state-dir {new} --plaintext --calendar-speed 0", 2, "is 0", "1 to 100000"),
                Mistake("run --state-dir {new} --plaintext --calendar-speed 100001", 2, "is 100001", "1 to 100000"),
                Mistake(
                    "run --state-dir {new} --plaintext --calendar-speed 2 --listen 0.0.0.0:7400", 2,
                    "--calendar-speed is 2", "0.0.0.0:7400", "tests on loopback only"),
                Mistake(
                    "run --state-dir {new} --calendar-speed 2 --http 192.0.2.1:80", 2, "192.0.2.1:80",
                    "tests on loopback only"),
                Mistake("run --config {open.yaml}", 2, "--calendar-speed is 60480", "192.0.2.1:80"),
                // One that begins as the wall clock runs is nobody's test.
                Mistake("run --state-dir {new} --plaintext --calendar-speed 1", 1, "holds no log"),
            ])
        #expect(!folder.exists("new"))
    }

    @Test("a log's directory serves one coordinator, one kind and one cluster; all else is turned away and named")
    func wrongLogDirectories() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        let make = { (name: String, cluster: String) in
            let arguments = folder.arguments("init --state-dir {\(name)} --cluster \(cluster) --segment-size 4MiB")
            let answer = try run("leasehold-coordinator", arguments)
            #expect(answer.status == 0, "\(answer.complaint)")
        }
        try make("log", "one")
        try make("mixed", "two")
        try make("gone", "three")
        try FileManager.default.createDirectory(atPath: folder.path("full"), withIntermediateDirectories: true)
        try folder.write("mine", to: "full/notes.txt")
        let coordinator = try Program(
            "leasehold-coordinator",
            folder.arguments("run --state-dir {log} --plaintext --listen 127.0.0.1:0 --http none"),
            output: folder.url.appendingPathComponent("log.out"))
        defer { coordinator.killNow() }
        let address = try coordinator.line(containing: "serving on ").split(separator: " ").last.map(String.init) ?? ""
        for name in ["t1", "t2", "t3", "t4", "t5", "t6"] {
            _ = try run("leasectl", ["tenant", "create", name, "--gpus", "1", "--coordinator", address])
        }
        let holder = "in use by coordinator, process \(coordinator.processID)"
        let mixed = try folder.contents(of: "mixed")
        try folder.check(
            "leasehold-coordinator",
            [
                Mistake("init --state-dir {log} --cluster one", 1, "holds a log already"),
                Mistake("init --state-dir {full} --cluster one", 1, "not empty", "notes.txt", "of its own"),
                Mistake("run --state-dir {log} --plaintext --listen 127.0.0.1:0 --http none", 4, holder),
                Mistake("run --state-dir {mixed} --plaintext --listen \(address) --http none", 1, address, "in use"),
                Mistake("run --state-dir {mixed} --plaintext --listen 127.0.0.1:0 --http \(address)", 1, "in use"),
                Mistake("verify --state-dir {log}", 0, "cluster   one"),
            ])
        coordinator.expectDrain()
        #expect(mixed.count == (try folder.contents(of: "mixed")).count)

        // The identity of one cluster above the segments of another, and above none.
        let identity = try Data(contentsOf: folder.url.appendingPathComponent("log/IDENTITY"))
        try folder.write(identity, to: "mixed/IDENTITY")
        try FileManager.default.removeItem(atPath: folder.path("gone/0000000001.segment"))
        try folder.write("junk", to: "full/IDENTITY")
        let before = try folder.contents(of: "mixed")
        try folder.check(
            "leasehold-coordinator",
            [
                Mistake("verify --state-dir {mixed}", 4, "belongs to log", "expected log"),
                Mistake("run --state-dir {mixed} --plaintext", 4, "belongs to log", "expected log"),
                Mistake("verify --state-dir {gone}", 3, "no segment"),
                Mistake("run --state-dir {gone} --plaintext", 3, "no segment"),
                Mistake("run --state-dir {full} --plaintext", 3, "IDENTITY", "expected 6"),
            ])
        #expect(try folder.contents(of: "mixed").filter { $0.key != "LOCK" } == before.filter { $0.key != "LOCK" })
    }

    @Test(
        "whoever stops reading what a program prints does it no harm",
        arguments: ["leasehold-coordinator", "leasehold-agent", "leasectl"])
    func readerGone(program: String) throws {
        let process = Process()
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        process.executableURL = Program.directory.appendingPathComponent(program)
        process.arguments = ["--help"]
        process.standardOutput = pipe
        try process.run()
        process.waitUntilExit()
        let isKilledByPipe = process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGPIPE
        #expect(process.terminationReason == .exit || isKilledByPipe, "signal \(process.terminationStatus)")
    }

    @Test("a flipped byte is refused with its place, by run and verify alike; a torn tail is cut, and said")
    func damagedLogs() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        let cluster = LocalCluster([], in: folder.url, hold: "3s", eviction: "1s")
        try cluster.initialise()
        try cluster.startCoordinator()
        for name in ["t1", "t2", "t3", "t4", "t5", "t6"] { try cluster.must("tenant", "create", name, "--gpus", "1") }
        cluster.coordinator?.expectDrain()
        try folder.copy("coordinator", to: "rotten")
        try folder.copy("coordinator", to: "torn")
        let segment = "0000000001.segment"
        var bytes = try #require(try folder.contents(of: "coordinator")[segment])
        let end = try #require(bytes.lastIndex { $0 != 0 }) + 1

        // The file is sectors of 512 bytes: the header's, then the reign's, then one for each group and seal.
        let sector = end / 2 / 512
        bytes[sector * 512 + 40] ^= 0x40
        try folder.write(bytes, to: "rotten/\(segment)")
        let before = try folder.contents(of: "rotten").filter { $0.key != "LOCK" }
        let place = "damaged: segment 1, offset \(sector * 512), record "
        try folder.check(
            "leasehold-coordinator",
            [
                Mistake("verify --state-dir {rotten}", 3, place, "checksum", "not a torn write"),
                Mistake("verify --state-dir {rotten} -o json", 3, "\"isGood\":false", place),
                Mistake("run --state-dir {rotten} --plaintext", 3, place, "checksum", "not a torn write"),
            ])
        #expect(try folder.contents(of: "rotten").filter { $0.key != "LOCK" } == before)

        bytes[sector * 512 + 40] ^= 0x40
        let tail = (end + 511) / 512 * 512
        for offset in 0..<700 { bytes[tail + offset] = UInt8(offset % 250 + 1) }
        try folder.write(bytes, to: "torn/\(segment)")
        let cut = "torn tail of 1024 bytes cut at offset \(tail) of segment 1"
        try folder.check("leasehold-coordinator", [Mistake("verify --state-dir {torn}", 3, cut)])
        let coordinator = try Program(
            "leasehold-coordinator",
            folder.arguments("run --state-dir {torn} --plaintext --listen 127.0.0.1:0 --http none"),
            output: folder.url.appendingPathComponent("torn.out"))
        defer { coordinator.killNow() }
        _ = try coordinator.line(containing: "serving on ")
        #expect(coordinator.printed.contains(cut))
        coordinator.expectDrain()
        #expect(folder.exists("torn/\(segment).torn"), "what was cut is kept")
        try folder.check("leasehold-coordinator", [Mistake("verify --state-dir {torn}", 0, "end       sealed")])
    }
}
