import ProcessHarness
import Testing

@Suite("leasehold-sim as a program")
struct SimulatorProgramTests {
    @Test("two processes that run the same seeds agree to the last bit (L14)")
    func twoProcesses() throws {
        let first = try run("leasehold-sim", ["run", "--seeds", "6", "--from", "40"])
        let second = try run("leasehold-sim", ["run", "--seeds", "6", "--from", "40"])
        #expect(first.status == 0)
        let digest = try #require(first.output.split(separator: "\n").last)
        #expect(digest.hasPrefix("digest: "))
        #expect(second.output.split(separator: "\n").last == digest)
    }

    @Test("a replay tells its run, and its last line is the digest")
    func replay() throws {
        let first = try run("leasehold-sim", ["replay", "3"])
        #expect(first.status == 0)
        let lines = first.output.split(separator: "\n")
        #expect(lines.count > 200)
        #expect(lines.last?.hasPrefix("digest: ") == true)
        #expect(try run("leasehold-sim", ["replay", "3"]).output == first.output)
    }

    @Test("a build for people has no mistake in it, and says how to make one that has")
    func noMistakes() throws {
        let planted = try run("leasehold-sim", ["run", "--plant", "ignoresWatts"])
        #expect(planted.status == 2)
        #expect(planted.complaint.contains("LEASEHOLD_PLANTED=1"))
        let unknown = try run("leasehold-sim", ["run", "--plant", "ignoresWaltz"])
        #expect(unknown.status == 2)
        #expect(unknown.complaint.contains("expected one of waitsHalf"))
    }

    @Test("wrong flags are refused with status 2", arguments: [["run", "--seeds", "0"], ["replay"], ["replay", "x"]])
    func usage(arguments: [String]) throws {
        let outcome = try run("leasehold-sim", arguments)
        #expect(outcome.status == 2)
        #expect(outcome.complaint.contains("Usage") || outcome.complaint.contains("Error"))
    }
}
