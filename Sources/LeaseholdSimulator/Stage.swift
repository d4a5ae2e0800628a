import LeaseholdDevices
import LeaseholdModel

/// A machine that serves nodes: its devices, its guard, its agent.
struct Server {
    let host: Host
    let bench: Bench
    let guardian: GuardProcess
    let agent: AgentProcess
}

/// Everybody on stage, and the play: set up, storm, calm, judgement.
final class Stage {
    private let world: World
    let coordinator: CoordinatorProcess
    /// The machines of the coordinator and of the clients.
    private let home: Host
    private let office: Host
    let servers: [Server]
    let history: History
    private(set) var clients: [ClientProcess] = []

    init(_ world: World) {
        self.world = world
        home = Host("home", number: 1, in: world)
        let coordinator = CoordinatorProcess(on: home, auditor: world.auditor, in: world)
        self.coordinator = coordinator
        let fleet = world.weather.fleet
        servers = fleet.machines.enumerated().map { position, nodes in
            let host = Host("machine-\(position)", number: UInt64(10 + position), in: world)
            let bench = Bench(host.name, Array(fleet.shapes[nodes]), in: world)
            let guardian = GuardProcess("guard-\(position)", on: host, bench: bench, in: world)
            let agent = AgentProcess(
                "agent-\(position)", number: UInt64(10 + position), on: host, guardian: guardian,
                coordinator: coordinator, in: world)
            return Server(host: host, bench: bench, guardian: guardian, agent: agent)
        }
        world.auditor.places = zip(servers, fleet.machines).flatMap { server, nodes in
            nodes.enumerated().map { slot, node in
                Auditor.Place(path: fleet.shapes[node].path, bench: server.bench, slot: slot, agent: server.agent)
            }
        }
        history = History(in: world)
        office = Host("office", number: 5, in: world)
        clients = [ClientProcess.provider(on: office, coordinator, history, in: world)]
        for tenant in 0..<world.weather.tenantCount {
            clients.append(ClientProcess.tenant(tenant, on: office, coordinator, history, in: world))
        }
    }

    var hosts: [Host] { [home] + outerHosts }
    /// Machines with a way to the coordinator's that can be cut.
    var outerHosts: [Host] { servers.map(\.host) + [office] }

    /// The whole run.
    func play() {
        for host in hosts {
            for process in host.processes { process.start() }
        }
        let nemesis = Nemesis(self, in: world)
        nemesis.begin()
        world.run(until: .zero + world.weather.storm)
        nemesis.calm()
        for client in clients { client.calm() }
        world.run(until: world.now + world.weather.calm)
        // Leases whose release was rolled back run to the end of their terms.
        if world.auditor.wasRolledBack { world.run(until: world.now + .seconds(100)) }
        world.count { $0.length = world.now - .zero }
        Judgement(self, in: world).pass()
    }
}
