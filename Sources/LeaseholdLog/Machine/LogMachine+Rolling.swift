import LeaseholdModel

// From one segment to the next. The next one is prepared, aside, once the current one is half full; when a group no
// longer fits, or recovery has cut the current one, it gets a header and a name. A segment stays beside the identity for
// as long as recovery would read it: in a log with snapshots until the older of the last two stands for it.

extension LogMachine {
    /// Has the next segment prepared before it is needed.
    mutating func prepareAhead(into effects: inout [LogEffect]) {
        guard preparation == .none, tail.offset >= identity.segmentByteCount / 2 else { return }
        prepare(into: &effects)
    }

    /// Moves to the next segment, as soon as it is prepared.
    mutating func roll(into effects: inout [LogEffect]) {
        precondition(step == .awaitingSegment, "rolling in \(step)")
        switch preparation {
        case .none: prepare(into: &effects)
        case .underWay: break
        case .ready: publish(into: &effects)
        }
    }

    /// The preparation ended; if the log waits for it, it rolls or is lost.
    mutating func endPreparation(_ result: StorageResult, into effects: inout [LogEffect]) {
        switch result {
        case .success:
            preparation = .ready
            if step == .awaitingSegment { roll(into: &effects) }
        case .failure(let failure):
            preparation = .none
            if step == .awaitingSegment || failure.kind != .noSpace {
                lose(failure, into: &effects)
            } else {
                effects.append(.segmentDelayed(failure))
            }
        }
    }

    private mutating func prepare(into effects: inout [LogEffect]) {
        let operation = StorageOperation.prepare(tail.segment.next, byteCount: identity.segmentByteCount)
        preparation = .underWay(performAside(operation, into: &effects))
    }

    /// Moves the first segment that recovery does not need to the archive, if nothing else is under way.
    mutating func archiveCovered(into effects: inout [LogEffect]) {
        guard step == .ready, let first = live.first, first < coveredBefore else { return }
        step = .archiving
        perform([.archive(first), .syncDirectory(.archive), .syncDirectory(.live)], into: &effects)
    }

    /// Header, sync, name, sync of the name; only then may a frame follow.
    private mutating func publish(into effects: inout [LogEffect]) {
        step = .rolling
        let next = tail.segment.next
        let segment = SegmentHeader(number: next, identity: identity, previousEnd: tail.offset)
        let header = tail.header(.segment, of: identity.logID, payloadByteCount: segment.payloadByteCount)
        perform(
            [
                .write(.temporary(next), offset: 0, bytes: header.frame(of: segment)),
                .sync(.temporary(next)),
                .publish(next),
                .syncDirectory(.live),
            ], into: &effects)
    }
}
