import LeaseholdLog
package import LeaseholdModel
package import LeaseholdPlatform

/// The highest signed head of the log that a coordinator has shown this agent: on the disk, and said with every hello.
///
/// Agents are witnesses (L9): a log that comes back without what it has signed is told so by whoever kept it. So nothing
/// that was kept is ever written over by something that does not go on from it: it is set aside, and said.
package struct HeadKeeper {
    /// What somebody should read.
    package enum Finding: Hashable, Sendable {
        /// Something went wrong that proves nothing against anybody.
        case trouble(String)
        /// The log's key has changed, or has signed what cannot be true: somebody should look now.
        case evidence(String)

        /// In words.
        package var text: String {
            switch self {
            case .trouble(let text), .evidence(let text): text
            }
        }
    }

    /// What the pages say of it.
    package struct Figures: Hashable, Sendable {
        /// The record of the highest head; zero while there is none.
        package var index = RecordIndex.zero
        /// Welcomes with another key of the same log, without a restore.
        package var keyChangeCount: UInt64 = 0
        /// Heads that cannot be true beside the one that was kept.
        package var forkCount: UInt64 = 0
        /// What was set aside in its directory, ever.
        package var asideCount: UInt64 = 0
    }

    /// A head is written to the disk at most so often; a crash loses what was shown since.
    private static let savingInterval = Span.seconds(10)

    private var files: HeadFiles
    /// The key that `highest` is signed with; nil while no welcome has brought one, or where its file was lost.
    private var key: LedgerKey?
    private var highest: SignedHead?
    /// The connection whose heads are looked at: its welcome has brought the key.
    private var believed: ConnectionID?
    /// What was looked at last, so that it is not looked at twice.
    private var lastTaken: HeadText?
    private var isSaved = true
    private var savedAt = BootInstant.zero
    private var counts = Figures()

    /// Reads what was kept in a state directory; what is damaged is set aside, and said.
    package init(in directory: String, say: (String) -> Void) throws(ProcessEnd) {
        do throws(SystemFailure) {
            files = try HeadFiles(in: directory)
            key = try files.key(say: say)
            highest = try files.head(of: key, say: say)
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
        if let highest { say("witness: head \(highest.head.index) of \(highest.head.origin)") }
    }

    /// What a hello says.
    package var shown: HeadText? { highest.flatMap { HeadText($0.text) } }

    /// What the pages say of it.
    package var figures: Figures {
        var figures = counts
        figures.index = highest?.head.index ?? .zero
        figures.asideCount = UInt64(files.asideCount)
        return figures
    }

    // MARK: The key

    /// Takes the key of the log from the welcome of a coordinator, whose heads are looked at from here on.
    ///
    /// Of another key than the one that was kept, the coordinator has been told already: the hello that this welcome
    /// answers said the head that the old key has signed. That head and its key stay on the disk, set aside.
    package mutating func believe(_ welcome: Welcome, on connection: ConnectionID) -> Finding? {
        believed = nil
        let found: LedgerKey
        do throws(LedgerRefusal) { found = try LedgerKey(text: Array(welcome.ledgerKey.utf8)) } catch {
            return .trouble("the coordinator has no key that its heads could be checked with: \(error)")
        }
        let origin = LedgerHead.origin(cluster: welcome.cluster, log: welcome.reign.log)
        guard found.name == origin else {
            return .trouble("the coordinator leads \(origin), and its key is that of \(found.name)")
        }
        do throws(SystemFailure) {
            let finding = try key == nil ? judgeKept(by: found) : exchange(for: found, under: welcome.reign.reign)
            if key == found { believed = connection }
            return finding
        } catch {
            return .evidence(
                "the coordinator has key \(found.text), whose heads are not looked at: what was kept before it cannot be "
                    + "set aside: \(error)")
        }
    }

    /// Takes the first key; a head that was kept without one must be signed with it.
    private mutating func judgeKept(by found: LedgerKey) throws(SystemFailure) -> Finding? {
        var finding: Finding?
        if let highest {
            do throws(LedgerRefusal) { try highest.check([found]) } catch {
                let place = try files.setAsideHead()
                finding = .evidence(
                    "head \(highest.head.index) of \(highest.head.origin) was kept, and the key of the coordinator "
                        + "\(found.text) has not signed it: \(error); it is \(place)")
                self.highest = nil
            }
        }
        take(found)
        isSaved = highest == nil
        return finding
    }

    /// Takes another key than the one that was kept, which is set aside with its head.
    private mutating func exchange(
        for found: LedgerKey, under reign: Reign
    ) throws(SystemFailure) -> Finding? {
        guard let old = key, old != found else { return nil }
        if !isSaved, !files.isBlocked, let highest { try files.keep(highest, old) }
        isSaved = true
        guard let place = try files.setAsideBoth() else {
            return .evidence(
                "the coordinator has key \(found.text), and \(old.text) was kept; the heads of the other one are not looked "
                    + "at: \(files.asideCount) files lie aside in \(files.directory) already")
        }
        let before = highest
        highest = try files.headAside(of: found)
        take(found)
        isSaved = highest == nil
        let what =
            before.map { "its head \($0.head.index) of incarnation \($0.head.incarnation)" } ?? "it, without a head,"
        let words = "had key \(old.text); \(what) is \(place)"
        if old.name != found.name { return .trouble("the log is \(found.name); the one before \(words)") }
        if let before, before.head.incarnation < reign.logIncarnation {
            return .trouble(
                "the log was restored, as incarnation \(reign.logIncarnation), and has key \(found.text); before, it \(words)"
            )
        }
        counts.keyChangeCount += 1
        return .evidence(
            "the log has key \(found.text), and nobody has said that it was restored; before, it \(words), for anybody to check "
                + "what it has signed")
    }

    private mutating func take(_ found: LedgerKey) {
        key = found
        lastTaken = nil
    }

    // MARK: Heads

    /// Takes a head that came on a connection; returns what is wrong with it.
    package mutating func take(_ text: HeadText, on connection: ConnectionID) -> Finding? {
        guard let key, believed == connection, text != lastTaken else { return nil }
        lastTaken = text
        let head: SignedHead
        do throws(LedgerRefusal) {
            head = try HeadFiles.head(Array(text.text.utf8))
            try head.check([key])
        } catch {
            return .trouble("the coordinator shows a head that proves nothing: \(error)")
        }
        if let highest, let fork = ForkEvidence.between(highest, head) { return keep(fork) }
        if head.isHigher(than: highest) { (highest, isSaved) = (head, false) }
        return nil
    }

    /// Writes down a proof against the log's key.
    private mutating func keep(_ fork: ForkEvidence) -> Finding {
        counts.forkCount += 1
        let finding = "the log's key has signed two heads of record \(fork.heads.0.head.index) that cannot both be true"
        do throws(SystemFailure) {
            return .evidence("\(finding); the first proof of that is in \(try files.keep(fork))")
        } catch {
            return .evidence("\(finding); the proof could not be kept: \(error)")
        }
    }

    /// When it wants to save; never while nothing is new.
    package var nextSave: BootInstant { isSaved || files.isBlocked ? .never : savedAt + HeadKeeper.savingInterval }

    /// Writes a new head down; returns what went wrong.
    package mutating func save(at now: BootInstant) -> Finding? {
        guard !isSaved, !files.isBlocked, let key, let highest else { return nil }
        savedAt = now
        do throws(SystemFailure) {
            try files.keep(highest, key)
            isSaved = true
            return nil
        } catch {
            return .trouble("the highest head of the log is not kept: \(error)")
        }
    }
}
