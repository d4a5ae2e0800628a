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
        #expect(sockets[0].line(beginning: "STATUS=")?.hasPrefix("STATUS=reading the log in ") == true)
        #expect(sockets[0].line(beginning: "READY=1") != nil)
        #expect(sockets[0].line(beginning: "STATUS=")?.hasPrefix("STATUS=serving on 127.0.0.1:") == true)
        try cluster.startGuard(0, environment: sockets[1].environment(patience: patience))
        // The guard is ready before the devices are there: the agent, which makes them, starts after it. It waits as long
        // as it must, and says that it does.
        #expect(sockets[1].line(beginning: "READY=1") != nil)
        #expect(sockets[1].line(beginning: "STATUS=")?.hasPrefix("STATUS=waiting for the agent to make ") == true)
        for _ in 0..<5 { #expect(sockets[1].line(beginning: "WATCHDOG=1") != nil) }
        #expect(!sockets[1].takeAll().contains { $0.hasPrefix("STATUS=") })
        try cluster.startAgent(0, environment: sockets[2].environment(patience: patience))
        #expect(sockets[2].line(beginning: "READY=1") != nil)
        #expect(sockets[2].line(beginning: "STATUS=serving 1 nodes to ") != nil)
        #expect(sockets[1].line(beginning: "STATUS=guarding 4 GPUs of 1 nodes") != nil)
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

    @Test("a guard that was asked to stop before its devices are there says so, and held nothing")
    func stoppedWaiting() throws {
        let cluster = try LocalCluster([AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4")])
        defer { cluster.tearDown() }
        let socket = try NotificationSocket(path: cluster.directory.appendingPathComponent("g").path)
        try cluster.startGuard(0, environment: socket.environment(patience: 200_000))
        #expect(socket.line(beginning: "READY=1") != nil)
        let program = try #require(cluster.guards[0])
        program.signal(SIGTERM)
        #expect(socket.line(beginning: "STOPPING=1") != nil)
        #expect(program.exitStatus(within: 20) == 0)
    }

    @Test("a guard that would be ended too late for what its node promises does not start (L5)")
    func watchedTooLong() throws {
        let cluster = try LocalCluster([AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4")])
        defer { cluster.tearDown() }
        let socket = try NotificationSocket(path: cluster.directory.appendingPathComponent("g").path)
        try cluster.startGuard(0, environment: socket.environment(patience: 9_500_000))
        let program = try #require(cluster.guards[0])
        #expect(program.exitStatus(within: 20) == 2)
        #expect(socket.takeAll() == [])
    }

    @Test("a coordinator whose port is taken begins no reign, however often it is started")
    func portTaken() throws {
        let cluster = try LocalCluster([])
        defer { cluster.tearDown() }
        try cluster.initialise()
        try cluster.startCoordinator()
        let other = try LocalCluster([])
        defer { other.tearDown() }
        try other.initialise()
        let arguments = [
            "run", "--state-dir", other.coordinatorDirectory.path, "--listen", "\(cluster.endpoint)", "--http", "none",
            "--plaintext",
        ]
        for _ in 0..<2 {
            let attempt = try run("leasehold-coordinator", arguments)
            #expect(attempt.status == 1 && attempt.complaint.contains("\(cluster.endpoint)"), "\(attempt)")
        }
        let found = try run("leasehold-coordinator", ["verify", "--state-dir", other.coordinatorDirectory.path])
        #expect(found.status == 0 && found.output.contains("records   0\n"), "\(found)")
    }
}
