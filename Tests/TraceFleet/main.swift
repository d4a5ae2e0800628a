// Runs the main job on a real fleet: `trace-fleet NODES.csv REQUESTS.csv [--seed N] [--agents N]`.
//
// NODES.csv lists nodes with their GPUs, REQUESTS.csv requests for GPUs, both in the form of the public 2023 cluster
// trace. Exits 0 when everything that was counted is what plain counting allows and book, devices and log agreed.
import Foundation
import ProcessHarness

func usage() -> Never {
    FileHandle.standardError.write(Data("usage: trace-fleet NODES.csv REQUESTS.csv [--seed N] [--agents N]\n".utf8))
    exit(2)
}

/// Straight to the descriptor: a long run is watched line by line.
func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

var files: [String] = []
var options = ["--seed": 1, "--agents": 4]
var words = Array(CommandLine.arguments.dropFirst())
while let word = words.first {
    words.removeFirst()
    if options[word] != nil {
        guard let value = words.first.flatMap({ Int($0) }), value > 0 else { usage() }
        options[word] = value
        words.removeFirst()
    } else {
        files.append(word)
    }
}
guard files.count == 2, let seed = options["--seed"], let agentCount = options["--agents"] else { usage() }

do {
    let run = try TraceRun(
        nodes: URL(fileURLWithPath: files[0]), requests: URL(fileURLWithPath: files[1]), agentCount: agentCount,
        seed: UInt64(seed)
    ) { say($0) }
    try run.run()
    guard run.outcome == run.expected else {
        say("NOT AS COUNTED: \(run.outcome), expected \(run.expected)")
        exit(1)
    }
    say("as counted: \(run.outcome)")
} catch {
    say("FAILED: \(error)")
    exit(1)
}
