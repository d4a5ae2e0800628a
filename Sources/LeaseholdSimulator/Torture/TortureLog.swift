import LeaseholdLog
import LeaseholdModel

/// A segment's file, and how much of it counts.
struct TortureSegment: Equatable {
    var number: SegmentNumber
    var place: LogPlace
    var bytes: [UInt8]
}

/// A finished log, to be damaged: its bytes, and what everybody may know of them without reading them.
struct TortureLog {
    let story: TortureStory
    let identity: LogIdentity
    /// In order of their numbers.
    let segments: [TortureSegment]
    let witness: LogWitness
    let provenCount: Int
    /// Valid bytes of each segment.
    let ends: [Int]
    /// The last group or seal, in the newest segment.
    let tail: Range<Int>
    /// The published segments after every operation of its life.
    let moments: [[TortureSegment]]

    /// Lives through a story on a sound disk; `fork` makes other records, `logID` another log.
    init(_ story: TortureStory, logID: LogID? = nil, salt: Int = 0, remembersMoments: Bool = true) {
        let own = story.identity
        let identity = LogIdentity(
            cluster: own.cluster, logID: logID ?? own.logID, kind: own.kind, segmentByteCount: own.segmentByteCount)
        let disk = SimulatedDisk()
        var run = TortureRun(story, on: disk, identity: identity, salt: salt)
        guard case .finished = run.go(story.steps) else { preconditionFailure("\(story) on a sound disk did not end") }
        self.story = story
        self.identity = identity
        self.segments = disk.publishedSegments
        self.witness = run.witness
        self.provenCount = run.provenCount
        self.ends = run.ends
        self.tail = run.lastFrameStart..<(run.ends.last ?? 0)
        self.moments = remembersMoments ? TortureLog.moments(of: story, operationCount: disk.operationCount) : []
    }

    /// The published segments as they were after each operation: the life stops at the next one.
    private static func moments(of story: TortureStory, operationCount: Int) -> [[TortureSegment]] {
        (1...operationCount).compactMap { operation in
            let disk = SimulatedDisk()
            disk.failingOperation = operation + 1
            var run = TortureRun(story, on: disk)
            _ = run.go(story.steps)
            return disk.publishedSegments
        }
    }

    /// The rule for a change of these bytes of a segment.
    func rule(_ segment: Int, _ bytes: Range<Int>) -> TortureRule {
        guard segment == segments.count - 1 else { return bytes.lowerBound >= ends[segment] ? .unchanged : .proven }
        if bytes.lowerBound >= tail.upperBound { return .behind }
        return bytes.lowerBound >= tail.lowerBound ? .tail : .proven
    }
}

extension SimulatedDisk {
    /// The segments that recovery would find, in order, as a running system reads them.
    var publishedSegments: [TortureSegment] {
        state.names.compactMap { name, file in
            SegmentNumber(fileName: name.name).map {
                TortureSegment(number: $0, place: name.place, bytes: state.files[file].current)
            }
        }.sorted { $0.number < $1.number }
    }
}

/// Segments in memory, lent to recovery without copying them.
struct TortureReader: LogReader {
    var segments: [TortureSegment]

    mutating func listSegments() -> [SegmentFile] {
        segments.map { SegmentFile(number: $0.number, place: $0.place, byteCount: $0.bytes.count) }
    }

    mutating func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        guard let segment = segments.first(where: { $0.number == file.number && $0.place == file.place }) else {
            throw StorageFailure(kind: .notFound, attempt: "read \(file)")
        }
        let part = range.clamped(to: 0..<segment.bytes.count)
        return part.count == segment.bytes.count ? segment.bytes : Array(segment.bytes[part])
    }

    /// What recovery makes of them, compared with what was appended.
    mutating func outcome(
        _ identity: LogIdentity, _ witness: LogWitness, counting comparisons: inout Int
    ) -> TortureOutcome {
        var check = RecordCheck(against: witness)
        var scan = LogScan(identity: identity)
        defer { comparisons += check.count }
        do throws(RecoveryFailure) {
            let recovered = try scan.recover(&self) { _, bytes throws(RecordRefusal) in check.take(bytes) }
            return .recovered(
                count: check.count, isCut: recovered.report.end.isCut,
                complaint: check.complaint(recovered.report.head))
        } catch {
            return .refused(error)
        }
    }
}
