import LeaseholdBroker
package import LeaseholdLog
package import LeaseholdModel
package import LeaseholdPlatform
import LeaseholdProtocol
import Synchronization

/// What the follower has done, for pages and logs.
package struct FollowerReport: Sendable {
    /// The last record that it has taken in.
    package var head = RecordIndex.zero
    /// Snapshots taken since the start, and attempts that failed.
    package var snapshotCount: UInt64 = 0
    package var failureCount: UInt64 = 0
    /// The newest snapshot that was read back whole, its bytes, and how long it took; zero while there is none.
    package var snapshot = RecordIndex.zero
    package var snapshotByteCount = 0
    package var snapshotTime = Span.zero
    /// The record of the newest signed head, and how many were signed since the start.
    package var signedHead = RecordIndex.zero
    package var signedCount: UInt64 = 0
    /// How often it fell behind and read the log itself.
    package var catchUpCount: UInt64 = 0
    /// Whether it has stopped before its time: there will be no more snapshots.
    package var hasStopped = false
}

/// The owner's end of the book that follows the log: durable groups go in, and what snapshots cover comes out.
///
/// Nothing here makes the owner wait. What finds no room is dropped, and the follower reads it from the log.
package final class Follower: Sendable {
    /// One or more groups that are durable.
    package struct Groups: Sendable {
        let records: [[UInt8]]
        let byteCount: Int
        /// Where the log ends behind them.
        let tail: LogTail

        /// Records that end where the log does.
        package init(records: [[UInt8]], to tail: LogTail) {
            self.records = records
            self.tail = tail
            byteCount = records.reduce(0) { $0 + $1.count }
        }
    }

    /// What the follower is sent.
    enum Letter: Sendable {
        case groups(Groups)
        /// Something that the log answers, once it has the last record that was durable when it was asked.
        case question(Asker, LogQuestion, Principal, least: RecordIndex)
        /// A request whose signatures and head are to be looked at before anything is decided on it (L13).
        case countersigned(Asker, RequestKey?, CountersignedHead)
        /// A head that a peer has kept (L9).
        case witnessed(ConnectionID, HeadText)
        /// No more will come.
        case end
    }

    /// Groups before all else, and the end behind all else.
    enum LetterClass: Int, MailboxClass {
        case groups = 0
        case question = 1
        case witnessed = 2
        case end = 3

        var countMax: Int {
            switch self {
            case .groups: Limits.followedGroupCountMax
            case .question: Limits.logQuestionCountMax
            case .witnessed: Limits.connectionCountMax
            case .end: 1
            }
        }
    }

    private struct State {
        var waitingByteCount = 0
        /// Where the log ended when the newest group found no room.
        var missed: LogTail?
        var covered: SegmentNumber?
        var report = FollowerReport()
    }

    let mailbox: Mailbox<Letter, LetterClass>
    private let state = Mutex(State())

    /// An empty queue; throws where the kernel has no descriptor left.
    package init() throws(SystemFailure) { mailbox = try Mailbox() }

    /// What it has done so far.
    package var report: FollowerReport { state.withLock { $0.report } }

    // MARK: The owner's side

    /// Hands over what has become durable.
    package func follow(_ records: [[UInt8]], to tail: LogTail) {
        let byteCount = Groups(records: records, to: tail).byteCount
        let hasRoom = state.withLock { state in
            guard state.waitingByteCount + byteCount <= Limits.followedByteCountMax else { return false }
            state.waitingByteCount += byteCount
            return true
        }
        // What has no room for its bytes still says how far the log goes.
        let groups = Groups(records: hasRoom ? records : [], to: tail)
        guard mailbox.post(.groups(groups), .groups) != .admitted else { return }
        state.withLock { state in
            state.waitingByteCount -= groups.byteCount
            state.missed = tail
        }
        // Tried again now that it is written down: where it finds no room either, somebody is yet to empty the queue.
        _ = mailbox.post(.groups(Groups(records: [], to: tail)), .groups)
    }

    /// Asks what the log answers, after the last record that is durable now; nil where it will be, else why not.
    func ask(
        _ question: LogQuestion, from asker: Asker, of principal: Principal, after least: RecordIndex
    ) -> Refusal? {
        switch mailbox.post(.question(asker, question, principal, least: least), .question) {
        case .admitted: nil
        case .full: .overloaded(retryAfter: Limits.overloadedRetry)
        case .closed: .notServing(reason: "the book that follows the log has stopped; nothing of the log is answered")
        }
    }

    /// Has the signatures under a head looked at; the request comes back as an event.
    func look(
        at signed: CountersignedHead, _ key: RequestKey?, from asker: Asker
    ) -> LeaseholdPlatform.Admission {
        mailbox.post(.countersigned(asker, key, signed), .question)
    }

    /// Shows a head that a peer has kept; false where too many wait, and it has to be shown again.
    func show(_ head: HeadText, of connection: ConnectionID) -> Bool {
        mailbox.post(.witnessed(connection, head), .witnessed) != .full
    }

    /// The segment before which recovery needs none any more, if that has changed since the last call.
    package func takeCovered() -> SegmentNumber? {
        state.withLock { state in
            defer { state.covered = nil }
            return state.covered
        }
    }

    /// No more will come; the follower ends when it has taken what waits.
    package func end() {
        // Where it is full or closed, the follower has been told or has stopped.
        _ = mailbox.post(.end, .end)
        mailbox.close()
    }

    // MARK: The follower's side

    func taken(_ groups: Groups) { state.withLock { $0.waitingByteCount -= groups.byteCount } }

    /// Where the log ended when the newest group found no room, if one has since the last call.
    func takeMissed() -> LogTail? {
        state.withLock { state in
            defer { state.missed = nil }
            return state.missed
        }
    }

    func cover(before segment: SegmentNumber) { state.withLock { $0.covered = segment } }

    func note(_ change: (inout FollowerReport) -> Void) { state.withLock { change(&$0.report) } }
}
