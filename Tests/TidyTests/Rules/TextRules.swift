extension Rule {
    /// What was left behind.
    static let leftovers: [Rule] = [
        Rule(
            "nothing is left for later",
            planted: SourceFile(path: "deploy/demo", text: "#!/bin/bash\n# TODO: the rest\n"),
            sound: SourceFile(
                path: "deploy/demo",
                text: "#!/bin/bash\nfolder=$(mktemp -d /tmp/demo.XXXXXX)  # METHOD, not a todo\n"
            )
        ) { file in
            guard ["Sources", "Tests", "deploy", "protos"].contains(file.top), !file.isGenerated else { return [] }
            guard !file.path.hasPrefix("Tests/TidyTests/") else { return [] }
            return file.lines.enumerated().compactMap { index, line in
                leftover(in: line).map {
                    file.complain(at: index + 1, "`\($0)` → do it, or delete it and open an issue")
                }
            }
        }
    ]

    private static func leftover(in line: Substring) -> String? {
        if line.lowercased().contains("not implemented") { return "not implemented" }
        let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
        return words.first { ["TODO", "FIXME", "XXX"].contains($0) }.map(String.init)
    }

    /// What makes a test slow or lucky.
    static let waiting: [Rule] = [
        Rule(
            "no test sleeps",
            planted: SourceFile(
                path: "Tests/AgentTests/HoldTests.swift",
                text: "try await Task.sleep(for: .seconds(1))\n"
            ),
            sound: SourceFile(
                path: "Tests/AgentTests/HoldTests.swift",
                text: "// Never Task.sleep(for:).\n#expect(agent.sleeping(\"sleep(1)\"))\n"
            )
        ) { file in
            guard file.top == "Tests", file.isSwift else { return [] }
            let instead = "wait for the event itself, or hand the machine a later `Instant`"
            let bans = ["sleep(", "usleep(", "nanosleep(", "Task.sleep", "Thread.sleep", ".sleep("]
            let found = bans.flatMap { Ban(code: $0, instead: instead).complaints(in: file) }
            return Dictionary(grouping: found, by: \.line).values.compactMap(\.first).sorted { $0.line < $1.line }
        }
    ]
}
