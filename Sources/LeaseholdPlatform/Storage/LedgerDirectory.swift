internal import Glibc
package import LeaseholdLog
package import LeaseholdModel

/// Why the ledger's own files cannot be used.
package enum LedgerDirectoryFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case storage(StorageFailure)
    case system(SystemFailure)
    /// The log has records, and the key that its heads are signed with is not there.
    case keyMissing(path: String)
    /// There is a key, and another one would make liars of the heads that it has signed.
    case keyPresent(path: String)
    /// A file holds something else than it should.
    case damaged(path: String, reason: String)

    package var description: String {
        switch self {
        case .storage(let failure): failure.description
        case .system(let failure): failure.description
        case .keyMissing(let path):
            "\(path) is missing: put the log's key back from where a copy is kept; where it is lost, "
                + "leasehold-coordinator rekey makes another one"
        case .keyPresent(let path): "\(path) is there: a log changes its key only where the old one is lost"
        case .damaged(let path, let reason): "\(path): \(reason)"
        }
    }
}

/// The head that lies beside a log.
package enum KeptHead: Hashable, Sendable {
    case none
    case signed(SignedHead)
    /// Rotten, or of a key that was given up: the log itself says all of it again, but for a loss of its end.
    case unusable(reason: String)

    /// The head, where there is one that the log's key has signed.
    package var head: SignedHead? { if case .signed(let head) = self { head } else { nil } }
}

/// What belongs to a log's ledger and lies beside the log: the key, the newest head that was kept, and the full tiles.
///
/// All but the key can be made again from the log. `ledger/key` is secret, `ledger/key.pub` is for everybody,
/// `ledger/head` is a signed head (`key.pub.before` and `head.before` are what a lost key has left), and `ledger/level-N.tiles` has the tiles of a level one after the other.
package final class LedgerDirectory: LedgerTileReader {
    /// The directory's name, in the log's directory.
    package static let name = "ledger"
    /// Who signs the log's heads.
    package let signer: LedgerSigner
    private let path: String
    /// By level.
    private let levels: [Int32]
    /// Levels that have been written to since they were synced.
    private var unsynced: Set<Int> = []

    /// Opens it, in a log's directory; what is not there yet is made, but for the key.
    package init(in logPath: String, cluster: String, log: LogID) throws(LedgerDirectoryFailure) {
        path = "\(logPath)/\(LedgerDirectory.name)"
        do throws(StorageFailure) { try LogDirectory.makeDirectories(path) } catch { throw .storage(error) }
        signer = try LedgerDirectory.signer(in: path, of: LedgerHead.origin(cluster: cluster, log: log))
        var opened: [Int32] = []
        do throws(StorageFailure) {
            for level in 0..<LedgerLimits.tileLevelCount {
                let name = "\(path)/level-\(level).tiles"
                opened.append(
                    try SystemCalls.check("open \(name)") { open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) })
            }
        } catch {
            for descriptor in opened { close(descriptor) }
            throw .storage(error)
        }
        levels = opened
    }

    deinit { for descriptor in levels { close(descriptor) } }

    // MARK: The key

    private static func signer(in path: String, of origin: String) throws(LedgerDirectoryFailure) -> LedgerSigner {
        let (secret, shown) = ("\(path)/key", "\(path)/key.pub")
        guard let text = try contents(of: secret) else { throw .keyMissing(path: secret) }
        let signer: LedgerSigner
        do throws(LedgerRefusal) { signer = try LedgerSigner(secretText: text) } catch {
            throw .damaged(path: secret, reason: "\(error)")
        }
        guard signer.key.name == origin else {
            throw .damaged(path: secret, reason: "the key of \(signer.key.name), expected one of \(origin)")
        }
        if try contents(of: shown) != line(signer.key.text) { try write(line(signer.key.text), to: shown) }
        return signer
    }

    /// Whether there is a file where a log's key is.
    package static func hasKey(in logPath: String) -> Bool { access("\(logPath)/\(name)/key", F_OK) == 0 }

    /// Gives a log its first key, or another one where the old one is lost; what the old one has left is kept beside it.
    package static func makeKey(
        in logPath: String, cluster: String, log: LogID
    ) throws(LedgerDirectoryFailure) -> LedgerKey {
        var generator = SystemRandomNumberGenerator()
        let seed = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let origin = LedgerHead.origin(cluster: cluster, log: log)
        guard let signer = LedgerSigner(name: origin, seed: seed) else {
            throw .damaged(path: logPath, reason: "no key can be called \(origin)")
        }
        try adopt(signer, in: logPath)
        return signer.key
    }

    /// Gives a log that has no key the one that its heads were signed with before it was restored.
    package static func adopt(_ signer: LedgerSigner, in logPath: String) throws(LedgerDirectoryFailure) {
        let path = "\(logPath)/\(name)"
        do throws(StorageFailure) { try LogDirectory.makeDirectories(path) } catch { throw .storage(error) }
        guard try contents(of: "\(path)/key") == nil else { throw .keyPresent(path: "\(path)/key") }
        for old in ["key.pub", "head"] {
            guard let bytes = try contents(of: "\(path)/\(old)") else { continue }
            try write(bytes, to: "\(path)/\(old).before")
        }
        try write(line(signer.key.text), to: "\(path)/key.pub")
        // Last: a log that has it needs nothing more.
        try write(line(signer.secretText), to: "\(path)/key")
    }

    /// Sees to it that a log that is being restored has a key, and returns it: the one that was given, or the one that an
    /// earlier attempt has left, or another one.
    package static func settleKey(
        _ given: LedgerSigner?, in logPath: String, cluster: String, log: LogID
    ) throws(LedgerDirectoryFailure) -> LedgerKey {
        guard hasKey(in: logPath) else {
            guard let given else { return try makeKey(in: logPath, cluster: cluster, log: log) }
            try adopt(given, in: logPath)
            return given.key
        }
        let path = "\(logPath)/\(name)"
        let there = try signer(in: path, of: LedgerHead.origin(cluster: cluster, log: log))
        if let given, given.secretText != there.secretText { throw .keyPresent(path: "\(path)/key") }
        return there.key
    }

    private static func line(_ text: String) -> [UInt8] { Array((text + "\n").utf8) }

    private static func write(_ bytes: [UInt8], to path: String) throws(LedgerDirectoryFailure) {
        do throws(SystemFailure) { try AtomicFile.write(bytes, to: path) } catch { throw .system(error) }
    }

    /// Nil where there is no such file.
    private static func contents(of path: String) throws(LedgerDirectoryFailure) -> [UInt8]? {
        do throws(SystemFailure) { return try AtomicFile.read(path) } catch {
            guard error.code == ENOENT else { throw .system(error) }
            return nil
        }
    }

    // MARK: The head

    /// The head that was kept last.
    package func keptHead() throws(LedgerDirectoryFailure) -> KeptHead {
        let name = "\(path)/head"
        guard let text = try LedgerDirectory.contents(of: name) else { return .none }
        do throws(LedgerRefusal) {
            let head = try SignedHead(text: text)
            try head.check([signer.key])
            return .signed(head)
        } catch {
            return .unusable(reason: "\(name): \(error)")
        }
    }

    /// Keeps a head: every tile before it is durable first.
    package func keep(_ head: SignedHead) throws(LedgerDirectoryFailure) {
        do throws(StorageFailure) {
            for level in unsynced {
                try SystemCalls.checkOnce("sync \(path)/level-\(level).tiles") { fdatasync(levels[level]) }
            }
        } catch {
            throw .storage(error)
        }
        unsynced = []
        try LedgerDirectory.write(Array(head.text.utf8), to: "\(path)/head")
    }

    // MARK: Tiles

    /// Writes a full tile; durable with the next head that is kept.
    package func write(_ tile: LedgerTile) throws(LedgerDirectoryFailure) {
        let place = tile.place
        do throws(StorageFailure) {
            let bytes = tile.bytes
            try bytes.withUnsafeBufferPointer { bytes throws(StorageFailure) in
                try SystemCalls.write(
                    UnsafeRawBufferPointer(bytes), to: levels[place.level],
                    at: Int(place.number) * LedgerLimits.tileByteCount,
                    attempt: "write tile \(place.number) of \(path)/level-\(place.level).tiles")
            }
        } catch {
            throw .storage(error)
        }
        unsynced.insert(place.level)
    }

    /// A tile that was written before.
    package func tile(at place: LedgerTilePlace) throws(LedgerDirectoryFailure) -> LedgerTile {
        let start = Int(place.number) * LedgerLimits.tileByteCount
        let name = "\(path)/level-\(place.level).tiles"
        let bytes: [UInt8]
        do throws(StorageFailure) {
            bytes = try SystemCalls.read(
                levels[place.level], start..<start + LedgerLimits.tileByteCount,
                attempt: "read tile \(place.number) of \(name)")
        } catch {
            throw .storage(error)
        }
        do throws(LedgerRefusal) { return try LedgerTile(place: place, bytes: bytes) } catch {
            throw .damaged(path: name, reason: "tile \(place.number): \(error)")
        }
    }
}
