import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

/// What a run over a failing disk is made of.
private struct Run {
    var disk: SimulatedDisk
    var witness = LogWitness()

    /// Makes a log, commits, seals, opens again, commits on.
    ///
    /// Whether it came to the end without a loss.
    mutating func go(_ groups: [[[UInt8]]], sealingEvery: Int = 3) -> Bool {
        do {
            var log = try SynchronousLog.create(LogFixture.identity(), on: disk)
            for (position, group) in groups.enumerated() {
                if position == groups.count / 2 {
                    log = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }.log
                }
                witness.appending(group)
                _ = try log.commit(group)
                witness.acknowledge()
                if position % sealingEvery == 0 { try log.sealIfIdle() }
            }
            return true
        } catch {
            return false
        }
    }

    /// Recovers, checks the law, commits on, recovers again, checks again.
    ///
    /// Nil if all is well.
    mutating func complaintAfterRecovery() -> String? {
        // Power loss before the first segment had its name: there is no log, and nobody was told otherwise.
        if witness.appended.isEmpty, disk.names(.live).allSatisfy({ SegmentNumber(fileName: $0) == nil }) { return nil }
        for round in 0..<2 {
            var records: [[UInt8]] = []
            do {
                var (log, recovered) = try SynchronousLog.open(LogFixture.identity(), on: disk) {
                    _, bytes throws(RecordRefusal) in records.append(bytes)
                }
                if let complaint = witness.complaint(about: records, head: recovered.report.head) {
                    return "round \(round): \(complaint)"
                }
                guard log.head == recovered.report.head else { return "opened at \(log.head)" }
                witness.settle(on: records.count)
                let group = [LogFixture.record(1_000 + round, byteCount: 600)]
                witness.appending(group)
                _ = try log.commit(group)
                witness.acknowledge()
            } catch {
                return "round \(round): \(error)"
            }
        }
        return nil
    }
}

@Suite("Crashes and failing disks")
struct CrashTests {
    private let groups = LogFixture.groups([[40, 7], [300, 300], [900], [1], [700, 20], [1_200], [3, 3, 3], [800]])

    /// Which of the unsynced sectors survive: none, all, the even ones, the last one, all but the first.
    private let survivals: [@Sendable (Int) -> Bool] = [
        { _ in false }, { _ in true }, { $0 % 2 == 0 }, { $0 % 2 == 1 }, { $0 > 0 },
    ]

    @Test(
        "whichever operation fails, in whatever way, what was acknowledged is there afterwards",
        arguments: SimulatedDisk.Fault.allCases)
    func everyOperation(fault: SimulatedDisk.Fault) {
        var operation = 0
        var states = 0
        while true {
            operation += 1
            var run = Run(disk: SimulatedDisk())
            run.disk.fault = fault
            run.disk.failingOperation = operation
            let finished = run.go(groups)
            if run.disk.operationCount < operation { break }
            #expect(!finished || fault == .noSpace, "operation \(operation) failed and nobody noticed")
            let state = run.disk.state
            for (position, survival) in survivals.enumerated() {
                for nameChanges in 0...state.pending.count {
                    states += 1
                    var after = run
                    after.disk = SimulatedDisk()
                    after.disk.state = state
                    after.disk.losePower(keeping: survival, nameChanges: nameChanges)
                    let complaint = after.complaintAfterRecovery()
                    #expect(complaint == nil, "\(fault) at \(operation), survival \(position), names \(nameChanges)")
                }
            }
            // The process dies, the machine does not: the cache may show what the disk never got.
            for dropsCache in [true, false] {
                states += 1
                var after = run
                after.disk = SimulatedDisk()
                after.disk.state = state
                after.disk.dropsCacheBeforeReading = dropsCache
                #expect(after.complaintAfterRecovery() == nil, "\(fault) at \(operation), cache dropped: \(dropsCache)")
                after.disk.losePower(keeping: { _ in false })
                #expect(after.complaintAfterRecovery() == nil, "\(fault) at \(operation), then power lost")
            }
        }
        #expect(operation > 40)
        #expect(states > 400)
    }

    @Test(
        "every subset of the sectors of an unsynced group, sealed before or not: whole, or cut, never refused",
        arguments: [true, false])
    func everySubset(sealed: Bool) throws {
        for subset in 0..<256 {
            let disk = try LogFixture.disk(
                LogFixture.groups([[40, 7], [300, 300, 90]]), sealed: sealed, segmentByteCount: 16_384)
            var witness = LogWitness()
            for group in LogFixture.groups([[40, 7], [300, 300, 90]]) { witness.appending(group) }
            witness.acknowledge()
            var log = try SynchronousLog.open(LogFixture.identity(segmentByteCount: 16_384), on: disk) {
                _, _ throws(RecordRefusal) in
            }.log
            // Eight sectors, written and never synced.
            let group = [LogFixture.record(9, byteCount: 3_000), LogFixture.record(10, byteCount: 900)]
            disk.failingOperation = disk.operationCount + 2
            witness.appending(group)
            #expect(throws: LogFailure.self) { _ = try log.commit(group) }
            #expect(disk.unsyncedSectors.count == 8)
            disk.losePower(keeping: { subset >> $0 & 1 == 1 })
            let found = try LogFixture.recover(disk, segmentByteCount: 16_384).get()
            #expect(witness.complaint(about: found.records, head: found.recovered.report.head) == nil, "\(subset)")
            #expect(found.records.count == (subset == 255 ? 7 : 5), "subset \(subset)")
            if case .cut(let tail) = found.recovered.report.end {
                #expect(tail.index == RecordIndex(rawValue: 6))
            } else {
                #expect(subset == 0 || subset == 255, "subset \(subset) was not declared")
            }
        }
    }

    @Test("a second crash anywhere within the repair changes nothing of what recovery finds")
    func crashDuringRepair() throws {
        for sectors in [0b0000_0001, 0b1111_1110, 0b0101_0101] {
            var operation = 0
            while true {
                operation += 1
                let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: false, segmentByteCount: 16_384)
                var log = try SynchronousLog.open(LogFixture.identity(segmentByteCount: 16_384), on: disk) {
                    _, _ throws(RecordRefusal) in
                }.log
                disk.failingOperation = disk.operationCount + 2
                #expect(throws: LogFailure.self) { _ = try log.commit([LogFixture.record(9, byteCount: 3_900)]) }
                disk.losePower(keeping: { sectors >> $0 & 1 == 1 })
                let before = try LogFixture.recover(disk, segmentByteCount: 16_384).get()
                disk.failingOperation = disk.operationCount + operation
                let opened = Result {
                    try SynchronousLog.open(LogFixture.identity(segmentByteCount: 16_384), on: disk) {
                        _, _ throws(RecordRefusal) in
                    }
                }
                if case .success = opened { break }
                disk.losePower(keeping: { $0 % 2 == 0 }, nameChanges: operation % 3)
                let after = try LogFixture.recover(disk, segmentByteCount: 16_384).get()
                #expect(after.records == before.records)
                #expect(after.recovered.report.head == before.recovered.report.head, "operation \(operation)")
                let again = try SynchronousLog.open(LogFixture.identity(segmentByteCount: 16_384), on: disk) {
                    _, _ throws(RecordRefusal) in
                }
                #expect(again.log.head == before.recovered.report.head)
            }
            #expect(operation > 10)
        }
    }
}

/// Mistakes planted on purpose: a checker that lets one of them through checks nothing.
@Suite("Planted mistakes are caught")
struct PlantedMistakeTests {
    private let groups = LogFixture.groups([[40, 7], [300, 300], [900], [1], [700, 20]])

    /// Works the machine over a disk that loses power at the n-th operation; the witness hears `durable` as it comes.
    ///
    /// The planted mistake: to tell the machine that the sync has ended, and only then to ask for it.
    private func complaints(acknowledgingBeforeSync isImpatient: Bool) -> [String] {
        var complaints: [String] = []
        for operation in 1... {
            let disk = SimulatedDisk()
            disk.failingOperation = operation
            var witness = LogWitness()
            var machine = LogMachine(new: LogFixture.identity())
            work(&machine, on: disk, .started, &witness, isImpatient)
            for group in groups where !machine.isLost && !disk.isDown {
                witness.appending(group)
                work(&machine, on: disk, .recordsArrived(group), &witness, isImpatient)
            }
            if disk.operationCount < operation { return complaints }
            disk.losePower(keeping: { _ in false }, nameChanges: 9)
            switch LogFixture.recover(disk) {
            case .success(let found):
                if let complaint = witness.complaint(about: found.records, head: found.recovered.report.head) {
                    complaints.append(complaint)
                }
            case .failure(let failure): if witness.acknowledged > 0 { complaints.append("\(failure)") }
            }
        }
        return complaints
    }

    private func work(
        _ machine: inout LogMachine, on disk: SimulatedDisk, _ event: LogEvent, _ witness: inout LogWitness,
        _ isImpatient: Bool
    ) {
        var effects: [LogEffect] = []
        machine.handle(event, into: &effects)
        var position = 0
        while position < effects.count {
            defer { position += 1 }
            switch effects[position] {
            case .perform(let number, .sync(let file)) where isImpatient:
                machine.handle(.operationEnded(number, .success(())), into: &effects)
                for case .durable in effects[(position + 1)...] { witness.acknowledge() }
                if case .failure = Result(catching: { try disk.perform(.sync(file)) }) { return }
            case .perform(let number, let operation), .performAside(let number, let operation):
                guard !machine.isLost else { continue }
                let result: StorageResult
                do throws(StorageFailure) {
                    try disk.perform(operation)
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                machine.handle(.operationEnded(number, result), into: &effects)
            case .durable: witness.acknowledge()
            case .opened, .refused, .segmentDelayed, .lost: break
            }
        }
    }

    @Test("a driver that acknowledges before the sync loses acknowledged records; the same driver without it does not")
    func acknowledgeBeforeSync() {
        #expect(complaints(acknowledgingBeforeSync: false) == [])
        let found = complaints(acknowledgingBeforeSync: true)
        #expect(found.contains { $0.hasPrefix("lost:") }, "\(found)")
    }

    /// Recovers after power loss on a disk that lied, and says what the checker thinks.
    private func complaint(lie: (SimulatedDisk) -> Void) throws -> String? {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(), on: disk)
        lie(disk)
        var witness = LogWitness()
        for group in groups {
            witness.appending(group)
            _ = try log.commit(group)
            witness.acknowledge()
        }
        disk.losePower(keeping: { _ in false })
        switch LogFixture.recover(disk) {
        case .success(let found): return witness.complaint(about: found.records, head: found.recovered.report.head)
        case .failure(let failure): return "\(failure)"
        }
    }

    @Test("skipped syncs of files and of directories are noticed, and an honest disk is not accused")
    func skippedSyncs() throws {
        #expect(try complaint { _ in } == nil)
        #expect(try complaint { $0.ignoresSync = true } != nil)
        #expect(try complaint { $0.ignoresDirectorySync = true } != nil)
    }
}
