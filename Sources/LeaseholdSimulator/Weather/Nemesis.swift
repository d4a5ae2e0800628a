import LeaseholdDevices
import LeaseholdLog
import LeaseholdModel

/// Brings the faults of the weather, each kind in its own rhythm, until the storm is over; then mends everything.
final class Nemesis {
    private unowned let world: World
    private let stage: Stage
    private var guardPauseAllowedAt = TrueInstant.zero
    /// What a rollback puts back: the coordinator's disk as it once was.
    private var image: (state: DiskState, head: RecordIndex)?

    init(_ stage: Stage, in world: World) {
        self.stage = stage
        self.world = world
    }

    func begin() {
        for kind in FaultKind.allCases { planNext(kind) }
        if world.weather.interval(of: .rollback) != nil { takeImage() }
    }

    /// Everything is mended: what is down starts, what is cut is joined, clocks are right.
    func calm() {
        world.isStormy = false
        world.tell("nemesis", "the storm is over")
        for host in stage.hosts {
            host.isCutOff = (false, false)
            host.clock.setRight()
            host.boot()
            for process in host.processes {
                process.resume()
                process.start()
            }
        }
        for server in stage.servers { server.bench.mendAll() }
    }

    private func planNext(_ kind: FaultKind) {
        guard let mean = world.weather.interval(of: kind) else { return }
        world.after(world.chance.span(mean / 4, mean * 7 / 4)) { [unowned self] in
            guard world.isStormy else { return }
            if strike(kind) {
                world.count {
                    $0.faultCount += 1
                    $0.faultCounts[kind.position] += 1
                }
            }
            planNext(kind)
        }
    }

    /// Whether there was anything to strike at.
    private func strike(_ kind: FaultKind) -> Bool {
        guard let server = world.chance.pick(stage.servers) else { return false }
        let coordinator = stage.coordinator
        switch kind {
        case .coordinatorCrash: return crash(coordinator)
        case .coordinatorPowerLoss: return losePower(coordinator.host)
        case .coordinatorPause: return pause(coordinator)
        case .agentCrash: return crash(server.agent)
        case .agentPause: return pause(server.agent)
        case .guardCrash: return crash(server.guardian)
        case .guardPause: return pause(server.guardian)
        case .nodePowerLoss: return losePower(server.host)
        case .linkBreak:
            guard let link = world.network.someLink() else { return false }
            world.network.sever(link)
            return true
        case .cutOutward: return cut(world.chance.pick(stage.outerHosts), outward: true, inward: false)
        case .cutInward: return cut(world.chance.pick(stage.outerHosts), outward: false, inward: true)
        case .cutBothWays: return cut(world.chance.pick(stage.outerHosts), outward: true, inward: true)
        case .clockDrift:
            world.chance.pick(stage.hosts)?.drift()
            return true
        case .calendarStep: return step(world.chance.pick(stage.hosts))
        case .diskError: return spoilDisk(of: server, .inputOutput)
        case .diskFull: return spoilDisk(of: server, .noSpace)
        case .gpuBreak: return breakGPU(of: server)
        case .bitFlip:
            world.network.flipBit()
            return true
        case .rollback: return rollBack()
        }
    }

    // MARK: Processes and machines

    private func crash(_ process: SimulatedProcess) -> Bool {
        guard process.isUp else { return false }
        world.tell("nemesis", "kills \(process.name)")
        process.die(announced: true)
        world.restartLater(process)
        return true
    }

    private func pause(_ process: SimulatedProcess) -> Bool {
        guard process.isUp else { return false }
        let length = world.chance.longTailed(.milliseconds(5), world.weather.holds.wait * 2)
        if world.chance.percent(50) {
            process.pause(for: length)
        } else {
            process.pauseOnArrival(for: length)
        }
        return true
    }

    /// A guard may be late by less than K with all that it has to do; two pauses in a row would be a longer one (L5).
    private func pause(_ guardian: GuardProcess) -> Bool {
        guard guardian.isUp, world.now >= guardPauseAllowedAt else { return false }
        guardPauseAllowedAt = world.now + world.weather.holds.eviction * 2
        guardian.pause(for: world.chance.span(.milliseconds(1), world.weather.guardPauseMax))
        return true
    }

    private func losePower(_ host: Host) -> Bool {
        guard host.isUp else { return false }
        host.losePower()
        let most = world.chance.percent(30) ? world.weather.holds.wait * 2 : .seconds(5)
        world.after(world.chance.longTailed(.milliseconds(300), most)) { host.boot() }
        return true
    }

    // MARK: Ways and clocks

    private func cut(_ host: Host?, outward: Bool, inward: Bool) -> Bool {
        guard let host, !host.isCutOff.outward, !host.isCutOff.inward else { return false }
        host.isCutOff = (outward, inward)
        world.tell("nemesis", "cuts \(host.name) off, outward \(outward), inward \(inward)")
        let length = world.chance.longTailed(.milliseconds(100), world.weather.holds.wait * 2)
        world.after(length) { [unowned self] in
            host.isCutOff = (false, false)
            world.tell("nemesis", "joins \(host.name) again")
        }
        return true
    }

    private func step(_ host: Host?) -> Bool {
        guard let host else { return false }
        let step = Span.milliseconds(Int64(world.chance.below(40_000)) - 20_000)
        host.clock.step(by: step)
        world.tell("nemesis", "sets the calendar of \(host.name) by \(step.wholeMilliseconds) ms")
        return true
    }

    // MARK: Disks and devices

    private func spoilDisk(of server: Server, _ fault: SimulatedDisk.Fault) -> Bool {
        world.tell("nemesis", "a disk is about to fail: \(fault)")
        if world.chance.percent(50) {
            stage.coordinator.spoilDisk(fault)
        } else {
            server.agent.spoilDisk(fault)
        }
        return true
    }

    private func breakGPU(of server: Server) -> Bool {
        let slot = world.chance.below(server.bench.nodes.count)
        let gpu = world.chance.below(server.bench.nodes[slot].shape.gpuCount)
        server.bench.break(slot: slot, gpu: gpu)
        world.tell("nemesis", "breaks GPU \(gpu) of \(server.bench.nodes[slot].shape.path)")
        world.after(world.chance.span(.seconds(1), .seconds(20))) { server.bench.mendAll() }
        return true
    }

    private func takeImage() {
        world.after(world.chance.span(.seconds(5), .seconds(20))) { [unowned self] in
            guard world.isStormy else { return }
            let disk = stage.coordinator.disk
            let copy = SimulatedDisk()
            copy.state = disk.state
            copy.losePower(keeping: { _ in true }, nameChanges: .max)
            image = (copy.state, stage.coordinator.trulyDurable)
            takeImage()
        }
    }

    /// Somebody puts an old copy of the disk in the coordinator's machine: a backup restored by hand (C7).
    private func rollBack() -> Bool {
        guard let image, stage.coordinator.isUp else { return false }
        stage.coordinator.die(announced: true)
        stage.coordinator.disk.state = image.state
        world.auditor.rolledBack(to: image.head, lastLink: world.network.lastLink)
        world.tell("nemesis", "puts an old disk, to record \(image.head), in place of the coordinator's")
        world.restartLater(stage.coordinator)
        return true
    }
}
