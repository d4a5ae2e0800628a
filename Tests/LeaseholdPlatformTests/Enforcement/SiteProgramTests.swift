import Foundation
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("The site's own programs")
struct SiteProgramTests {
    private let scratch = Scratch()

    private func program(_ text: String, limit: Span = .seconds(20)) throws -> SiteProgram {
        SiteProgram(path: try scratch.program("hook", text), arguments: ["first"], limit: limit)
    }

    @Test("its exit status decides, and what it says is kept")
    func status() throws {
        #expect(
            try program("echo \"$1 $2 $FACT\"").run(["second"], environment: ["FACT": "7"])
                == .succeeded(said: "first second 7"))
        #expect(try program("echo bad >&2; exit 3").run() == .failed(status: 3, said: "bad"))
        #expect(try program("kill -9 $$").run() == .failed(status: 137, said: ""))
        #expect(try program("exit 3").run().outcome == .failed(reason: "exit status 3"))
        #expect(try program("echo clean").run().outcome == .done(evidence: "exit status 0: clean"))
    }

    @Test("it inherits no more than a search path, and nothing on standard input")
    func environment() throws {
        setenv("LEASEHOLD_SECRET_OF_A_TEST", "7", 1)
        guard case .succeeded(let said) = try program("cat; env | cut -d= -f1 | sort | tr '\\n' ' '").run() else {
            return #expect(Bool(false), "it failed")
        }
        let names = Set(said.split(separator: " ").map(String.init))
        #expect(names.contains("PATH") && !names.contains("LEASEHOLD_SECRET_OF_A_TEST"))
    }

    @Test("the end of what it says is kept, however much it says")
    func muchSaid() throws {
        guard case .succeeded(let said) = try program("seq 1 100000; echo last").run() else {
            return #expect(Bool(false), "it failed")
        }
        #expect(said.hasSuffix("\nlast") && said.utf8.count <= 512)
    }

    @Test("of one that answers, the beginning is kept")
    func answers() throws {
        let path = try program("echo first; seq 1 100000").path
        guard case .succeeded(let said) = SiteProgram(path: path, hearing: .beginning).run() else {
            return #expect(Bool(false), "it failed")
        }
        #expect(said.hasPrefix("first\n1\n2\n") && (4_000...4_096).contains(said.utf8.count))
    }

    @Test("one that takes too long is ended, with what it has started")
    func tooLong() throws {
        let pidFile = scratch.path(of: "pid")
        let slow = try program("echo begun; sleep 600 & echo $! > \(pidFile); wait", limit: .milliseconds(400))
        #expect(slow.run() == .tookTooLong(.milliseconds(400), said: "begun"))
        let text = try String(contentsOfFile: pidFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let pid = try #require(Int32(text))
        #expect(eventually { ProcessIdentity(livingWithPID: pid) == nil })
    }

    @Test("one that heeds no polite signal is ended as well")
    func stubborn() throws {
        let stubborn = try program("trap '' TERM; while :; do sleep 0.1; done", limit: .milliseconds(200))
        let before = Clocks.boot()
        #expect(stubborn.run() == .tookTooLong(.milliseconds(200), said: ""))
        #expect(Clocks.boot() - before < .seconds(15))
    }

    @Test("it hears the polite signal, whatever the thread that starts it has blocked")
    func polite() throws {
        let polite = try program("trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done", limit: .milliseconds(300))
        guard case .tookTooLong(.milliseconds(300), let said) = polite.run() else {
            return #expect(Bool(false), "it ended by itself")
        }
        #expect(said.hasSuffix("bye"))
    }

    @Test("what it leaves in its group is ended with it, and nobody waits for who holds its output")
    func leavings() throws {
        let pidFile = scratch.path(of: "pid")
        let before = Clocks.boot()
        #expect(try program("sleep 600 & echo $! > \(pidFile); echo done").run() == .succeeded(said: "done"))
        #expect(Clocks.boot() - before < .seconds(15))
        let text = try String(contentsOfFile: pidFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let pid = try #require(Int32(text))
        #expect(eventually { ProcessIdentity(livingWithPID: pid) == nil })
    }

    @Test("no descriptor of the agent is open in it")
    func descriptors() throws {
        let path = scratch.path(of: "secret")
        let leaked = open(path, O_RDWR | O_CREAT, 0o600)
        #expect(leaked > 2)
        defer { close(leaked) }
        guard case .succeeded(let said) = try program("ls -l /proc/$$/fd; echo told").run() else {
            return #expect(Bool(false), "it failed")
        }
        #expect(said.hasSuffix("told") && !said.contains("secret"))
    }

    @Test("its exit status is not lost to an owner that heeds signals, however often it is run (L1)")
    func ownersChildren() async throws {
        let path = try program("exit 3").path
        await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
            let failing = SiteProgram(path: path)
            let loop = try OwnerLoop(try Mailbox<Int, TestClass>(), heedsSignals: true)
            let worker = Thread {
                let lost = (0..<60).count { _ in failing.run() != .failed(status: 3, said: "") }
                exit(lost == 0 ? 7 : 1)
            }
            worker.start()
            try loop.run { _, _, now throws(StartFailure) in .wait(until: now.boot + .seconds(60)) }
        }
    }

    @Test("one that is not there, or is no program, did not start")
    func notThere() throws {
        guard case .didNotStart = SiteProgram(path: "/nonexistent/hook").run() else {
            return #expect(Bool(false), "it started")
        }
        let path = scratch.path(of: "text")
        try Data("text".utf8).write(to: URL(filePath: path))
        guard case .didNotStart = SiteProgram(path: path).run() else { return #expect(Bool(false), "it started") }
    }
}
