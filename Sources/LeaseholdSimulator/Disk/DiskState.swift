package import LeaseholdLog

/// What a simulated disk holds: files and names, each as a running system sees it and as power loss would leave it.
package struct DiskState: Equatable, Sendable {
    /// One file.
    package struct File: Equatable, Sendable {
        /// What a running system reads.
        package var current: [UInt8]
        /// What is left after power loss.
        package var durable: [UInt8]
        /// Sectors that a sync would write.
        package var dirty: Set<Int> = []
        /// Sectors that a failed sync may have written or not; a running system takes them for clean.
        package var dropped: Set<Int> = []
    }

    /// A name in one of the log's directories.
    package struct Name: Hashable, Sendable {
        package let place: LogPlace
        package let name: String

        package init(place: LogPlace, name: String) {
            self.place = place
            self.name = name
        }

        init(_ file: LogFile) {
            switch file {
            case .segment(let number): self.init(place: .live, name: number.fileName)
            case .temporary(let number): self.init(place: .live, name: number.temporaryName)
            }
        }
    }

    /// A change of names that power loss may undo, together with all later ones.
    package enum NameChange: Hashable, Sendable {
        case link(LogPlace, String, Int)
        case unlink(LogPlace, String)
        case move(LogPlace, String, LogPlace, String)

        fileprivate func touches(_ place: LogPlace) -> Bool {
            switch self {
            case .link(let there, _, _), .unlink(let there, _): there == place
            case .move(let from, _, let to, _): from == place || to == place
            }
        }
    }

    /// By number; a file without a name is never read again.
    package var files: [File] = []
    /// As a running system sees them.
    package var names: [Name: Int] = [:]
    /// As power loss would leave them.
    package var durableNames: [Name: Int] = [:]
    /// Changes of names that no directory sync has settled, in order.
    package var pending: [NameChange] = []

    /// An empty disk.
    package init() {}

    mutating func create(_ name: String, _ bytes: [UInt8], in place: LogPlace = .live) {
        files.append(File(current: bytes, durable: bytes))
        names[Name(place: place, name: name)] = files.count - 1
        pending.append(.link(place, name, files.count - 1))
    }

    /// Whether there was such a name.
    mutating func move(_ from: LogPlace, _ name: String, _ to: LogPlace, _ newName: String) -> Bool {
        guard let id = names.removeValue(forKey: Name(place: from, name: name)) else { return false }
        names[Name(place: to, name: newName)] = id
        pending.append(.move(from, name, to, newName))
        return true
    }

    mutating func unlink(where isOver: (String) -> Bool) {
        let over = names.keys.filter { isOver($0.name) }.sorted { $0.name < $1.name }
        for name in over {
            names[name] = nil
            pending.append(.unlink(name.place, name.name))
        }
    }

    /// A sync fails: what it should have kept counts as clean.
    mutating func drop(_ id: Int) {
        files[id].dropped.formUnion(files[id].dirty)
        files[id].dirty = []
    }

    mutating func sync(_ id: Int, sector: Int) {
        for dirty in files[id].dirty.sorted() { keep(dirty, of: id, sector: sector) }
        files[id].dirty = []
    }

    /// One sector reaches the disk.
    mutating func keep(_ dirty: Int, of id: Int, sector: Int) {
        let range = dirty * sector..<min((dirty + 1) * sector, files[id].current.count)
        // A file that grew holds zeros where nothing has reached the disk yet.
        let missing = range.upperBound - files[id].durable.count
        if missing > 0 { files[id].durable += [UInt8](repeating: 0, count: missing) }
        files[id].durable.replaceSubrange(range, with: files[id].current[range])
        files[id].dropped.remove(dirty)
    }

    /// Settles the changes of names up to the last one that touches a directory.
    mutating func settleNames(in place: LogPlace) {
        let last = pending.lastIndex { $0.touches(place) }
        settleNames(last.map { $0 + 1 } ?? 0)
    }

    private mutating func settleNames(_ count: Int) {
        for change in pending.prefix(count) {
            switch change {
            case .link(let place, let name, let id): durableNames[Name(place: place, name: name)] = id
            case .unlink(let place, let name): durableNames[Name(place: place, name: name)] = nil
            case .move(let from, let name, let to, let newName):
                let id = durableNames.removeValue(forKey: Name(place: from, name: name))
                durableNames[Name(place: to, name: newName)] = id
            }
        }
        pending.removeFirst(count)
    }

    /// What a running system saw is gone; so many of the pending changes of names had been settled by chance.
    mutating func forgetCache(nameChanges: Int) {
        for file in files.indices where !files[file].dirty.isEmpty || files[file].current != files[file].durable {
            files[file].current = files[file].durable
            files[file].dirty = []
        }
        for file in files.indices where !files[file].dropped.isEmpty { files[file].dropped = [] }
        settleNames(min(nameChanges, pending.count))
        names = durableNames
        pending = []
    }
}
