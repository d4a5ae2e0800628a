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

/// Who is found where a partition is to be empty.
package struct EvictionLook {
    package let pids: Set<Int32>
    /// Why there may be others; nil where everybody was seen.
    package let failure: Reason?

    package init(pids: Set<Int32>, failure: Reason? = nil) {
        self.pids = pids
        self.failure = failure
    }

    /// Whoever either of two looks has found.
    package func union(_ other: EvictionLook) -> EvictionLook {
        EvictionLook(pids: pids.union(other.pids), failure: failure ?? other.failure)
    }

    /// A look that sees everybody or nobody.
    package init(_ result: Result<Set<Int32>, Reason>) {
        switch result {
        case .success(let pids): self.init(pids: pids)
        case .failure(let reason): self.init(pids: [], failure: reason)
        }
    }
}

/// Ends every process that is found where a partition is to be empty: politely, then not.
///
/// Who starts another one in the place of a process that was ended is ended as well, with all of its control group: the
/// process that holds the device may be the least of a job.
package struct Eviction {
    /// From one look at who is left to the next.
    private static let pause: UInt32 = 50_000
    /// How long nobody may be found after somebody was.
    private static let quiet = Span.milliseconds(200)

    private let look: () -> EvictionLook
    private let groups: ControlGroups
    /// The directories of groups that are theirs alone: who is still there after the polite signal is ended with all others.
    private let whole: [String]

    /// An eviction of whoever `look` finds; it is asked again and again.
    package init(
        groups: ControlGroups = ControlGroups(), whole: [String] = [], of look: @escaping () -> EvictionLook
    ) {
        self.groups = groups
        self.whole = whole
        self.look = look
    }

    /// Ends them; whoever runs it waits for it, so no owner's thread does.
    ///
    /// - Parameters:
    ///   - grace: how long they have between the polite signal and the other, and after that.
    ///   - quiet: how long nobody must be found before that is believed, where nobody was found at all.
    ///   - politely: whether they hear the polite signal first; not where they have heard it before.
    /// - Returns: done once nobody is found; otherwise who is left, or why nobody can say.
    package func run(grace: Span, quiet: Span = .zero, politely: Bool = true) -> StepOutcome {
        let begin = Clocks.boot()
        var work = Work()
        var emptySince: BootInstant?
        let end = begin + (politely ? grace * 2 : grace)
        while true {
            let now = Clocks.boot()
            let isPolite = politely && now < begin + grace
            let found = lookTwice()
            if found.pids.isEmpty {
                if let failure = found.failure {
                    guard failure.mayPass, now < end else { return .failed(reason: failure.text) }
                    emptySince = nil
                    usleep(Eviction.pause)
                    continue
                }
                let since = emptySince ?? now
                emptySince = since
                if now - since >= (work.ended.isEmpty ? quiet : max(quiet, Eviction.quiet)) {
                    return .done(evidence: work.evidence)
                }
            } else {
                emptySince = nil
                signal(found, isPolite ? SIGTERM : SIGKILL, &work)
                let left = found.pids.subtracting(work.refused.keys)
                if left.isEmpty || now >= end {
                    return .failed(reason: work.complaint(of: left, found.failure))
                }
            }
            usleep(Eviction.pause)
        }
    }

    /// What has been done so far.
    private struct Work {
        var told: [Int32: Set<Int32>] = [:]
        var ended: Set<Int32> = []
        /// Those that cannot be ended, and why.
        var refused: [Int32: String] = [:]
        /// Who was seen so far, by group.
        var seen: [String: Set<Int32>] = [:]
        var groupsEnded: Set<String> = []

        var evidence: String {
            guard !ended.isEmpty else { return "no process was left" }
            let groups = groupsEnded.isEmpty ? "" : ", and all of " + groupsEnded.sorted().joined(separator: ", ")
            return "ended processes \(ended.sorted().map(String.init).joined(separator: ", "))" + groups
        }

        func complaint(of left: Set<Int32>, _ failure: Reason?) -> String {
            let names = left.sorted().map(String.init).joined(separator: ", ")
            let refusals = refused.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            return [
                left.isEmpty ? nil : "process \(names) lives on after SIGKILL",
                refused.isEmpty
                    ? nil : "processes on the GPUs cannot be ended: " + refusals.joined(separator: ", "),
                failure?.text,
            ].compactMap(\.self).joined(separator: "; ")
        }
    }

    private func signal(_ found: Found, _ signal: Int32, _ work: inout Work) {
        for pid in found.untouchable { work.refused[pid] = "not a tenant's" }
        if signal == SIGKILL {
            for directory in whole where ControlGroups.end(at: directory) { work.groupsEnded.insert(directory) }
        }
        for (group, pids) in found.groups {
            // One is gone and another there that was not before: the group goes on without its dead.
            let seen = work.seen[group, default: []]
            let isBack = !seen.isSubset(of: pids) && !pids.isSubset(of: seen)
            if signal == SIGKILL, isBack, groups.end(group) { work.groupsEnded.insert(group) }
            work.seen[group] = seen.union(pids)
        }
        for (pid, handle) in found.held where work.told[signal, default: []].insert(pid).inserted {
            let code = ProcessHandle.signal(handle.descriptor, signal)
            // One that is gone already is what was wanted.
            if code == 0 || code == ESRCH { work.ended.insert(pid) } else { work.refused[pid] = "errno \(code)" }
        }
    }

    /// Who is there.
    private struct Found {
        let pids: Set<Int32>
        let failure: Reason?
        /// Each with a handle that was opened before it was seen there, so that it is the one that was seen.
        var held: [(pid: Int32, handle: HeldProcess)] = []
        /// The groups of which one was there each time, with those who were the second time: links of a chain that is quicker
        /// than a look have no more in common.
        var groups: [String: Set<Int32>] = [:]
        /// Those that no tenant can have started.
        var untouchable: [Int32] { pids.filter { $0 <= 1 || $0 == getpid() }.sorted() }
    }

    private final class HeldProcess {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    /// Looks twice: a number that was seen before its handle was opened may be somebody else's by then.
    private func lookTwice() -> Found {
        let before = look()
        guard !before.pids.isEmpty else { return Found(pids: [], failure: before.failure) }
        var handles: [Int32: HeldProcess] = [:]
        var failure: Reason?
        for pid in before.pids where pid > 1 && pid != getpid() {
            do throws(SystemFailure) { handles[pid] = HeldProcess(try ProcessHandle.open(pid)) } catch {
                if error.code != ESRCH { failure = Reason(text: "\(error)") }
            }
        }
        let groupsBefore = Set(before.pids.compactMap { groups.group(of: $0) })
        let after = look()
        var both: [String: Set<Int32>] = [:]
        for pid in after.pids {
            guard let group = groups.group(of: pid), groupsBefore.contains(group) else { continue }
            both[group, default: []].insert(pid)
        }
        return Found(
            pids: after.pids, failure: after.failure ?? failure,
            held: after.pids.sorted().compactMap { pid in handles[pid].map { (pid, $0) } }, groups: both)
    }
}
