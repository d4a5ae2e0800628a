internal import Glibc
package import LeaseholdDevices

/// The directory in which container runtimes find what a grant's container gets; the files of one kind in it are ours.
///
/// A notice board by the door: what hangs there may be taken by anybody at any time. So a grant is not on it before all
/// of it is, nothing is put up that shares a device with what hangs there (L1), and a notice that cannot be taken down
/// keeps its devices from everybody else. Others' notices are left alone. One process owns the files of a kind.
package final class CDIDirectory {
    /// What the kernel is asked for.
    package enum Step: Hashable, Sendable, CaseIterable {
        case list, read
        case open, clearDraft, create, write, settle, rename, settleDirectory
        case remove
    }

    /// Where runtimes look for what comes and goes.
    package static let standardPath = "/var/run/cdi"
    /// A name that no runtime reads.
    private static let draftSuffix = ".new"

    package let path: String
    package let kind: CDIKind
    /// What may hang there: nothing that shares a device with it is put up.
    private var standing: [CDISpecification] = []
    /// Whether all files of ours are known, which they are not before the first `settle`.
    private var isSettled = false
    private let before: (Step) -> Int32

    /// A directory that may not be there yet.
    ///
    /// - Parameters:
    ///   - path: the directory; the one above it is there.
    ///   - kind: whose files are ours.
    ///   - before: asked before each step for the errno with which it fails, 0 to take it; for tests.
    package init(_ path: String, kind: CDIKind = .lease, before: @escaping (Step) -> Int32 = { _ in 0 }) {
        self.path = path
        self.kind = kind
        self.before = before
    }

    /// The grants whose files may hang there, in the order in which they came.
    package var grants: [CDIName] { standing.map(\.grant) }

    // MARK: Changes

    /// Takes the directory over after a start: removes what no grant stands for, then puts up what is missing.
    ///
    /// A file that does not say what its grant has now is removed first. As long as one that must go is there, nothing
    /// is put up.
    /// - Throws: `CDIFailure`; the call can be made again.
    package func settle(on live: [CDISpecification]) throws(CDIFailure) {
        (standing, isSettled) = ([], false)
        for name in try files() {
            let isDraft = name.hasSuffix(CDIDirectory.draftSuffix)
            let kept = isDraft ? nil : live.first { kind.fileName(of: $0.grant) == name }
            if let kept, try contents(of: name) == kept.bytes, refusal(of: kept) == nil {
                standing.append(kept)
            } else {
                try remove(name)
            }
        }
        isSettled = true
        for specification in live where !standing.contains(specification) { try publish(specification) }
    }

    /// Puts up a grant's file, durable when it returns; in place of the one that the grant has, if there is one.
    ///
    /// - Throws: `CDIFailure`: unless it says otherwise, what hung there hangs there still, or nothing of this grant.
    package func publish(_ specification: CDISpecification) throws(CDIFailure) {
        precondition(specification.kind == kind, "\(specification.qualifiedName) among the files of \(kind)")
        guard isSettled else { throw .unsettled(path: path) }
        if let objection = refusal(of: specification) { throw .refused(objection) }
        let name = kind.fileName(of: specification.grant)
        try refuseUnlessPlain(name)
        try refuseUnlessPlain(name + CDIDirectory.draftSuffix)
        do throws(SystemFailure) {
            let directory = try open(mayMake: true)
            try writeDraft(specification.bytes, of: name, in: directory)
            try take(.rename, "rename to", full(name)) {
                renameat(directory.number, name + CDIDirectory.draftSuffix, directory.number, name)
            }
        } catch {
            // Nobody reads a draft, and the next one of this name, or the next start, removes it.
            throw .system(error)
        }
        // From here on it can be read, whatever comes.
        standing.removeAll { $0.grant == specification.grant }
        standing.append(specification)
        do throws(SystemFailure) { try settleDirectory() } catch {
            try remove(name)
            standing.removeAll { $0.grant == specification.grant }
            throw .system(error)
        }
    }

    /// Takes a grant's file down, durable when it returns; also where there is none.
    ///
    /// - Throws: `CDIFailure`; until the call succeeds, nobody else gets the devices.
    package func withdraw(_ grant: CDIName) throws(CDIFailure) {
        guard isSettled else { throw .unsettled(path: path) }
        try remove(kind.fileName(of: grant))
        standing.removeAll { $0.grant == grant }
    }

    private func refusal(of specification: CDISpecification) -> CDIObjection? {
        for other in standing where other.grant != specification.grant {
            if let objection = specification.objection(beside: other) { return objection }
        }
        return nil
    }

    // MARK: Steps

    private func writeDraft(
        _ bytes: [UInt8], of name: String, in directory: borrowing Descriptor
    ) throws(SystemFailure) {
        let draft = name + CDIDirectory.draftSuffix
        let path = full(draft)
        try take(.clearDraft, "remove", path, absenceIsFine: true) { unlinkat(directory.number, draft, 0) }
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = try Descriptor(
            take(.create, "create", path) { openat(directory.number, draft, flags, 0o644) }, "create", path)
        // Runtimes of users that are not root read it too, whatever the umask is.
        try take(.write, "write", path) { fchmod(file.number, 0o644) }
        try file.writeAll(bytes, path: path)
        try take(.settle, "sync", path) { fsync(file.number) }
    }

    /// Removes a file, where there is one, and makes that durable.
    private func remove(_ name: String) throws(CDIFailure) {
        try refuseUnlessPlain(name)
        do throws(SystemFailure) {
            let directory = try open(mayMake: false)
            try take(.remove, "remove", full(name), absenceIsFine: true) { unlinkat(directory.number, name, 0) }
        } catch {
            if error.isAbsence { return }
            throw name.hasSuffix(CDIDirectory.draftSuffix) ? .system(error) : .leftBehind(error)
        }
        do throws(SystemFailure) { try settleDirectory() } catch { throw .system(error) }
    }

    /// Files and drafts of ours, sorted by name; none where there is no directory.
    private func files() throws(CDIFailure) -> [String] {
        do throws(SystemFailure) {
            try take(.list, "list", path) { 0 }
            return try AtomicFile.names(in: path).filter { name in
                let isDraft = name.hasSuffix(CDIDirectory.draftSuffix)
                return kind.grant(ofFile: isDraft ? String(name.dropLast(CDIDirectory.draftSuffix.count)) : name) != nil
            }.sorted()
        } catch {
            if error.isAbsence { return [] }
            throw .system(error)
        }
    }

    private func contents(of name: String) throws(CDIFailure) -> [UInt8] {
        try refuseUnlessPlain(name)
        let path = full(name)
        do throws(SystemFailure) {
            let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            let file = try Descriptor(take(.read, "open", path) { Glibc.open(path, flags) }, "open", path)
            return try file.readAll(path: path)
        } catch {
            throw .system(error)
        }
    }

    /// Whatever has a name of ours and is no file of its own is somebody's doing: it is told, and left alone.
    private func refuseUnlessPlain(_ name: String) throws(CDIFailure) {
        var status = stat()
        guard lstat(full(name), &status) == 0 else {
            let failure = SystemFailure("look at", full(name))
            if failure.isAbsence { return }
            throw .leftBehind(failure)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notPlain(path: full(name)) }
    }

    private func open(mayMake: Bool) throws(SystemFailure) -> Descriptor {
        if mayMake, mkdir(path, 0o755) == 0 ? chmod(path, 0o755) != 0 : errno != EEXIST {
            throw SystemFailure("make directory", path)
        }
        return try Descriptor(
            take(.open, "open", path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }, "open", path)
    }

    private func settleDirectory() throws(SystemFailure) {
        let directory = try open(mayMake: false)
        try take(.settleDirectory, "sync", path) { fsync(directory.number) }
    }

    @discardableResult
    private func take(
        _ step: Step, _ operation: String, _ subject: String, absenceIsFine: Bool = false, _ call: () -> Int32
    ) throws(SystemFailure) -> Int32 {
        let code = before(step)
        guard code == 0 else { throw SystemFailure(operation: operation, subject: subject, code: code) }
        let result = call()
        guard result < 0, !(absenceIsFine && errno == ENOENT) else { return result }
        throw SystemFailure(operation, subject)
    }

    private func full(_ name: String) -> String { "\(path)/\(name)" }
}
