import Foundation
import Glibc
import ProcessHarness
import Testing

extension ProcessTests {
    @Test("a service manager hears when each server is ready, that it goes on, and that it stops")
    func services() throws {
        let cluster = try LocalCluster([AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4")])
        defer { cluster.tearDown() }
        try cluster.initialise()
        let sockets = try ["c", "g", "a"].map {
            try NotificationSocket(path: cluster.directory.appendingPathComponent($0).path)
        }
        let patience = 200_000
        try cluster.startCoordinator(environment: sockets[0].environment(patience: patience))
        #expect(sockets[0].line(beginning: "READY=1") != nil)
        #expect(sockets[0].line(beginning: "STATUS=")?.hasPrefix("STATUS=serving on 127.0.0.1:") == true)
        try cluster.startGuard(0, environment: sockets[1].environment(patience: patience))
        // The guard is not ready before the agent has made the devices.
        #expect(sockets[1].line(beginning: "STATUS=")?.hasPrefix("STATUS=waiting for the agent to make ") == true)
        #expect(!sockets[1].takeAll().contains("READY=1"))
        try cluster.startAgent(0, environment: sockets[2].environment(patience: patience))
        #expect(sockets[2].line(beginning: "READY=1") != nil)
        #expect(sockets[2].line(beginning: "STATUS=serving 1 nodes to ") != nil)
        #expect(sockets[1].line(beginning: "READY=1") != nil)
        #expect(sockets[1].line(beginning: "STATUS=guarding 4 GPUs of 1 nodes on ") != nil)
        for socket in sockets {
            for _ in 0..<5 { #expect(socket.line(beginning: "WATCHDOG=1") != nil) }
        }
        let programs = try [cluster.coordinator, cluster.guards[0], cluster.agents[0]].map { try #require($0) }
        // One that is stopped says nothing: five more of the agent's come in the meantime.
        programs[1].signal(SIGSTOP)
        _ = sockets[1].takeAll()
        for _ in 0..<2 { #expect(sockets[2].line(beginning: "WATCHDOG=1") != nil) }
        _ = sockets[1].takeAll()
        for _ in 0..<5 { #expect(sockets[2].line(beginning: "WATCHDOG=1") != nil) }
        #expect(sockets[1].takeAll() == [])
        programs[1].signal(SIGCONT)
        for (program, socket) in zip(programs, sockets) {
            program.signal(SIGTERM)
            #expect(socket.line(beginning: "STOPPING=1") != nil)
            #expect(program.exitStatus(within: 20) == 0)
        }
    }

    @Test(
        "the units that ship start their programs as the programs want to be started, and are told when they are ready")
    func units() throws {
        let deploy = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../deploy")
        for name in ["coordinator", "agent", "guard"] {
            let text = try String(
                contentsOf: deploy.appending(path: "systemd/leasehold-\(name).service"), encoding: .utf8)
            var settings: [String: String] = [:]
            for line in text.split(separator: "\n") where !line.hasPrefix("#") && !line.hasPrefix("[") {
                let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                try #require(parts.count == 2 && settings[parts[0]] == nil, "\(name): \(line)")
                settings[parts[0]] = parts[1]
            }
            #expect(settings["Type"] == "notify" && settings["WatchdogSec"] != nil, "\(name)")
            let words = try #require(settings["ExecStart"]).split(separator: " ").map(String.init)
            let program = try #require(words[0].split(separator: "/").last).description
            let help = try run(program, [words[1], "--help"])
            #expect(help.status == 0)
            for flag in words.dropFirst(2) where flag.hasPrefix("--") {
                #expect(help.output.contains(flag), "\(program) \(words[1]) has no \(flag)")
            }
        }
    }
}
