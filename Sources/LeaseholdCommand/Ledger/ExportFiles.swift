import LeaseholdLog
import LeaseholdPlatform

/// The files of an export on their way: FILE, FILE.2, FILE.3 and so on.
///
/// Each is written aside, and gets its name when all of them are there, the first one last: where there is a FILE, the
/// whole export is there. An export that is broken off leaves the files of the one before as they were.
struct ExportFiles {
    /// Where the first one goes.
    let path: String
    private var drafts: [DraftFile] = []

    /// Begins an export; ends the command where something else than an earlier export's files lies in its way.
    init(at path: String) throws(Ending) {
        self.path = path
        drafts = [try draft(1)]
        for number in try numbers() where number > 1 { try refuseUnlessExport(name(number)) }
    }

    /// The names of the files, in order.
    var names: [String] { drafts.indices.map { name($0 + 1) } }

    /// Writes the next file aside; it is on the disk when this returns.
    mutating func add(_ text: [UInt8], number: Int) throws(Ending) {
        if number > drafts.count { drafts.append(try draft(number)) }
        do throws(DraftFile.Failure) {
            try drafts[number - 1].append(text)
            try drafts[number - 1].settle()
        } catch {
            throw Ending(error)
        }
    }

    /// Gives the files their names; what an earlier export has left beside them is gone.
    mutating func publish() throws(Ending) {
        let old = try numbers()
        do throws(SystemFailure) {
            // From here to the last name there is no FILE, unless one takes the place of another at once.
            let hasOthers = old.contains { $0 > 1 } || drafts.count > 1
            for number in (hasOthers ? old : []).sorted() { try AtomicFile.remove(name(number)) }
            for number in try numbers(of: draftSuffix) where number > drafts.count {
                try AtomicFile.remove(name(number) + draftSuffix)
            }
        } catch {
            throw Ending(status: Ending.failureStatus, "failed: \(error)")
        }
        do throws(DraftFile.Failure) { for draft in drafts.reversed() { try draft.publish() } } catch {
            throw Ending(error)
        }
    }

    private func draft(_ number: Int) throws(Ending) -> DraftFile {
        do throws(DraftFile.Failure) { return try DraftFile(path: name(number), mayReplace: true) } catch {
            throw Ending(error)
        }
    }

    private func name(_ number: Int) -> String { number == 1 ? path : "\(path).\(number)" }

    private var draftSuffix: String { ".new" }

    // MARK: What is there

    private func numbers() throws(Ending) -> [Int] {
        do throws(SystemFailure) { return try numbers(of: "") } catch {
            throw Ending(status: Ending.failureStatus, "failed: \(error)")
        }
    }

    /// The numbers of the files that are there, with this behind their names.
    private func numbers(of suffix: String) throws(SystemFailure) -> [Int] {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let first = slash.map { String(path[path.index(after: $0)...]) } ?? path
        return try AtomicFile.names(in: folder).compactMap { name in
            guard name.hasPrefix(first), name.hasSuffix(suffix) else { return nil }
            let middle = String(name.dropFirst(first.count).dropLast(suffix.count))
            if middle.isEmpty { return 1 }
            guard let number = Int(middle.dropFirst()), number > 1, middle == ".\(number)" else { return nil }
            return number
        }
    }

    /// A file that would be written over, or taken for a part of the export, must have been one before.
    private func refuseUnlessExport(_ name: String) throws(Ending) {
        let opening = Array(LedgerProof.exportOpening.utf8)
        let beginning: [UInt8]
        do throws(StorageFailure) { beginning = try FileSource(path: name).read(0..<opening.count) } catch {
            throw Ending(status: Ending.failureStatus, "failed: \(error)")
        }
        guard beginning != opening else { return }
        throw Ending(
            status: Ending.conflictStatus,
            "refused: \(name) is no export, and would be taken for a part of \(path)\n  try: another --to, or move it away"
        )
    }
}

extension Ending {
    /// Somebody else at work on the same file is a conflict; anything else is the world.
    fileprivate init(_ failure: DraftFile.Failure) {
        switch failure {
        case .exists, .inUse, .notPlain:
            self.init(status: Ending.conflictStatus, "refused: \(failure)\n  try: another --to")
        case .storage: self.init(status: Ending.failureStatus, "failed: \(failure)\n  try: another disk")
        }
    }
}
