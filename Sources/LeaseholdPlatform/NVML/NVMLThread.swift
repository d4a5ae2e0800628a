internal import Dispatch
internal import Foundation
package import LeaseholdModel
internal import Synchronization

/// What a question to the driver came to.
package enum DriverAnswer<Value: Sendable>: Sendable {
    /// The answer, and how often the driver has been seen to go: a counter that was read before the last time is no more.
    case answered(Value, lossCount: UInt64)
    case failed(NVMLFailure)
    /// There was no answer in time, because a call has not come back since then.
    case asleep(since: BootInstant)
}

/// The one thread that talks to the driver, for those who cannot wait for it.
///
/// The picture to have in mind is the clerk's bell: who rings waits so long and no longer. While the clerk sleeps, nobody
/// else is sent to the counter: a call that hangs in the kernel holds the driver's locks, so that the next would hang too.
/// Every question is answered with `asleep` then, at once, until he wakes by himself. A process whose thread never wakes
/// goes on without the driver until it ends; what it was asked to do may still happen, so who sets something reads it back.
/// Who asks something that takes its time says so: those behind it wait so much longer, and nobody is taken for asleep.
///
/// What is on the desk (the library, its devices, a watch) is made on the thread, is seen by questions alone and goes when
/// the driver does, or when it is let go.
package final class NVMLThread<Desk>: Sendable {
    private let bell = Bell<Desk>()
    private let opening: @Sendable () throws(NVMLFailure) -> Desk

    /// Starts the thread.
    ///
    /// - Parameter opening: makes what is on the desk, on the thread, whenever it is needed and not there.
    package init(opening: @escaping @Sendable () throws(NVMLFailure) -> Desk) {
        self.opening = opening
        let thread = Thread { [bell] in bell.serve() }
        thread.name = "driver"
        thread.start()
    }

    deinit { bell.stop() }

    /// How many questions were given up since the thread was started.
    package var givenUpCount: UInt64 { bell.givenUpCount }

    /// Whether the thread is at a question.
    package var isBusy: Bool { bell.isBusy }

    /// How many questions wait behind the one that the thread is at.
    package var waitingCount: Int { bell.waitingCount }

    /// Asks something and waits for the answer, but not longer than a limit.
    ///
    /// - Parameters:
    ///   - limit: how long; from the end of a question before it that was allowed more.
    ///   - allowance: how much longer this question may take.
    ///   - question: what to ask, on the thread.
    /// - Returns: what it came to.
    package func ask<Value: Sendable>(
        within limit: Span, allowing allowance: Span = .zero,
        _ question: @escaping @Sendable (inout Desk) throws(NVMLFailure) -> Value
    ) -> DriverAnswer<Value> {
        bell.ring(within: limit, allowing: allowance) { [opening] desk throws(NVMLFailure) in
            var open: Desk
            if let there = desk { open = there } else { open = try opening() }
            defer { desk = open }
            return try question(&open)
        }
    }

    /// Clears the desk, so that a GPU can be reset or the driver unloaded; the next question opens it anew.
    ///
    /// Answers whether there was anything on it.
    package func letGo(within limit: Span) -> DriverAnswer<Bool> {
        bell.ring(within: limit, allowing: .zero) { desk throws(NVMLFailure) in
            defer { desk = nil }
            return desk != nil
        }
    }
}

/// Questions on their way to the thread, in order.
private final class Bell<Desk>: Sendable {
    /// What the thread does with what is on the desk and the count of how often the driver has gone.
    typealias Job = @Sendable (_ desk: inout Desk?, _ lossCount: inout UInt64) -> Void

    /// More questions than ever wait for each other (L10).
    private static var waitingCountMax: Int { 16 }

    private struct State {
        var waiting: [(number: UInt64, allowance: Span, job: Job)] = []
        var lastNumber: UInt64 = 0
        /// The question that the thread is at, since when, and what it may take beyond everybody's limit; nil while it
        /// waits for one.
        var current: (number: UInt64, since: BootInstant, allowance: Span)?
        /// When the last question that was allowed more came back.
        var lastLongEnd = BootInstant.zero
        /// Whether somebody has given that question up, or one behind it.
        var isAsleep = false
        var givenUpCount: UInt64 = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let rung = DispatchSemaphore(value: 0)

    var givenUpCount: UInt64 { state.withLock { $0.givenUpCount } }
    var waitingCount: Int { state.withLock { $0.waiting.count } }
    var isBusy: Bool { state.withLock { $0.current != nil } }

    /// Has the thread answer a question, and waits for it.
    func ring<Value: Sendable>(
        within limit: Span, allowing allowance: Span,
        _ question: @escaping @Sendable (inout Desk?) throws(NVMLFailure) -> Value
    ) -> DriverAnswer<Value> {
        let slip = Slip<Value>()
        let job: Job = { slip.write(Bell.answer(question, &$0, &$1)) }
        guard let number = put(job, allowance) else { return asleep() }
        rung.signal()
        var patience = limit + allowance
        while patience > .zero, slip.wait(within: patience) == nil {
            patience = more(for: number, within: limit, allowing: allowance)
        }
        if patience <= .zero { giveUp(number) }
        // It may have been written since.
        return slip.answer ?? asleep()
    }

    private static func answer<Value: Sendable>(
        _ question: (inout Desk?) throws(NVMLFailure) -> Value, _ desk: inout Desk?, _ lossCount: inout UInt64
    ) -> DriverAnswer<Value> {
        do throws(NVMLFailure) {
            return .answered(try question(&desk), lossCount: lossCount)
        } catch {
            if error.isDriverGone, desk != nil {
                desk = nil
                lossCount += 1
            }
            return .failed(error)
        }
    }

    /// How much longer a question that was not answered in time may wait, for what is allowed to it or to one before it.
    private func more(for number: UInt64, within limit: Span, allowing allowance: Span) -> Span {
        state.withLock { state in
            let now = Clocks.boot()
            guard let current = state.current else { return state.lastLongEnd + limit - now }
            if current.number == number, allowance == .zero { return state.lastLongEnd + limit - now }
            return current.allowance > .zero ? current.since + current.allowance + limit - now : .zero
        }
    }

    private func put(_ job: @escaping Job, _ allowance: Span) -> UInt64? {
        state.withLock { state in
            guard !state.isAsleep, state.waiting.count < Bell.waitingCountMax else { return nil }
            state.lastNumber += 1
            state.waiting.append((state.lastNumber, allowance, job))
            return state.lastNumber
        }
    }

    private func giveUp(_ number: UInt64) {
        state.withLock { state in
            let isWaiting = state.waiting.contains { $0.number == number }
            guard isWaiting || state.current?.number == number else { return }
            state.waiting.removeAll { $0.number == number }
            state.givenUpCount += 1
            state.isAsleep = true
        }
    }

    private func asleep<Value>() -> DriverAnswer<Value> {
        .asleep(since: state.withLock { $0.current?.since } ?? Clocks.boot())
    }

    // MARK: The thread's side

    /// Answers one question after the other until there will be no more.
    func serve() {
        var desk: Desk?
        var lossCount: UInt64 = 0
        while true {
            rung.wait()
            let (job, isStopped) = state.withLock { state -> (Job?, Bool) in
                guard !state.waiting.isEmpty else { return (nil, state.isStopped) }
                let next = state.waiting.removeFirst()
                state.current = (next.number, Clocks.boot(), next.allowance)
                return (next.job, false)
            }
            if isStopped { return }
            job?(&desk, &lossCount)
            state.withLock { state in
                if let current = state.current, current.allowance > .zero { state.lastLongEnd = Clocks.boot() }
                state.current = nil
                state.isAsleep = false
            }
        }
    }

    /// Ends the thread once it has answered what waits.
    func stop() {
        state.withLock { $0.isStopped = true }
        rung.signal()
    }
}

/// Where the thread writes an answer, whether or not anybody still waits for it.
private final class Slip<Value: Sendable>: Sendable {
    private let content = Mutex<DriverAnswer<Value>?>(nil)
    private let written = DispatchSemaphore(value: 0)

    var answer: DriverAnswer<Value>? { content.withLock(\.self) }

    func write(_ answer: DriverAnswer<Value>) {
        content.withLock { $0 = answer }
        written.signal()
    }

    func wait(within limit: Span) -> DriverAnswer<Value>? {
        let isInTime = written.wait(timeout: .now() + .nanoseconds(Int(limit.nanoseconds))) == .success
        return isInTime ? answer : nil
    }
}
