import Dispatch
import Foundation
import LeaseholdBroker
import LeaseholdPlatform

/// The thread of the book that follows the log, and the wait for its end.
final class FollowerThread: Sendable {
    /// Longer than a snapshot of the largest site takes; a disk that takes longer is not waited for.
    private static let endSeconds = 30.0

    private let shared: Follower
    private let outcome = Outcome()
    private let ended = DispatchSemaphore(value: 0)

    /// What the thread leaves.
    ///
    /// Unchecked, because the compiler cannot see it: it is written once, before the semaphore rings, and read after.
    private final class Outcome: @unchecked Sendable { var book: LeaseBook? }

    /// Starts it.
    init(_ owner: FollowerOwner) {
        shared = owner.shared
        let handover = Handover(owner)
        let thread = Thread { [outcome, ended] in
            outcome.book = handover.take().run()
            ended.signal()
        }
        thread.name = "follower"
        thread.stackSize = 8_388_608
        thread.start()
    }

    /// Tells it that no more will come, and waits until it has taken everything; its book, nil where it has none or does
    /// not end in time.
    func end() -> LeaseBook? {
        shared.end()
        guard ended.wait(timeout: .now() + FollowerThread.endSeconds) == .success else { return nil }
        return outcome.book
    }
}
