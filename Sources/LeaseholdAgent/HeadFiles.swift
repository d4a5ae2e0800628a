import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform

/// The files of an agent's state directory that its highest signed head is kept in, and the key that has signed it.
///
/// What cannot be kept on is evidence: it is set aside under a number of its own, and never written over.
struct HeadFiles {
    private static let headName = "ledger.head"
    private static let keyName = "ledger.key"
    private static let forkName = "ledger-fork.proof"

    /// The state directory.
    let directory: String
    /// What lies aside.
    private(set) var asideCount = 0
    /// Whether a damaged file had to stay where it is, so that nothing may be written there.
    private(set) var isBlocked = false

    init(in directory: String) throws(SystemFailure) {
        self.directory = directory
        asideCount = try usedNumbers().count
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    // MARK: Reading

    /// The key that was kept; a file that holds none is set aside, and said.
    mutating func key(say: (String) -> Void) throws(SystemFailure) -> LedgerKey? {
        guard let text = try contents(HeadFiles.keyName) else { return nil }
        do throws(LedgerRefusal) { return try LedgerKey(text: text) } catch {
            let place = try setAside([HeadFiles.keyName]) ?? noRoom()
            say("\(path(HeadFiles.keyName)) holds no key: \(error); it is \(place)")
            return nil
        }
    }

    /// The head that was kept; a file that holds none which could have been kept under this key is set aside, and said.
    mutating func head(of key: LedgerKey?, say: (String) -> Void) throws(SystemFailure) -> SignedHead? {
        guard let text = try contents(HeadFiles.headName) else { return nil }
        do throws(LedgerRefusal) {
            let head = try HeadFiles.head(text)
            if let key { try head.check([key]) }
            return head
        } catch {
            let place = try setAsideHead()
            say("\(path(HeadFiles.headName)) holds no head that was kept: \(error); it is \(place)")
            return nil
        }
    }

    /// A whole head that a hello can say.
    static func head(_ text: [UInt8]) throws(LedgerRefusal) -> SignedHead {
        guard text.count <= Limits.keptHeadByteCountMax else {
            throw .tooMuch(
                "bytes of a head that an agent keeps", count: UInt64(text.count),
                limit: UInt64(Limits.keptHeadByteCountMax))
        }
        return try SignedHead(text: text)
    }

    /// The head that was set aside with this key, the highest of them; one that is damaged there is passed over.
    func headAside(of key: LedgerKey) throws(SystemFailure) -> SignedHead? {
        var highest: SignedHead?
        for number in try usedNumbers() {
            guard let text = try contents(aside(HeadFiles.headName, number)) else { continue }
            do throws(LedgerRefusal) {
                let head = try HeadFiles.head(text)
                try head.check([key])
                if head.isHigher(than: highest) { highest = head }
            } catch {
                continue
            }
        }
        return highest
    }

    /// Nil where there is no such file.
    private func contents(_ name: String) throws(SystemFailure) -> [UInt8]? {
        do throws(SystemFailure) { return try AtomicFile.read(path(name)) } catch {
            guard error.isAbsence else { throw error }
            return nil
        }
    }

    // MARK: Writing

    /// Keeps a head and the key that has signed it: the key first, so that the head is never there unchecked.
    func keep(_ head: SignedHead, _ key: LedgerKey) throws(SystemFailure) {
        let line = Array((key.text + "\n").utf8)
        if try contents(HeadFiles.keyName) != line { try AtomicFile.write(line, to: path(HeadFiles.keyName)) }
        try AtomicFile.write(Array(head.text.utf8), to: path(HeadFiles.headName))
    }

    /// Keeps a proof of a fork, the first one; returns where it is.
    func keep(_ fork: ForkEvidence) throws(SystemFailure) -> String {
        if try contents(HeadFiles.forkName) == nil {
            try AtomicFile.write(LedgerProof.fork(fork).text, to: path(HeadFiles.forkName))
        }
        return path(HeadFiles.forkName)
    }

    // MARK: Setting aside

    /// Sets the head aside; returns what it is called now, or that there is no room.
    mutating func setAsideHead() throws(SystemFailure) -> String { try setAside([HeadFiles.headName]) ?? noRoom() }

    /// Sets the head and its key aside, under one number; returns what they are called now, and nil where there is no room.
    mutating func setAsideBoth() throws(SystemFailure) -> String? {
        try setAside([HeadFiles.headName, HeadFiles.keyName])
    }

    /// What is said where a damaged file has to stay: nothing is written over it.
    private mutating func noRoom() -> String {
        isBlocked = true
        return "left where it is, and nothing is kept: \(asideCount) files lie aside in \(directory) already"
    }

    private mutating func setAside(_ names: [String]) throws(SystemFailure) -> String? {
        let used = try usedNumbers()
        guard let number = (1...LedgerLimits.asideCountMax).first(where: { !used.contains($0) }) else { return nil }
        var moved: [String] = []
        for name in names {
            let place = aside(name, number)
            do throws(SystemFailure) { try AtomicFile.move(path(name), to: path(place)) } catch {
                guard error.isAbsence else { throw error }
                continue
            }
            moved.append(path(place))
        }
        asideCount = try usedNumbers().count
        return moved.isEmpty ? "not on the disk" : "kept as \(moved.joined(separator: " and "))"
    }

    private func aside(_ name: String, _ number: Int) -> String { "\(name).aside-\(number)" }

    private func usedNumbers() throws(SystemFailure) -> [Int] {
        let names = Set(try AtomicFile.names(in: directory))
        return (1...LedgerLimits.asideCountMax).filter { number in
            names.contains(aside(HeadFiles.headName, number)) || names.contains(aside(HeadFiles.keyName, number))
        }
    }
}

extension SignedHead {
    /// Whether it says more of a log than another head does: a later incarnation says more than any record.
    func isHigher(than other: SignedHead?) -> Bool {
        guard let other else { return true }
        return (other.head.incarnation, other.head.index.rawValue) < (head.incarnation, head.index.rawValue)
    }
}
