import Foundation
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

    @Test("torture replays a state from its file, and refuses a file that tells none")
    func tortureReplay() throws {
        let file = try LocalCluster.makeDirectory().appending(path: "state").path
        try "leasehold-torture 1\nclass flipped-bit\nlog sealed\nsegment 1\nbyte 600\nbit 3\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        let outcome = try run("leasehold-sim", ["torture", "--replay", file])
        #expect(outcome.status == 0, "\(outcome.complaint)")
        #expect(outcome.output.hasSuffix("sealed: segment 1 byte 600 bit 3\n"))
        for (text, complaint) in [("x", "line 1: expected leasehold-torture 1"), ("", "line 1")] {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            let broken = try run("leasehold-sim", ["torture", "--replay", file])
            #expect(broken.status == 2)
            #expect(broken.complaint.contains(complaint))
        }
        let missing = try run("leasehold-sim", ["torture", "--replay", file + "-not"])
        #expect(missing.status == 2)
    }

    @Test("each mistake is told with its law and who must find it")
    func mistakes() throws {
        let lines = try run("leasehold-sim", ["mistakes"]).output.split(separator: "\n")
        for line in ["L3\tskipsSync\tseeds", "L3\tskipsSync\ttorture", "L8\tskipsHeaderChecksum\ttorture"] {
            #expect(lines.contains(Substring(line)))
        }
    }

    @Test("place fills a fleet of a list, and says the same for the same seeds")
    func place() throws {
        let lists = try TraceLists()
        let arguments = ["place", "--seeds", "3", "--target", "1.5"] + lists.flags
        let outcome = try run("leasehold-sim", arguments)
        #expect(outcome.status == 0, "\(outcome.complaint)")
        let found = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let mean = try #require(found["allocatedPercentMean"] as? Double)
        #expect(mean > 90 && mean <= 100)
        #expect(found["allocatedPercentStdDev"] as? Double != nil)
        #expect((found["allocatedPercent"] as? [Double])?.count == 3)
        #expect(found["gpuCount"] as? Int == 20)
        #expect(try run("leasehold-sim", arguments).output == outcome.output)
    }

    @Test("trace tells how long requests wait under three policies, and draws it")
    func trace() throws {
        let lists = try TraceLists()
        let plot = lists.folder.appending(path: "plot.svg").path
        let outcome = try run("leasehold-sim", ["trace", "--every", "1", "--plot", plot] + lists.flags)
        #expect(outcome.status == 0, "\(outcome.complaint)")
        for policy in ["leasehold", "first-fit", "best-fit"] { #expect(outcome.output.contains("\n\(policy) ")) }
        // 40 requests of which one asks for more GPUs than any node has.
        #expect(outcome.output.contains("4 nodes, 20 GPUs, 41 requests"))
        #expect(outcome.output.split(separator: "\n").dropFirst(2).prefix(3).allSatisfy { $0.contains(" 40 ") })
        let svg = try String(contentsOfFile: plot, encoding: .utf8)
        #expect(svg.hasPrefix("<svg") && svg.split(separator: "<polyline").count == 7)
    }

    @Test("a broken list is told with its line, status 2")
    func brokenList() throws {
        let lists = try TraceLists(nodes: "sn,gpu,model\nn,9x,T4\n")
        let outcome = try run("leasehold-sim", ["place"] + lists.flags)
        #expect(outcome.status == 2)
        #expect(outcome.complaint.contains("nodes.csv:2: gpu: \"9x\" is not a whole number"))
    }

    /// A node list and a request list in a folder of their own.
    private struct TraceLists {
        let folder: URL

        init(
            nodes: String =
                "sn,cpu_milli,memory_mib,gpu,model\na,64000,65536,8,G2\nb,64000,65536,8,G2\nc,8000,8192,2,T4\nd,8000,8192,2,T4\n"
        ) throws {
            folder = try LocalCluster.makeDirectory()
            try nodes.write(to: folder.appending(path: "nodes.csv"), atomically: true, encoding: .utf8)
            var pods = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time\n"
            for number in 0..<40 {
                let gpus = [1, 1, 2, 0][number % 4]
                let share = number % 4 == 1 ? 250 : gpus == 0 ? 0 : 1_000
                pods +=
                    "p-\(number),2000,2048,\(gpus),\(share),\(number == 8 ? "T4|G2" : ""),\(number * 10),\(number * 10 + 300)\n"
            }
            pods += "p-big,1,1,9,1000,,0,50\n"
            try pods.write(to: folder.appending(path: "pods.csv"), atomically: true, encoding: .utf8)
        }

        var flags: [String] {
            [
                "--fleet", folder.appending(path: "nodes.csv").path, "--requests",
                folder.appending(path: "pods.csv").path,
            ]
        }
    }

    @Test(
        "wrong flags are refused with status 2",
        arguments: [["run", "--seeds", "0"], ["replay"], ["replay", "x"], ["place"]])
    func usage(arguments: [String]) throws {
        let outcome = try run("leasehold-sim", arguments)
        #expect(outcome.status == 2)
        #expect(outcome.complaint.contains("Usage") || outcome.complaint.contains("Error"))
    }
}
