package import LeaseholdModel
import Synchronization

/// The events of a watch, in order of their index; ends with a failure, never silently.
package struct EventStream: AsyncSequence, Sendable {
    /// One record each.
    package typealias Element = EventView
    /// How it ends.
    package typealias Failure = ClientFailure

    let buffer: EventBuffer

    /// Takes events one at a time; one task may do so.
    package struct AsyncIterator: AsyncIteratorProtocol {
        let buffer: EventBuffer

        /// The next event; nil once the waiting task is cancelled.
        package mutating func next() async throws(ClientFailure) -> EventView? {
            try await next(isolation: #isolation)
        }

        /// The next event; nil once the waiting task is cancelled.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(ClientFailure) -> EventView? {
            try await buffer.take().get()
        }
    }

    /// The one reader of the stream.
    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(buffer: buffer) }
}

/// Events between the connection and the task that watches; bounded (L10).
final class EventBuffer: Sendable {
    typealias Taken = Result<EventView?, ClientFailure>

    private struct State {
        var events: [EventView] = []
        /// Events before this position are taken.
        var head = 0
        var end: Taken?
        var waiting: CheckedContinuation<Taken, Never>?
        var lastIndex: RecordIndex?

        /// The oldest event; gives the space of taken ones back now and then.
        mutating func pop() -> EventView? {
            guard head < events.count else { return nil }
            let event = events[head]
            head += 1
            if head >= 1_024, head * 2 >= events.count {
                events.removeFirst(head)
                head = 0
            }
            return event
        }
    }

    private let state = Mutex(State())
    private let countMax: Int

    init(countMax: Int) {
        self.countMax = countMax
    }

    /// The index that a following watch would start from; nil before the first event.
    var next: RecordIndex? { state.withLock { $0.lastIndex?.next } }

    func put(_ event: EventView) {
        let waiting: CheckedContinuation<Taken, Never>? = state.withLock { state in
            guard state.end == nil else { return nil }
            if let waiting = state.waiting {
                state.waiting = nil
                state.lastIndex = event.index
                return waiting
            }
            guard state.events.count - state.head < countMax else {
                state.end = .failure(.watchBehind(next: event.index))
                return nil
            }
            state.lastIndex = event.index
            state.events.append(event)
            return nil
        }
        waiting?.resume(returning: .success(event))
    }

    /// No more will come; what is there can still be taken.
    func finish(_ failure: ClientFailure?) {
        let end: Taken = failure.map { .failure($0) } ?? .success(nil)
        let waiting: CheckedContinuation<Taken, Never>? = state.withLock { state in
            if state.end == nil { state.end = end }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: end)
    }

    func take() async -> Taken {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early: Taken? = state.withLock { state in
                    if let event = state.pop() { return .success(event) }
                    if let end = state.end { return end }
                    precondition(state.waiting == nil, "two tasks take events from one watch")
                    state.waiting = continuation
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            finish(nil)
        }
    }
}
