internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdModel
internal import Synchronization

/// A program of the site's own that is run at a node, and judged by its exit status.
///
/// It gets its facts as environment variables, nothing on standard input, and a time limit; what it says is evidence.
/// It begins with every signal as a program expects it, in a process group of its own, and what it leaves in that group
/// is ended with it. Whoever runs it waits for it, so no owner's thread does.
package struct SiteProgram: Hashable, Sendable {
    /// How it ended.
    package enum End: Hashable, Sendable {
        case succeeded(said: String)
        case failed(status: Int32, said: String)
        /// It was ended, with everything that it had started in its process group.
        case tookTooLong(Span, said: String)
        case didNotStart(reason: String)
        /// It does not end, whatever is done; until it has, it is not started again with the same arguments.
        case livesOn(pid: Int32)
    }

    /// An absolute path; `PATH` is not searched.
    package let path: String
    package let arguments: [String]
    package let limit: Span
    package let hearing: Hearing
    /// The control group that it enters before it begins; nil where it stays in this process's own.
    package let group: String?

    package init(
        path: String, arguments: [String] = [], limit: Span = .seconds(60), hearing: Hearing = .end,
        group: String? = nil
    ) {
        self.group = group
        self.path = path
        self.arguments = arguments
        self.limit = limit
        self.hearing = hearing
    }

    /// What of all that it says is kept.
    package enum Hearing: Hashable, Sendable {
        /// The last 512 bytes: how it ended.
        case end
        /// The first 4096 bytes: what it answers.
        case beginning

        /// What is kept of what was kept and what was said then.
        fileprivate func kept(_ said: [UInt8]) -> [UInt8] {
            switch self {
            case .end: Array(said.suffix(512))
            case .beginning: Array(said.prefix(4_096))
            }
        }
    }

    /// How long it has between the polite signal and the other, and to be gone after that.
    private static let grace = Span.seconds(2)
    /// Programs that did not end, by what they were started with.
    private static let lingering = Mutex<[[String]: Int32]>([:])

    /// Whether something of the site's is there, by its absolute path.
    ///
    /// Only a directory above it that is there to be looked into says that it is not wanted.
    static func isThere(_ path: String) throws(SystemFailure) -> Bool {
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        var status = stat()
        // A link that leads nowhere is somebody's wish that cannot be had.
        if lstat(path, &status) == 0 { return true }
        let code = errno
        guard code == ENOENT, access(directory, R_OK | X_OK) == 0 else {
            throw SystemFailure(operation: "look for", subject: path, code: code)
        }
        return false
    }

    /// Runs it where it is there; one that is not wanted has nothing against what is done.
    package func runIfThere(environment: [String: String]) -> StepOutcome {
        do throws(SystemFailure) {
            guard try SiteProgram.isThere(path) else { return .done(evidence: "there is no \(path)") }
        } catch {
            return .failed(reason: "\(error)")
        }
        return run(environment: environment).outcome
    }

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - more: arguments behind its own.
    ///   - environment: added to `PATH`, which is all that it inherits.
    /// - Returns: how it ended, after it has.
    package func run(_ more: [String] = [], environment: [String: String] = [:]) -> End {
        let script = "echo $$ > \"$0/cgroup.procs\" || { echo \"cannot enter $0\"; exit 125; }; exec \"$@\""
        let entry = group.map { ["/bin/sh", "-c", script, $0] } ?? []
        let line = entry + [path] + arguments + more
        if let pid = lingers(line) { return .livesOn(pid: pid) }
        var child: SpawnedProgram
        do throws(SystemFailure) { child = try SpawnedProgram(line, environment, hearing) } catch {
            return .didNotStart(reason: "\(error)")
        }
        let isInTime = child.waits(for: limit)
        if !isInTime {
            child.signalGroup(SIGTERM)
            _ = child.waits(for: SiteProgram.grace)
        }
        // What it has started and left behind goes with it; it has its number until it is reaped.
        child.signalGroup(SIGKILL)
        guard child.waits(for: SiteProgram.grace) else {
            SiteProgram.lingering.withLock { $0[line] = child.pid }
            return .livesOn(pid: child.pid)
        }
        guard let status = child.reap() else { return .didNotStart(reason: "\(path): how it ended is not known") }
        guard isInTime else { return .tookTooLong(limit, said: child.said) }
        return status == 0 ? .succeeded(said: child.said) : .failed(status: status, said: child.said)
    }

    /// The process of an earlier run of this that has not ended.
    private func lingers(_ line: [String]) -> Int32? {
        SiteProgram.lingering.withLock { known in
            guard let pid = known[line] else { return nil }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == 0 else {
                known[line] = nil
                return nil
            }
            return pid
        }
    }
}

/// A child that runs, until it is reaped.
private struct SpawnedProgram: ~Copyable {
    let pid: Int32
    private let handle: Descriptor
    private let output: Descriptor
    private let hearing: SiteProgram.Hearing
    private var heard: [UInt8] = []
    private var hasEnded = false

    /// Starts a program; nobody else in this process waits for children that it did not start.
    init(
        _ line: [String], _ environment: [String: String], _ hearing: SiteProgram.Hearing
    ) throws(SystemFailure) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SystemFailure("make", "a pipe") }
        let output = try Descriptor(ends[0], "make", "a pipe")
        let input = try Descriptor(ends[1], "make", "a pipe")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(output.number, F_SETFL, O_NONBLOCK)
        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        let settings = ["PATH": search].merging(environment) { $1 }
        let (pid, code) = SpawnedProgram.spawn(line, settings.map { "\($0)=\($1)" }.sorted(), output: input.number)
        guard code == 0 else { throw SystemFailure(operation: "start", subject: line[0], code: code) }
        let handle: Descriptor
        do throws(SystemFailure) { handle = try ProcessHandle.open(pid) } catch {
            kill(-pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw error
        }
        self.pid = pid
        self.handle = handle
        self.output = output
        self.hearing = hearing
    }

    private static func spawn(_ line: [String], _ settings: [String], output: Int32) -> (pid: Int32, code: Int32) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        _ = leasehold_spawn_closes_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var (texts, variables) = (line.map { strdup($0) }, settings.map { strdup($0) })
        defer { (texts + variables).forEach { free($0) } }
        texts.append(nil)
        variables.append(nil)
        var pid: pid_t = 0
        let code = posix_spawn(&pid, line[0], &actions, &attributes, texts, variables)
        return (pid, code)
    }

    /// Waits for its end, so long at most, and reads what it says meanwhile; whether it has ended.
    mutating func waits(for span: Span) -> Bool {
        let deadline = Clocks.boot() + span
        while !hasEnded {
            let left = deadline - Clocks.boot()
            guard left > .zero else { return false }
            var watched = [
                pollfd(fd: handle.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: output.number, events: Int16(POLLIN), revents: 0),
            ]
            poll(&watched, 2, Int32(clamping: left.wholeMilliseconds + 1))
            let isAtEnd = !read()
            hasEnded = watched[0].revents != 0
            // With its output closed it is waited for alone, so that nobody turns round and round.
            if isAtEnd, !hasEnded {
                poll(&watched, 1, Int32(clamping: max(.zero, deadline - Clocks.boot()).wholeMilliseconds + 1))
                hasEnded = watched[0].revents != 0
            }
        }
        return true
    }

    /// Reads what is there; whether more may come.
    private mutating func read() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(output.number, &bytes, bytes.count)
            guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
            heard = hearing.kept(heard + bytes.prefix(count))
        }
    }

    /// What is kept of what it has said.
    var said: String {
        let text = String(decoding: heard, as: UTF8.self)
        let isBlank = { (character: Character) in character.isWhitespace || character.isNewline }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// Its group has its number, which nobody else has before it is reaped.
    borrowing func signalGroup(_ signal: Int32) { _ = kill(-pid, signal) }

    /// The exit status, or 128 and the number of the signal that ended it; nil where somebody else has it.
    borrowing func reap() -> Int32? {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) != pid { guard errno == EINTR else { return nil } }
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }
}

extension SiteProgram.End {
    /// What it came to, as the outcome of a step.
    package var outcome: StepOutcome {
        switch self {
        case .succeeded(let said): .done(evidence: "exit status 0" + SiteProgram.End.quoted(said))
        case .failed(let status, let said): .failed(reason: "exit status \(status)" + SiteProgram.End.quoted(said))
        case .tookTooLong(let limit, let said):
            .failed(reason: "ended after \(limit)" + SiteProgram.End.quoted(said))
        case .didNotStart(let reason): .failed(reason: reason)
        case .livesOn(let pid): .failed(reason: "process \(pid) of it lives on after SIGKILL")
        }
    }

    private static func quoted(_ said: String) -> String { said.isEmpty ? "" : ": \(said)" }
}
