import LeaseholdBroker
import LeaseholdLog
package import LeaseholdModel
package import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport
import LeaseholdWire
import Logging
import NIOCore
import NIOPosix

/// A coordinator as a process: opens the log, begins a reign, serves until it is asked to stop.
package enum CoordinatorShell {
    /// Makes a new, empty log.
    ///
    /// Refuses a directory that holds one. Returns the log's id and the public key of its heads.
    package static func initialise(
        stateDirectory: String, cluster: String, segmentByteCount: Int
    ) throws(ProcessEnd) -> (log: LogID, ledgerKey: String) {
        guard isWellFormedName(cluster) else {
            throw ProcessEnd(
                .usage, "--cluster is \"\(cluster)\"; expected 1 to 63 letters, digits, '-', '_' or '.'")
        }
        // A record must fit, whatever the book decides: the machine never asks whether it does.
        guard segmentByteCount >= 2 * LogLimits.recordByteCountMax else {
            let least = "\(2 * LogLimits.recordByteCountMax >> 20)MiB"
            throw ProcessEnd(
                .usage,
                "--segment-size is \(segmentByteCount) bytes; expected at least \(least) for a coordinator's log")
        }
        let log = LogID.random()
        let identity = LogIdentity(
            cluster: cluster, logID: log, kind: .coordinator, segmentByteCount: segmentByteCount)
        let holder = try holder(Incarnation.random())
        do throws(LogDirectoryFailure) {
            try LogDirectory.create(at: stateDirectory, identity, holder: holder)
        } catch {
            throw error.end
        }
        let key = try makeLedgerKey(of: identity, in: stateDirectory)
        // Opened once, so that the directory is whole: a start that fails later leaves no file behind.
        _ = try ledger(of: identity, in: stateDirectory)
        return (log, key.text)
    }

    /// Makes another ledger key for a log whose key is lost, and returns it; refuses where there is one.
    package static func makeLedgerKey(stateDirectory: String) throws(ProcessEnd) -> String {
        let holder = try holder(Incarnation.random())
        guard let log = try recovered(stateDirectory, holder: holder, unless: { false })?.log else {
            preconditionFailure("stopped by nobody")
        }
        let key = try makeLedgerKey(of: log.identity, in: stateDirectory)
        do throws(LogFailure) { try log.close() } catch { throw ProcessEnd(.world, "\(error)") }
        return key.text
    }

    private static func makeLedgerKey(
        of identity: LogIdentity, in stateDirectory: String
    ) throws(ProcessEnd) -> LedgerKey {
        do throws(LedgerDirectoryFailure) {
            return try LedgerDirectory.makeKey(in: stateDirectory, cluster: identity.cluster, log: identity.logID)
        } catch {
            throw error.end
        }
    }

    /// The ledger's own files.
    private static func ledger(
        of identity: LogIdentity, in stateDirectory: String
    ) throws(ProcessEnd) -> LedgerDirectory {
        do throws(LedgerDirectoryFailure) {
            return try LedgerDirectory(in: stateDirectory, cluster: identity.cluster, log: identity.logID)
        } catch {
            throw error.end
        }
    }

    /// The ledger's own files of an opened log.
    ///
    /// A log without a record gets its key here if its making was cut short; any other must have one: heads of it are
    /// out in the world.
    private static func ledger(
        of log: LogDirectory, in stateDirectory: String
    ) throws(ProcessEnd) -> LedgerDirectory {
        if log.head.index == .zero, !LedgerDirectory.hasKey(in: stateDirectory) {
            _ = try makeLedgerKey(of: log.identity, in: stateDirectory)
        }
        return try ledger(of: log.identity, in: stateDirectory)
    }

    /// Opens a coordinator's log for writing, and builds its book; nil when the process was asked to stop first.
    private static func recovered(
        _ stateDirectory: String, holder: LockHolder, unless isStopRequested: @escaping () -> Bool
    ) throws(ProcessEnd) -> (log: LogDirectory, found: RecoveredLog, book: RecoveredBook)? {
        var book = StoppableBook(unless: isStopRequested)
        do throws(LogDirectoryFailure) {
            let (log, found) = try LogDirectory.open(
                at: stateDirectory, expecting: LogExpectation(kind: .coordinator), holder: holder, following: &book)
            return isStopRequested() ? nil : (log, found, book.book)
        } catch {
            guard !book.isStopped else { return nil }
            throw error.end
        }
    }

    /// Serves; returns after a drain.
    ///
    /// `say` prints a line for people and scripts, the last of them `serving on ADDRESS`.
    package static func run(
        _ settings: CoordinatorSettings, say: @escaping @Sendable (String) -> Void
    ) async throws(ProcessEnd) {
        if let complaint = settings.holds.complaint ?? settings.calendarComplaint {
            throw ProcessEnd(.usage, complaint)
        }
        guard settings.allowsPlaintext else {
            throw ProcessEnd(
                .usage, "there are no certificates yet: pass --plaintext to serve this machine alone, on loopback")
        }
        try refuseUnlessLocal(settings)
        let service = Supervisor.adopt { Logger(label: "leasehold-coordinator").warning("service manager: \($0)") }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let connections = Connections(group: group)
        let report = ReportBox()
        let mailbox: CoordinatorMailbox
        do { mailbox = try CoordinatorMailbox() } catch { throw ProcessEnd(.world, "\(error)") }
        var pulse = Pulse(service)
        pulse?.tell(.status("reading the log in \(settings.stateDirectory)"), at: Clocks.boot())
        let opened = try await open(
            settings, group: group, connections: connections, report: report, mailbox: mailbox, say: say)
        guard let (handover, following, place) = opened else {
            pulse?.tell(.stopping, at: Clocks.boot())
            return say("drained; no reign was begun")
        }
        pulse?.tell(.ready(place), at: Clocks.boot())
        say(place)
        let begun = pulse
        let follower = FollowerThread(following)
        let outcome = await OwnerThread.run(named: "owner") { own(handover.take(), mailbox, begun) }
        mailbox.close()
        report.renew(CoordinatorReport())
        connections.closeAll(after: Complaint(.closing, "the coordinator is going; connect again"))
        do { try await group.shutdownGracefully() } catch { throw ProcessEnd(.world, "\(error)") }
        // Of a log that was lost nothing is compared, and its disk may never answer the follower (L7).
        let live = try outcome.get()
        guard let book = follower.end(), book.head == live.head else {
            return say("drained; the book that follows the log had not come to its end, and was not compared")
        }
        if book.digest() != live.digest() {
            throw ProcessEnd(
                .dataLost,
                "L14: at record \(live.head) the book has the digest \(hexadecimal(live.digest())), and the one that "
                    + "followed the log \(hexadecimal(book.digest())); the log is whole and says which is right: verify it"
            )
        }
        say("drained")
    }

    /// Checks a log offline, or beside a coordinator that works on it.
    package static func verify(stateDirectory: String) throws(ProcessEnd) -> LogVerification {
        var recovered = RecoveredBook()
        do throws(LogDirectoryFailure) {
            let kind = try LogDirectory.identity(at: stateDirectory).kind
            guard kind == .coordinator else {
                throw .anotherKind(path: stateDirectory, expected: .coordinator, actual: kind)
            }
            let taken = try LogDirectory.snapshots(at: stateDirectory)
            var digests: [RecordIndex: UInt64] = [:]
            let take = { (index: RecordIndex, bytes: [UInt8]) throws(RecordRefusal) in
                try recovered.take(index, bytes)
                guard taken.contains(index) else { return }
                try recovered.settle()
                digests[index] = recovered.book.digest()
            }
            let (identity, verdict) = try LogDirectory.verify(at: stateDirectory, each: take) {
                () throws(RecordRefusal) in try recovered.settle()
            }
            var snapshots: [SnapshotVerdict] = []
            for index in taken {
                // Built as a start would build it, so that one that a start would pass over is named.
                var built = RecoveredBook()
                let result = try LogDirectory.verifySnapshot(index, at: stateDirectory, following: &built)
                guard let result else { continue }
                snapshots.append(SnapshotVerdict(index: index, result: result, replayed: digests[index]))
            }
            return LogVerification(
                identity: identity, verdict: verdict, book: recovered.book, snapshots: snapshots)
        } catch {
            throw error.end
        }
    }

    /// Before the log is opened: a start that cannot succeed begins no reign.
    private static func refuseUnlessLocal(_ settings: CoordinatorSettings) throws(ProcessEnd) {
        do throws(TransportFailure) {
            try ChannelSecurity.plaintext.admit(settings.listen)
            if let http = settings.http { try ChannelSecurity.plaintext.admit(http) }
        } catch {
            throw ProcessEnd(.usage, "\(error)")
        }
    }

    private static func holder(_ incarnation: Incarnation) throws(ProcessEnd) -> LockHolder {
        do throws(SystemFailure) {
            return try LockHolder.current(role: "coordinator", incarnation: incarnation)
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
    }

    /// Recovers, listens, and only then begins: a start that finds a port taken leaves the log as it was.
    ///
    /// Where it listens, in words; nil when the process was asked to stop first.
    private static func open(
        _ settings: CoordinatorSettings, group: MultiThreadedEventLoopGroup, connections: Connections,
        report: ReportBox, mailbox: CoordinatorMailbox, say: @Sendable (String) -> Void
    ) async throws(ProcessEnd) -> (Handover<CoordinatorOwner>, FollowerOwner, place: String)? {
        let incarnation = Incarnation.random()
        let boot: BootID
        do throws(SystemFailure) { boot = try BootID.current() } catch { throw ProcessEnd(.world, "\(error)") }
        let opened = try recovered(settings.stateDirectory, holder: try holder(incarnation)) {
            ProcessSignals.isStopRequested(within: .zero)
        }
        guard let (log, found, recovered) = opened else { return nil }
        let ledger = try ledger(of: log, in: settings.stateDirectory)
        let kept = try keptHead(ledger, log.tail)
        let identity = CoordinatorMachine.Identity(
            cluster: log.identity.cluster, log: log.identity.logID, incarnation: incarnation, boot: boot,
            holds: settings.holds, turnaround: settings.turnaround,
            pace: CalendarPace(
                speed: settings.calendarSpeed, began: Clocks.now(), notBefore: recovered.book.lastInstant),
            ledgerKey: ledger.signer.key.text, logIncarnation: log.tail.logIncarnation)
        let machine = CoordinatorMachine(identity: identity, book: recovered.book, head: log.head)
        let logger = Logger(label: "leasehold-coordinator")
        let following = try follower(
            of: recovered, log, ledger, identity.pace, logger, mailbox: mailbox, connections: connections)
        var owner = CoordinatorOwner(
            machine: machine, log: log, follower: following.shared, connections: connections, report: report,
            logger: logger)
        let inbox = CoordinatorInbox(mailbox: mailbox, report: report, follower: following.shared)
        let places = try await listen(settings, group: group, connections: connections, inbox: inbox, report: report)
        let reign = try owner.begin()
        say("cluster \(identity.cluster), log \(identity.log), reign \(reign)")
        for failure in found.report.unusable { say("log: passed over a damaged snapshot: \(failure)") }
        let beginning = found.report.snapshot.map { "snapshot \($0) and " } ?? ""
        say(
            "log: \(beginning)\(found.report.recordCount) records to index \(found.report.head.index); \(found.report.end)"
        )
        say("ledger: heads are signed by \(identity.ledgerKey)")
        if case .unusable(let reason) = kept { say("ledger: passed over the head beside the log: \(reason)") }
        say("hold: \(settings.holds.inequality)")
        if settings.calendarSpeed > 1 {
            let pace = identity.pace
            say(
                "calendar: \(pace.speed) times as fast as the clock, from \(pace.shown.rfc3339); for tests, holds are not"
            )
        }
        say("plaintext: every process of this machine is believed to be who it says; loopback only")
        if let http = places.http { say(http) }
        return (Handover(owner), following, places.frames)
    }

    /// Where it listens, in words; what arrives before the reign begins waits in the mailbox.
    private static func listen(
        _ settings: CoordinatorSettings, group: MultiThreadedEventLoopGroup, connections: Connections,
        inbox: CoordinatorInbox, report: ReportBox
    ) async throws(ProcessEnd) -> (http: String?, frames: String) {
        do throws(TransportFailure) {
            var place: String?
            if let http = settings.http {
                let server = try await StatusServer.listen(on: http, group: group) { report.page(at: $0) }
                place = "http on \(server.endpoint)"
            }
            let server = try await FrameServer.listen(
                on: settings.listen, group: group, connections: connections, events: inbox.events)
            return (place, "serving on \(server.endpoint)")
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
    }

    /// The book that follows the log from here on.
    private static func follower(
        of recovered: RecoveredBook, _ log: LogDirectory, _ ledger: LedgerDirectory, _ pace: CalendarPace,
        _ logger: Logger, mailbox: CoordinatorMailbox, connections: Connections
    ) throws(ProcessEnd) -> FollowerOwner {
        let shared: Follower
        do throws(SystemFailure) { shared = try Follower() } catch { throw ProcessEnd(.world, "\(error)") }
        do throws(StorageFailure) {
            return try FollowerOwner(
                shared, recovered: recovered, log: log, ledger: ledger, pace: pace, logger: logger,
                tell: { mailbox.post($0, .log) == .admitted },
                answer: { asker, reply in
                    var frame: [UInt8] = []
                    WireCodec.encode(.reply(reply), correlation: asker.correlation, into: &frame)
                    connections.send([(asker.connection, frame)])
                })
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
    }

    /// The head beside the log; a log is refused that ends before it: it has lost what somebody was shown (L9).
    private static func keptHead(_ ledger: LedgerDirectory, _ tail: LogTail) throws(ProcessEnd) -> KeptHead {
        let kept: KeptHead
        do throws(LedgerDirectoryFailure) { kept = try ledger.keptHead() } catch {
            throw ProcessEnd(.world, "\(error)")
        }
        guard let head = kept.head?.head, let contradiction = LedgerClerk.contradiction(of: head, with: tail) else {
            return kept
        }
        throw ProcessEnd(.dataLost, "L9: by the head beside the log, acknowledged records are lost: \(contradiction)")
    }

    private static func own(
        _ owner: consuming CoordinatorOwner, _ mailbox: CoordinatorMailbox, _ pulse: Pulse?
    ) -> Result<LeaseBook, ProcessEnd> {
        do throws(ProcessEnd) {
            let pace = owner.pace
            let loop: OwnerLoop<CoordinatorEvent, InboxClass>
            do throws(SystemFailure) {
                loop = try OwnerLoop(
                    mailbox, heedsSignals: true, pulse: pulse, clocks: { pace.now(Clocks.now()) })
            } catch {
                throw ProcessEnd(.world, "\(error)")
            }
            try loop.run { (batch, wake, now) throws(ProcessEnd) in try owner.turn(batch, wake, now) }
            try owner.close()
            return .success(owner.book)
        } catch {
            return .failure(error)
        }
    }
}

extension LedgerDirectoryFailure {
    /// How a coordinator ends that cannot use its ledger's files.
    fileprivate var end: ProcessEnd {
        switch self {
        case .keyPresent: ProcessEnd(.usage, "\(self)")
        case .storage, .system, .keyMissing, .damaged: ProcessEnd(.world, "\(self)")
        }
    }
}
