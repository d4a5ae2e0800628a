package import LeaseholdModel
import Synchronization

/// One request on its way: asked now, answered once, awaited by at most one task.
package final class Exchange: Sendable {
    private enum Outcome {
        case open
        case awaited(CheckedContinuation<Result<Reply, ClientFailure>, Never>)
        case settled(Result<Reply, ClientFailure>)
    }

    /// The id under which a change happens at most once; nil for a query.
    package let id: RequestID?
    private let outcome = Mutex(Outcome.open)

    init(id: RequestID?) {
        self.id = id
    }

    /// Waits for the answer.
    ///
    /// A refusal is an answer; a cancelled task gets `ClientFailure.ended`.
    package func reply() async throws(ClientFailure) -> Reply {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { wait(in: $0) }
        } onCancel: {
            settle(.failure(.ended))
        }
        return try result.get()
    }

    private func wait(in continuation: CheckedContinuation<Result<Reply, ClientFailure>, Never>) {
        let early: Result<Reply, ClientFailure>? = outcome.withLock { outcome in
            switch outcome {
            case .open:
                outcome = .awaited(continuation)
                return nil
            case .awaited: preconditionFailure("two tasks wait for the answer to one request")
            case .settled(let result): return result
            }
        }
        if let early { continuation.resume(returning: early) }
    }

    /// The first answer counts.
    func settle(_ result: Result<Reply, ClientFailure>) {
        let waiting: CheckedContinuation<Result<Reply, ClientFailure>, Never>? = outcome.withLock { outcome in
            switch outcome {
            case .open:
                outcome = .settled(result)
                return nil
            case .awaited(let continuation):
                outcome = .settled(result)
                return continuation
            case .settled: return nil
            }
        }
        waiting?.resume(returning: result)
    }
}
