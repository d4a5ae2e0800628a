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
