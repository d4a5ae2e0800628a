internal import Glibc
package import LeaseholdModel

/// The service manager that has started this process, if one has: systemd's protocol of notifications (sd_notify(3)).
///
/// A datagram of lines `NAME=VALUE` to the socket that the environment names. What cannot be told is handed to a
/// listener and is no reason to stop: who is not heard is started again by the manager anyway.
package struct Supervisor: Sendable {
    /// What a manager can be told.
    package enum News: Hashable, Sendable {
        /// It serves; in words where.
        case ready(String)
        /// What it does, in words.
        case status(String)
        /// The owner goes on taking turns.
        case alive
        /// It was asked to stop and does so.
        case stopping
    }

    private let path: [UInt8]
    private let name: String
    fileprivate let telling: @Sendable (SystemFailure) -> Void
    /// How long the manager may hear nothing before it ends the process; nil where it does not watch.
    package let patience: Span?

    /// The manager that an environment names; nil where there is none, or a name that no socket can have.
    ///
    /// `NOTIFY_SOCKET` is a path, or a name in the abstract namespace after `@`. `WATCHDOG_USEC` counts for the process of
    /// `WATCHDOG_PID` alone, where that is there. `take` gives the value of a variable and removes it, so that no child
    /// speaks for this process.
    package init?(
        process: Int32, taking take: (String) -> String?, onFailure: @escaping @Sendable (SystemFailure) -> Void
    ) {
        let (socket, watched, time) = (take("NOTIFY_SOCKET"), take("WATCHDOG_PID"), take("WATCHDOG_USEC"))
        guard let name = socket, name.hasPrefix("/") || name.hasPrefix("@") else { return nil }
        var path = Array(name.utf8)
        if name.hasPrefix("@") { path[0] = 0 }
        guard path.count > 1, path.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
        let isWatched = watched.map { Int32($0) == process } ?? true
        let patience = time.flatMap { Int64($0) }
        self.path = path
        self.name = name
        self.telling = onFailure
        self.patience =
            patience.flatMap { isWatched && (1...86_400_000_000).contains($0) ? Span(nanoseconds: $0 * 1_000) : nil }
    }

    /// The manager of this process, taken out of its environment before another thread reads that.
    package static func adopt(onFailure: @escaping @Sendable (SystemFailure) -> Void) -> Supervisor? {
        let take: (String) -> String? = { name in
            defer { unsetenv(name) }
            return getenv(name).map { String(cString: $0) }
        }
        return Supervisor(process: getpid(), taking: take, onFailure: onFailure)
    }

    /// Sends it, and never waits for room; why it was not sent, if it was not.
    fileprivate func send(_ news: News) -> SystemFailure? {
        let bytes = Array(news.text.utf8)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return SystemFailure("make", "a socket for \(name)") }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let byteCount = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let sent = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT), $0, byteCount)
            }
        }
        return sent == bytes.count ? nil : SystemFailure("send to", name)
    }
}

extension Supervisor.News {
    /// As it is sent.
    package var text: String {
        switch self {
        case .ready(let words): "READY=1\n\(Supervisor.News.line(words))"
        case .status(let words): Supervisor.News.line(words)
        case .alive: "WATCHDOG=1\n"
        case .stopping: "STOPPING=1\n"
        }
    }

    /// A line end in it would begin another assignment.
    private static func line(_ words: String) -> String {
        "STATUS=\(words.split(whereSeparator: \.isNewline).joined(separator: " "))\n"
    }
}

/// What a process tells its manager turn by turn: its news until each was sent, and that it takes turns.
///
/// One datagram that finds no room is lost by nobody's fault, so nothing counts as told before it was sent. A process
/// that takes turns is heard at least four times within the manager's patience: three quarters of it are left to the
/// longest turn.
package struct Pulse: Sendable {
    /// After a failure it is tried again so soon, or with the next beat where that comes earlier.
    private static let pauseMax = Span.milliseconds(100)

    private let supervisor: Supervisor
    private var owed: [Supervisor.News] = []
    private var hasFailed = false
    /// Before it nothing is told on a turn.
    private var soonest = BootInstant.never
    /// When a turn is wanted for it.
    package private(set) var due = BootInstant.never

    /// Nil where there is no manager.
    package init?(_ supervisor: Supervisor?) {
        guard let supervisor else { return nil }
        self.supervisor = supervisor
        guard supervisor.patience != nil else { return }
        soonest = .zero
        due = .zero
    }

    /// Tells it; what is not heard now is told on a later turn, in order.
    package mutating func tell(_ news: Supervisor.News, at now: BootInstant) {
        owed.append(news)
        soonest = now
        beat(at: now)
    }

    /// On each turn: tells what is owed, and beats if it is time.
    package mutating func beat(at now: BootInstant) {
        guard soonest <= now else { return }
        while let news = owed.first {
            guard send(news, at: now) else { return }
            owed.removeFirst()
        }
        guard let patience = supervisor.patience else {
            (soonest, due) = (.never, .never)
            return
        }
        guard send(.alive, at: now) else { return }
        soonest = now + patience / 8
        due = now + patience / 4
    }

    /// Sends; a failure is told to the listener once until something is heard again.
    private mutating func send(_ news: Supervisor.News, at now: BootInstant) -> Bool {
        guard let failure = supervisor.send(news) else {
            hasFailed = false
            return true
        }
        if !hasFailed { supervisor.telling(failure) }
        hasFailed = true
        soonest = now + min(supervisor.patience.map { $0 / 8 } ?? Pulse.pauseMax, Pulse.pauseMax)
        due = soonest
        return false
    }
}
