import Foundation

/// A thread for an owner: it lives until the owner is done, and nothing else ever runs on it.
///
/// Tenants' processes die with the thread that started them, so a guard's owner must not share one.
package enum OwnerThread {
    /// Runs a body on a thread of its own and waits for it without blocking the caller's.
    package static func run<Value: Sendable>(
        named name: String, _ body: @escaping @Sendable () -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: body()) }
            thread.name = name
            thread.stackSize = 8_388_608
            thread.start()
        }
    }
}

/// Something that one thread makes and another uses from then on.
///
/// Unchecked, because the compiler cannot see the hand-over: the maker gives up its only reference when it puts the
/// value in, and `take` gives it out once.
package final class Handover<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value?

    /// Puts the value in; the caller keeps no reference to it.
    package init(_ value: consuming Value) { self.value = value }

    /// Takes the value out; a second taker is a fault.
    package func take() -> Value {
        lock.lock()
        defer { lock.unlock() }
        guard let taken = value else { preconditionFailure("a hand-over was taken twice") }
        value = nil
        return taken
    }
}
