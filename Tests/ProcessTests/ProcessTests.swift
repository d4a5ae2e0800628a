import Foundation
import ProcessHarness
import Testing

/// Tests on real processes, one after the other: they share the machine's two cores and its ports.
@Suite(.serialized)
struct ProcessTests {
    @Test("the main job on a small list: every count as plain counting has it, and book, devices and log agree")
    func traceFleet() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trace-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // a temporary directory of this test alone
        let nodes = folder.appendingPathComponent("nodes.csv")
        let requests = folder.appendingPathComponent("requests.csv")
        let kinds = [("G2", 8), ("T4", 2), ("P100", 2), ("V100M32", 4), ("G3", 8)]
        let nodeLines = (0..<40).map { number in
            let (kind, count) = kinds[number % kinds.count]
            return "node-\(number),64000,262144,\(count),\(kind)"
        }
        try write(["sn,cpu_milli,memory_mib,gpu,model"] + nodeLines, to: nodes)
        var chance = SeededChance(seed: 7)
        let requestLines = (0..<120).map { number in
            let count = [1, 1, 1, 1, 2, 4, 8].randomElement(using: &chance) ?? 1
            let share = number % 10 == 9 ? 460 : 1_000
            return "pod-\(number),12000,16384,\(share == 460 ? 1 : count),\(share),,LS,Running,0,1,0"
        }
        let head =
            "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,"
            + "creation_time,deletion_time,scheduled_time"
        try write([head] + requestLines, to: requests)
        var lines: [String] = []
        let run = try TraceRun(nodes: nodes, requests: requests, agentCount: 2, seed: 1) { lines.append($0) }
        try run.run()
        print(lines.joined(separator: "\n"))
        #expect(run.outcome == run.expected)
        #expect(run.outcome.refusals["noCapacity", default: 0] > 0, "the list must ask for more than there is")
    }

    private func write(_ lines: [String], to file: URL) throws {
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
    }
}
