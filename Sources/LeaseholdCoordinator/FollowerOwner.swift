package import LeaseholdBroker
package import LeaseholdLog
package import LeaseholdModel
package import LeaseholdPlatform
package import LeaseholdProtocol
package import Logging

/// The thread that owns the book that follows the log: it takes in durable records and takes snapshots.
///
/// It is a standing check that records alone make the book (L14), the way of a standby, and the reason why a snapshot
/// costs the owner nothing.
package final class FollowerOwner {
    package let shared: Follower
    private let identity: LogIdentity
    private let storage: FileStorage
    private let logger: Logger
    private var clerk: LedgerClerk
    private var book: LeaseBook
    private var tail: LogTail
    /// Tells the owner; false where it has no room.
    private let tell: (CoordinatorEvent) -> Bool
    private var keeper: SnapshotKeeper<FileStorage>
    /// The segment in which the last snapshot was tried; the next one is due in another.
    private var triedIn: SegmentNumber
    /// Whether no more will be sent; what was sent before is still taken.
    private var isEnding = false

    /// Follows a recovered log from its end on; throws where its directory cannot be opened a second time.
    package init(
        _ shared: Follower, recovered: RecoveredBook, log: LogDirectory, ledger: LedgerDirectory, pace: CalendarPace,
        logger: Logger, tell: @escaping (CoordinatorEvent) -> Bool, answer: @escaping (Asker, Reply) -> Void
    ) throws(StorageFailure) {
        self.shared = shared
        self.identity = log.identity
        self.storage = try FileStorage(path: log.path)
        self.logger = logger
        self.book = recovered.book
        self.tail = log.tail
        self.clerk = LedgerClerk(
            of: log.identity, storage, files: ledger, tail: log.tail, pace: pace, tell: tell, answer: answer)
        self.clerk.restores = recovered.book.restores
        self.tell = tell
        self.keeper = SnapshotKeeper(identity: log.identity, storage: storage, used: recovered.snapshot)
        self.triedIn = recovered.snapshot?.tail.segment ?? .first
        let used = recovered.snapshot?.index ?? .zero
        shared.note { report in
            report.head = recovered.book.head
            report.snapshot = used
        }
    }

    /// Follows until it is told that no more will come; returns the book, nil where it could not follow any more.
    package func run() -> LeaseBook? {
        do {
            let loop = try OwnerLoop(shared.mailbox, heedsSignals: false)
            try loop.run { (batch, wake, now) throws(RecoveryFailure) in try turn(batch, wake, now) }
            return book
        } catch {
            shared.mailbox.close()
            shared.note { $0.hasStopped = true }
            logger.critical("L14: the book that follows the log has stopped at record \(book.head): \(error)")
            return nil
        }
    }

    private func turn(
        _ batch: [Follower.Letter], _ wake: Wake, _ now: Now
    ) throws(RecoveryFailure) -> OwnerStep {
        // What was posted before the end can come a batch later, where the queue of groups was looked at before it.
        let hasAll = isEnding && !wake.mayMoreWait
        for letter in batch {
            switch letter {
            case .groups(let groups):
                try take(groups)
                shared.taken(groups)
            case .question(let asker, let question, let principal, let least):
                clerk.take(question, from: asker, of: principal, least: least)
            case .countersigned(let asker, let key, let signed): clerk.look(at: signed, key, from: asker)
            case .witnessed(let connection, let head): clerk.takeShown(head, by: connection)
            case .end: isEnding = true
            }
        }
        if let end = shared.takeMissed() { try take(Follower.Groups(records: [], to: end)) }
        let next = clerk.work(at: now)
        let (head, signed, signedCount) = (book.head, clerk.signed?.head.index ?? .zero, clerk.signedCount)
        shared.note { ($0.head, $0.signedHead, $0.signedCount) = (head, signed, signedCount) }
        if isEnding {
            guard hasAll else { return .wait(until: .zero) }
            clerk.keep()
            return .stop
        }
        if tail.segment > triedIn { takeSnapshot() }
        return .wait(until: next)
    }

    // MARK: Following

    private func take(_ groups: Follower.Groups) throws(RecoveryFailure) {
        try follow(groups)
        clerk.restores = book.restores
        clerk.follow(groups)
    }

    private func follow(_ groups: Follower.Groups) throws(RecoveryFailure) {
        let last = groups.tail.head.index
        guard last > book.head else { return }
        let first = last.rawValue + 1 - UInt64(groups.records.count)
        if first == book.head.rawValue + 1 {
            for (position, record) in groups.records.enumerated() {
                let index = RecordIndex(rawValue: first + UInt64(position))
                do throws(RecordRefusal) { try take(index, record) } catch {
                    throw .refused(.record(segment: tail.segment, offset: tail.offset, index: index, error))
                }
            }
        } else {
            shared.note { $0.catchUpCount += 1 }
            logger.warning("the book that follows the log reads records \(book.head.next) to \(last) from the log")
            var reader = RecordReader(of: identity, storage, at: tail)
            try reader.read(through: groups.tail) { index, record throws(RecordRefusal) in
                try take(index, record)
            }
        }
        tail = groups.tail
    }

    private func take(_ index: RecordIndex, _ record: [UInt8]) throws(RecordRefusal) {
        if let objection = book.follow(try RecordCodec.entry(at: index, record)) {
            throw RecordRefusal(reason: objection, of: index)
        }
    }

    // MARK: Snapshots

    private func takeSnapshot() {
        triedIn = tail.segment
        let start = Clocks.boot()
        do throws(SnapshotFailure) {
            let sum = try keeper.save(
                SnapshotHeader(logID: identity.logID, tail: tail), bookDigest: book.digest()
            ) { each throws(StorageFailure) in
                try book.forEachImage { piece throws(StorageFailure) in try each(ImageCodec.encode(piece)) }
            } check: { piece throws(RecordRefusal) in
                do throws(RecordFailure) { _ = try ImageCodec.decode(piece) } catch {
                    throw RecordRefusal(reason: "\(error)")
                }
            }
            let time = Clocks.boot() - start
            let index = tail.head.index
            shared.note { report in
                report.snapshotCount += 1
                report.snapshot = index
                report.snapshotByteCount = sum.byteCount
                report.snapshotTime = time
            }
            shared.cover(before: keeper.coveredBefore)
            logger.info(
                "snapshot \(index): \(sum.byteCount) bytes in \(time.nanoseconds / 1_000_000) ms, read back whole")
        } catch {
            shared.note { $0.failureCount += 1 }
            logger.error(
                "no snapshot after record \(tail.head.index): \(error); the log is whole, the next one is tried with the next segment"
            )
        }
    }
}
