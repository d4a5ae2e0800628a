internal import CLeaseholdPlatform
public import Synchronization

/// The classes of what waits in a mailbox, the first case first: an enum from 0 up without gaps.
@usableFromInline
package protocol MailboxClass: RawRepresentable<Int>, CaseIterable, Sendable {
    /// How many events of this class may wait (L10).
    var countMax: Int { get }
}

/// What a mailbox did with an event.
@usableFromInline
package enum Admission: Sendable {
    case admitted
    /// The class is full: nothing happened, and the edge answers `overloaded`.
    case full
    /// The owner has stopped; nothing happened.
    case closed
}

/// Where other threads put events for one owner: a bounded queue for each class, and one wake-up for a batch.
///
/// Any thread posts, the owner alone takes. A post locks, appends and unlocks; it writes to the eventfd only if the
/// owner has not been woken since it last took. The owner swaps whole arrays, so that it holds the lock for an instant.
@usableFromInline
package final class Mailbox<Event: Sendable, Class: MailboxClass>: Sendable {
    @usableFromInline struct Queues {
        /// What was posted and not swapped out yet, by class.
        @usableFromInline var posted: [[Event]]
        /// What waits for the owner, by class: posted, or swapped out and not taken.
        @usableFromInline var waiting: [Int]
        /// Whether the owner has been told that something waits.
        @usableFromInline var isOwnerWoken = false
        @usableFromInline var isClosed = false

        /// Whether a post is the first since the owner last looked.
        @inlinable mutating func mustWake() -> Bool {
            defer { isOwnerWoken = true }
            return !isOwnerWoken
        }
    }

    @usableFromInline let queues: Mutex<Queues>
    /// How many may wait, by class.
    @usableFromInline let countMax: [Int]
    /// Becomes readable when something waits.
    let wakeUp: Descriptor

    /// Makes an empty one; throws where the kernel has no descriptor left.
    package init() throws(SystemFailure) {
        let classes = Array(Class.allCases)
        precondition(classes.enumerated().allSatisfy { $0 == $1.rawValue }, "\(Class.self) counts from 0 without gaps")
        countMax = classes.map(\.countMax)
        wakeUp = try Descriptor(leasehold_eventfd(), "make", "an eventfd")
        queues = Mutex(
            Queues(posted: classes.map { _ in [] }, waiting: classes.map { _ in 0 }))
    }

    /// Puts an event behind the others of its class.
    @inlinable package func post(_ event: Event, _ kind: Class) -> Admission {
        let (admission, mustWake) = queues.withLock { queues -> (Admission, Bool) in
            guard !queues.isClosed else { return (.closed, false) }
            guard queues.waiting[kind.rawValue] < countMax[kind.rawValue] else { return (.full, false) }
            queues.posted[kind.rawValue].append(event)
            queues.waiting[kind.rawValue] += 1
            return (.admitted, queues.mustWake())
        }
        if mustWake { wakeOwner() }
        return admission
    }

    /// Puts events behind the others of their class, in order, as many as have room.
    ///
    /// - Returns: how many were admitted; the rest is as if it had been refused one by one.
    package func post(contentsOf events: some Collection<Event>, _ kind: Class) -> Int {
        let (count, mustWake) = queues.withLock { queues -> (Int, Bool) in
            guard !queues.isClosed else { return (0, false) }
            let count = min(events.count, countMax[kind.rawValue] - queues.waiting[kind.rawValue])
            guard count > 0 else { return (0, false) }
            queues.posted[kind.rawValue].append(contentsOf: events.prefix(count))
            queues.waiting[kind.rawValue] += count
            return (count, queues.mustWake())
        }
        if mustWake { wakeOwner() }
        return count
    }

    @usableFromInline func wakeOwner() { leasehold_ring(wakeUp.number) }

    /// Refuses everything from here on; what waits is still taken.
    package func close() { queues.withLock { $0.isClosed = true } }

    /// How many events of a class wait.
    package func waitingCount(_ kind: Class) -> Int { queues.withLock { $0.waiting[kind.rawValue] } }

    // MARK: The owner's side

    /// Before the owner looks: from here on a post wakes it again, and what it took the last time waits no more.
    ///
    /// - Returns: how many wait, by class.
    func beginTaking(taken: [Int]) -> [Int] {
        queues.withLock { queues in
            queues.isOwnerWoken = false
            for kind in taken.indices { queues.waiting[kind] -= taken[kind] }
            return queues.waiting
        }
    }

    /// Swaps what was posted for an empty array, whose memory the next posts use.
    func swap(_ kind: Int, with empty: inout [Event]) {
        precondition(empty.isEmpty, "\(empty.count) events would be lost")
        queues.withLock { Swift.swap(&$0.posted[kind], &empty) }
    }
}

/// The owner's end of a mailbox: takes batches, higher classes first, each class in the order of its posts.
///
/// A part of every batch is kept for each lower class that waits, so that a flood of releases cannot make every node
/// look silent (L15).
struct MailboxReader<Event: Sendable, Class: MailboxClass> {
    private let mailbox: Mailbox<Event, Class>
    /// Swapped out of the mailbox, by class; events before `next` have been taken.
    private var fronts: [[Event]]
    private var next: [Int]
    private var taken: [Int]

    init(_ mailbox: Mailbox<Event, Class>) {
        self.mailbox = mailbox
        fronts = Class.allCases.map { _ in [] }
        next = Class.allCases.map { _ in 0 }
        taken = next
    }

    /// Fills an empty batch with at most `countMax` events, and says whether more may wait.
    mutating func take(upTo countMax: Int, into batch: inout [Event]) -> Bool {
        precondition(batch.isEmpty, "\(batch.count) events of the last batch are left")
        let waiting = mailbox.beginTaking(taken: taken)
        let share = countMax / (2 * waiting.count)
        var kept = waiting.reduce(0) { $0 + min(share, $1) }
        for kind in fronts.indices {
            kept -= min(share, waiting[kind])
            let before = batch.count
            takeFront(kind, upTo: countMax - kept, into: &batch)
            if fronts[kind].isEmpty, batch.count < countMax - kept {
                mailbox.swap(kind, with: &fronts[kind])
                takeFront(kind, upTo: countMax - kept, into: &batch)
            }
            taken[kind] = batch.count - before
        }
        return zip(waiting, taken).contains { $0 > $1 } || batch.count == countMax
    }

    private mutating func takeFront(_ kind: Int, upTo countMax: Int, into batch: inout [Event]) {
        let count = max(0, min(fronts[kind].count - next[kind], countMax - batch.count))
        if batch.isEmpty, count == fronts[kind].count {
            // All of it, as mostly: no event is copied.
            Swift.swap(&batch, &fronts[kind])
            return
        }
        batch.append(contentsOf: fronts[kind][next[kind]..<next[kind] + count])
        next[kind] += count
        guard next[kind] == fronts[kind].count else { return }
        fronts[kind].removeAll(keepingCapacity: true)
        next[kind] = 0
    }
}
