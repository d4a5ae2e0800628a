import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("What follows from a sign")
struct FindingTests {
    /// What follows from a reading, as component and remedy.
    private func found(
        _ reading: HealthReading, _ fabric: FabricIdentity? = nil, before: UInt64 = 0
    ) -> [[String]] {
        Finding.all(in: reading, fabric: fabric, uncorrectedBefore: before).map { ["\($0.component)", "\($0.remedy)"] }
    }

    @Test("a reading in which all is well says nothing")
    func well() {
        #expect(found(HealthSamples.reading(), HealthSamples.fabric()) == [])
        #expect(found(HealthSamples.reading(recovery: nil), HealthSamples.fabric(.notStarted, nil)) == [])
    }

    @Test("each action that the driver asks for is a remedy, and one that nobody knows is watched")
    func recovery() {
        let expected: [Remedy] = [
            .none, .resetGPU, .restartNode, .drainPeers, .resetGPU, .recoverDomain, .resetBus, .restartSystem, .watch,
        ]
        #expect((0...8).map { Remedy(RecoveryAction(code: $0)) } == expected)
        #expect(found(HealthSamples.reading(recovery: .restartSystem)) == [["gpu", "restartSystem"]])
    }

    @Test("an error of memory is new where there are more than before, or where the driver counts anew")
    func uncorrected() {
        #expect(found(HealthSamples.reading(uncorrected: 2), before: 2) == [])
        #expect(found(HealthSamples.reading(uncorrected: 3), before: 2) == [["memory", "watch"]])
        #expect(found(HealthSamples.reading(uncorrected: 3, recovery: nil), before: 2) == [["memory", "resetGPU"]])
        #expect(found(HealthSamples.reading(uncorrected: 1), before: 2) == [["memory", "watch"]])
        #expect(found(HealthSamples.reading(uncorrected: 0), before: 2) == [])
        let evidence = Finding.all(
            in: HealthSamples.reading(uncorrected: 3), fabric: nil, uncorrectedBefore: 2)
        #expect(evidence.map(\.sign) == [.uncorrectedMemory(before: 2, now: 3)])
    }

    @Test("a row that waits needs a reset, one that cannot be remapped needs hands, a bank without spares is watched")
    func rows() {
        func rows(_ isPending: Bool, _ hasFailed: Bool) -> RemappedRows {
            RemappedRows(correctedCount: 1, uncorrectedCount: 1, isPending: isPending, hasFailed: hasFailed)
        }
        func spares(_ none: UInt32) -> SpareRows {
            SpareRows(allCount: 600, mostCount: 1, someCount: 0, fewCount: 1, noneCount: none)
        }
        #expect(found(HealthSamples.reading(rows: rows(false, false))) == [])
        #expect(found(HealthSamples.reading(rows: rows(true, false))) == [["memory", "resetGPU"]])
        #expect(found(HealthSamples.reading(rows: rows(true, true))) == [["memory", "service"]])
        #expect(found(HealthSamples.reading(rows: nil, spares: spares(0))) == [])
        #expect(found(HealthSamples.reading(rows: nil, spares: spares(1))) == [["memory", "watch"]])
    }

    @Test("only what brakes the hardware is a sign; limits and steered heat are how a GPU works")
    func throttling() {
        let usual: Throttling = [.powerLimit, .heat, .syncBoost, .clockSetting]
        #expect(found(HealthSamples.reading(throttling: usual)) == [])
        #expect(found(HealthSamples.reading(throttling: [.hardware, .hardwareHeat])) == [["cooling", "watch"]])
        #expect(found(HealthSamples.reading(throttling: [.hardware, .powerBrake])) == [["power", "watch"]])
        #expect(found(HealthSamples.reading(throttling: [.hardware])) == [["power", "watch"]])
        #expect(found(HealthSamples.reading(throttling: nil)) == [])
    }

    @Test("the fabric's worst trouble decides")
    func fabric() {
        func found(_ fabric: FabricIdentity) -> Remedy? {
            Finding.all(in: HealthSamples.reading(), fabric: fabric, uncorrectedBefore: 0).first?.remedy
        }
        #expect(found(HealthSamples.fabric(.registered(failure: 5))) == .recoverDomain)
        #expect(found(HealthSamples.fabric(.unknown(9))) == .watch)
        #expect(found(HealthSamples.fabric(.registered(failure: nil), .limited, [.lessBandwidth])) == .watch)
        #expect(found(HealthSamples.fabric(.registered(failure: nil), .limited)) == .watch)
        #expect(found(HealthSamples.fabric(.registered(failure: nil), .unhealthy)) == .resetGPU)
        #expect(found(HealthSamples.fabric(.registered(failure: nil), nil, [.routeBroken])) == .resetGPU)
        #expect(found(HealthSamples.fabric(.registered(failure: 5), .unhealthy, [.configuration])) == .service)
    }

    @Test("each event has its part and its remedy")
    func events() {
        let expected: [(GPUEvent.What, Component, Remedy)] = [
            (.xid(31), .engine, .restartWork), (.xid(48), .memory, .resetGPU), (.xid(63), .memory, .none),
            (.xid(64), .memory, .resetGPU), (.xid(74), .link, .resetGPU), (.xid(79), .bus, .restartNode),
            (.xid(94), .memory, .restartWork), (.xid(119), .firmware, .resetGPU), (.xid(54), .power, .service),
            (.xid(149), .link, .watch), (.xid(154), .gpu, .none), (.xid(nil), .gpu, .watch),
            (.xid(4_711), .gpu, .watch), (.uncorrectedMemory, .memory, .resetGPU), (.memoryErrorStorm, .memory, .watch),
            (.memoryRetired, .memory, .none), (.memoryRetirementFailed, .memory, .resetGPU),
            (.poison(isFatal: true), .memory, .resetGPU), (.poison(isFatal: false), .memory, .restartWork),
            (.unavailable, .gpu, .resetGPU), (.lost, .bus, .restartNode), (.recoveryChanged, .gpu, .none),
            (.unknown(type: 1 << 40, data: 3), .gpu, .watch),
        ]
        for (what, component, remedy) in expected {
            let event = HealthSamples.event(what)
            #expect(Finding(event, driverAnswers: true) == Finding(component, remedy, .event(event)))
        }
        #expect(Finding(HealthSamples.event(.slicesChanged), driverAnswers: true) == nil)
    }

    @Test("a stronger remedy helps as well, except that a domain comes back only by itself, by the system or by hands")
    func helping() {
        #expect(Remedy.restartNode.helps(.resetGPU))
        #expect(!Remedy.resetGPU.helps(.restartNode))
        #expect(!Remedy.restartSystem.helps(.service))
        #expect(!Remedy.watch.helps(.watch) && !Remedy.restartWork.helps(.none))
        let domain = Remedy.allCases.filter { $0.helps(.recoverDomain) }
        #expect(domain == [.recoverDomain, .restartSystem, .service])
        #expect(!Remedy.recoverDomain.helps(.drainPeers))
    }
}
