package import LeaseholdModel

/// The write-ahead log as a machine: records arrive, storage operations leave, and what comes out is durability.
///
/// Picture a scribe with one pen. Records queue up; the scribe takes as many as make a group, writes them as one frame,
/// waits for the sync, calls out the new head, takes the next group. One group is under way at a time, so every frame
/// can say that all before it is durable, and that sentence is what tells rot from a torn tail later (L8). A page that
/// fails to dry ends the scribe's work for good (L7): no second try, no more calls.
package struct LogMachine: Sendable {
    /// What the machine waits for.
    enum Step: Hashable {
        /// Made, not started. Leaves for `opening`.
        case created
        /// Recovery's last words are being made durable. Leaves for `ready`, or for `rolling` after a cut.
        case opening
        /// Nothing is under way.
        case ready
        /// A group is being written and synced.
        case committing
        /// A seal is being written and synced.
        case sealing
        /// The segment is full (or cut, or there is none) and the next is not prepared yet.
        case awaitingSegment
        /// The next segment gets its header and its name.
        case rolling
        /// A segment that recovery does not need goes to the archive.
        case archiving
        /// The end. Leaves for nothing.
        case lost
    }

    /// How far the next segment is.
    enum Preparation: Hashable {
        case none
        case underWay(OperationNumber)
        case ready
    }

    /// A group whose sync is awaited.
    struct Group {
        let records: ArraySlice<[UInt8]>
        let frameByteCount: Int
    }

    package let identity: LogIdentity
    /// Where the log ends, as far as it is durable.
    package private(set) var tail: LogTail

    /// What recovery wants done before records may arrive; nil for a new log, or once it is done.
    var repair: LogRepair?
    var step: Step = .created
    var preparation: Preparation = .none
    var isOpened = false
    /// Whether the log begins with a new segment, whatever room there is.
    var mustRoll = false
    /// Whether a frame proves everything before it: then idleness needs no seal.
    var isSealed: Bool
    /// Segments beside the identity, ascending; the last one is written.
    var live: [SegmentNumber]
    /// Recovery needs no segment before this one.
    var coveredBefore = SegmentNumber.zero
    private var pending = PendingRecords()
    private var group: Group?
    private var foldedChain: ChainHash?
    private var inOrder: [OperationNumber] = []
    private var lastOperation = OperationNumber(rawValue: 0)

    /// The machine of a log that does not exist yet; `started` makes it.
    package init(new identity: LogIdentity) {
        precondition(identity.complaint == nil, "identity: \(identity.complaint ?? "")")
        self.identity = identity
        self.tail = .beforeFirst
        self.isSealed = true
        self.live = []
        self.mustRoll = true
    }

    /// The machine of a log that recovery has read.
    package init(recovered: RecoveredLog) {
        self.identity = recovered.identity
        self.tail = recovered.tail
        self.repair = recovered.repair
        self.isSealed = recovered.report.end == .sealed
        self.live = recovered.live
        if !identity.kind.hasSnapshots { coveredBefore = tail.segment }
    }

    /// The machine of a log that is restored from a backup: it goes on in a segment of a later incarnation, so that nothing
    /// of it is taken for what the backup lacks.
    package init(restored recovered: RecoveredLog, as logIncarnation: UInt32) {
        precondition(
            logIncarnation > recovered.tail.logIncarnation,
            "incarnation \(logIncarnation) restores \(recovered.tail.logIncarnation)")
        self.init(recovered: recovered)
        tail.logIncarnation = logIncarnation
        mustRoll = true
    }

    /// Whether the log has ended for good.
    package var isLost: Bool { step == .lost }
    /// Whether nothing is under way and nothing waits.
    package var isAtRest: Bool { step == .ready && pending.isEmpty }
    /// Whether idleness would write a seal.
    package var needsSeal: Bool { isAtRest && !isSealed }
    /// The largest record that this log takes.
    package var recordByteCountMax: Int {
        LogLimits.recordByteCountMax(segmentByteCount: identity.segmentByteCount)
    }

    /// States the reign of the groups to come; never lower than before.
    package mutating func enter(reign: Reign) {
        precondition(reign >= tail.reign, "reign \(reign) after \(tail.reign)")
        tail.reign = reign
    }

    /// Takes one event; appends what it orders.
    package mutating func handle(_ event: LogEvent, into effects: inout [LogEffect]) {
        guard step != .lost else { return }
        switch event {
        case .started: start(into: &effects)
        case .recordsArrived(let records): accept(records, into: &effects)
        case .operationEnded(let number, let result): end(number, result, into: &effects)
        case .idled: idle(into: &effects)
        case .covered(let before):
            coveredBefore = max(coveredBefore, min(before, tail.segment))
            archiveCovered(into: &effects)
        }
    }

    /// Folds the group under way into the chain, if that is still to do.
    ///
    /// Happens by itself at the end of the sync; a shell whose disk works meanwhile calls it once the frame is written.
    package mutating func foldChain() {
        guard let group, foldedChain == nil else { return }
        foldedChain = ChainFold.chain(after: tail.head.chain, records: group.records)
    }

    private mutating func start(into effects: inout [LogEffect]) {
        precondition(step == .created, "started in \(step)")
        step = .opening
        perform(.discardTemporaries, into: &effects)
        if let repair {
            perform(repair.operations(in: tail.segment), into: &effects)
        }
    }

    private mutating func accept(_ records: [[UInt8]], into effects: inout [LogEffect]) {
        var byteCount = 0
        for record in records {
            guard record.count <= recordByteCountMax else {
                return effects.append(.refused(.recordTooLong(byteCount: record.count, limit: recordByteCountMax)))
            }
            byteCount += LogLimits.recordPrefixByteCount + record.count
        }
        let count = pending.count + records.count
        guard count <= LogLimits.pendingRecordCountMax else {
            let limit = LogLimits.pendingRecordCountMax
            return effects.append(.refused(.tooManyPending(recordCount: count, limit: limit)))
        }
        let total = pending.byteCount + byteCount
        guard total <= LogLimits.pendingByteCountMax else {
            let limit = LogLimits.pendingByteCountMax
            return effects.append(.refused(.tooMuchPending(byteCount: total, limit: limit)))
        }
        pending.append(records, byteCount: byteCount)
        proceed(into: &effects)
    }

    private mutating func end(_ number: OperationNumber, _ result: StorageResult, into effects: inout [LogEffect]) {
        if preparation == .underWay(number) { return endPreparation(result, into: &effects) }
        precondition(inOrder.first == number, "operation \(number) ended, awaited \(inOrder)")
        inOrder.removeFirst()
        switch result {
        case .failure(let failure)
        where isPlanted(.retriesSync) && failure.kind == .inputOutput && step == .committing && inOrder.isEmpty:
            perform(.sync(.segment(tail.segment)), into: &effects)
        case .failure(let failure): lose(failure, into: &effects)
        case .success:
            if inOrder.isEmpty { advance(into: &effects) }
        }
    }

    /// All operations of the step have ended well.
    private mutating func advance(into effects: inout [LogEffect]) {
        switch step {
        case .opening:
            let isCut = repair?.torn != nil
            repair = nil
            if isCut || mustRoll {
                mustRoll = false
                step = .awaitingSegment
                roll(into: &effects)
            } else {
                becomeReady(into: &effects)
            }
        case .committing:
            endGroup(into: &effects)
            becomeReady(into: &effects)
        case .sealing:
            tail.offset += LogLimits.alignmentByteCount
            isSealed = true
            becomeReady(into: &effects)
        case .rolling:
            tail.base = tail.logicalOffset
            tail.segment = tail.segment.next
            tail.offset = SegmentHeader.frameByteCount
            live.append(tail.segment)
            if !identity.kind.hasSnapshots { coveredBefore = tail.segment }
            preparation = .none
            isSealed = true
            becomeReady(into: &effects)
        case .archiving:
            live.removeFirst()
            becomeReady(into: &effects)
        case .created, .ready, .awaitingSegment, .lost:
            preconditionFailure("an operation ended in \(step)")
        }
    }

    private mutating func becomeReady(into effects: inout [LogEffect]) {
        step = .ready
        if !isOpened {
            isOpened = true
            effects.append(.opened(tail.head))
        }
        prepareAhead(into: &effects)
        archiveCovered(into: &effects)
        proceed(into: &effects)
    }

    /// Begins the next group, if nothing is under way and something waits.
    private mutating func proceed(into effects: inout [LogEffect]) {
        guard step == .ready, !pending.isEmpty else { return }
        let next = pending.nextGroup(byteCountMax: min(LogLimits.groupByteCountMax, identity.segmentByteCount / 2))
        let header = tail.header(
            .records, of: identity.logID, payloadByteCount: next.byteCount, recordCount: next.range.count)
        // One sector is always left, so that the last group of a segment can be sealed too.
        let end = tail.offset + header.frameByteCount + LogLimits.alignmentByteCount
        guard end <= identity.segmentByteCount else {
            step = .awaitingSegment
            return roll(into: &effects)
        }
        let records = pending[next.range]
        pending.take(next)
        group = Group(records: records, frameByteCount: header.frameByteCount)
        step = .committing
        isSealed = false
        writeAndSync(header.frame(of: records), into: &effects)
    }

    private mutating func endGroup(into effects: inout [LogEffect]) {
        foldChain()
        guard let group, let chain = foldedChain else { preconditionFailure("no group under way") }
        let index = RecordIndex(rawValue: tail.head.index.rawValue + UInt64(group.records.count))
        tail.head = LogHead(index: index, chain: chain)
        tail.offset += group.frameByteCount
        self.group = nil
        foldedChain = nil
        effects.append(.durable(tail.head))
    }

    private mutating func idle(into effects: inout [LogEffect]) {
        guard isAtRest else { return }
        prepareAhead(into: &effects)
        guard needsSeal else { return }
        step = .sealing
        writeAndSync(tail.header(.seal, of: identity.logID).sealFrame(), into: &effects)
    }

    private mutating func writeAndSync(_ frame: [UInt8], into effects: inout [LogEffect]) {
        let file = LogFile.segment(tail.segment)
        perform(.write(file, offset: tail.offset, bytes: frame), into: &effects)
        if !isPlanted(.skipsSync) { perform(.sync(file), into: &effects) }
    }

    /// The end: whatever waits is forgotten, and no later event changes anything (L7).
    mutating func lose(_ failure: StorageFailure, into effects: inout [LogEffect]) {
        step = .lost
        group = nil
        foldedChain = nil
        pending = PendingRecords()
        inOrder = []
        effects.append(.lost(failure))
    }
}

extension LogMachine {
    mutating func perform(_ operation: StorageOperation, into effects: inout [LogEffect]) {
        perform([operation], into: &effects)
    }

    /// Orders operations that are carried out one after the other.
    mutating func perform(_ operations: [StorageOperation], into effects: inout [LogEffect]) {
        for operation in operations {
            if isPlanted(.skipsDirectorySync), case .syncDirectory = operation { continue }
            lastOperation = lastOperation.next
            inOrder.append(lastOperation)
            effects.append(.perform(lastOperation, operation))
        }
    }

    /// Orders an operation that nothing waits for yet.
    mutating func performAside(_ operation: StorageOperation, into effects: inout [LogEffect]) -> OperationNumber {
        lastOperation = lastOperation.next
        effects.append(.performAside(lastOperation, operation))
        return lastOperation
    }
}
