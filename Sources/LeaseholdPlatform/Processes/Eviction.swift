internal import Glibc
package import LeaseholdModel

/// Why there is no answer.
package struct Reason: Error {
    package let text: String
    /// Whether there may be one soon, without anybody's doing.
    package let mayPass: Bool

    package init(text: String, mayPass: Bool = false) {
        self.text = text
        self.mayPass = mayPass
    }
}

/// Ends every process that is found where a partition is to be empty: politely, then not.
package struct Eviction {
    /// From one look at who is left to the next.
    private static let pause: UInt32 = 50_000

    private let look: () -> Result<Set<Int32>, Reason>

    /// An eviction of whoever `look` finds; it is asked again and again.
    package init(of look: @escaping () -> Result<Set<Int32>, Reason>) { self.look = look }

    /// Ends them; whoever runs it waits for it, so no owner's thread does.
    ///
    /// - Parameter grace: how long they have between the polite signal and the other, and after that.
    /// - Returns: done once nobody is found; otherwise who is left, or why nobody can say.
    package func run(grace: Span) -> StepOutcome {
        var ended: Set<Int32> = []
        for signal in [SIGTERM, SIGKILL] {
            let deadline = Clocks.boot() + grace
            var signalled: Set<Int32> = []
            repeat {
                let found: Found
                switch lookTwice() {
                case .success(let seen): found = seen
                case .failure(let reason): return .failed(reason: reason.text)
                }
                if found.pids.isEmpty {
                    let names = ended.sorted().map(String.init).joined(separator: ", ")
                    return .done(evidence: ended.isEmpty ? "no process was left" : "ended processes \(names)")
                }
                var refused: [String] = []
                for (pid, handle) in found.held where signalled.insert(pid).inserted {
                    let code = ProcessHandle.signal(handle.descriptor, signal)
                    // One that is gone already is what was wanted.
                    if code == 0 || code == ESRCH { ended.insert(pid) } else { refused.append("\(pid): errno \(code)") }
                }
                refused += found.untouchable.filter { signalled.insert($0).inserted }.map { "\($0): not a tenant's" }
                // All others were told first, and are told again with the next try.
                guard refused.isEmpty else {
                    return .failed(reason: "processes on the GPUs cannot be ended: " + refused.joined(separator: ", "))
                }
                usleep(Eviction.pause)
            } while Clocks.boot() < deadline
        }
        switch lookTwice() {
        case .success(let found) where found.pids.isEmpty: return .done(evidence: "ended \(ended.count) processes")
        case .success(let found):
            return .failed(
                reason:
                    "process \(found.pids.sorted().map(String.init).joined(separator: ", ")) lives on after SIGKILL")
        case .failure(let reason): return .failed(reason: reason.text)
        }
    }

    /// Who is there.
    private struct Found {
        let pids: Set<Int32>
        /// Each with a handle that was opened before it was seen there, so that it is the one that was seen.
        var held: [(pid: Int32, handle: HeldProcess)] = []
        /// Those that no tenant can have started.
        var untouchable: [Int32] { pids.filter { $0 <= 1 || $0 == getpid() }.sorted() }
    }

    private final class HeldProcess {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    /// Looks twice: a number that was seen before its handle was opened may be somebody else's by then.
    private func lookTwice() -> Result<Found, Reason> {
        let before: Set<Int32>
        switch look() {
        case .success(let pids): before = pids
        case .failure(let reason): return .failure(reason)
        }
        guard !before.isEmpty else { return .success(Found(pids: [])) }
        var handles: [Int32: HeldProcess] = [:]
        for pid in before where pid > 1 && pid != getpid() {
            do throws(SystemFailure) { handles[pid] = HeldProcess(try ProcessHandle.open(pid)) } catch {
                guard error.code == ESRCH else { return .failure(Reason(text: "\(error)")) }
            }
        }
        return look().map { after in
            Found(pids: after, held: after.sorted().compactMap { pid in handles[pid].map { (pid, $0) } })
        }
    }
}
