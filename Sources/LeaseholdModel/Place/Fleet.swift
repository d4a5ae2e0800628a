/// The levels of a fleet above the node, smallest first.
package enum PlaceLevel: UInt8, Sendable, CaseIterable, Comparable {
    case rack = 1
    case hall = 2
    case site = 3

    package static func < (left: PlaceLevel, right: PlaceLevel) -> Bool { left.rawValue < right.rawValue }

    /// The word of the command line.
    package var word: String {
        switch self {
        case .rack: "rack"
        case .hall: "hall"
        case .site: "site"
        }
    }

    /// The level that the command line calls so.
    package init?(word: String) {
        guard let level = PlaceLevel.allCases.first(where: { $0.word == word }) else { return nil }
        self = level
    }

    /// How many names the path of such a place has: a site one, a hall two, a rack three.
    package var depth: Int { 4 - Int(rawValue) }
}

/// A site, hall or rack as a fleet file declares it.
package struct PlaceDeclaration: Hashable, Sendable {
    /// Names from the site down, joined by `/`: `colossus-1/hall-2/rack-117`.
    ///
    /// Its depth says the level.
    package let path: String
    /// What this place's feed carries at most; nil where only the places above limit it.
    package let limit: Watts?

    package init(path: String, limit: Watts?) {
        self.path = path
        self.limit = limit
    }

    /// The level, by the count of names in the path; nil for a path that is empty or too deep.
    package var level: PlaceLevel? {
        let depth = 1 + path.utf8.count { $0 == UInt8(ascii: "/") }
        return path.isEmpty ? nil : PlaceLevel.allCases.first { $0.depth == depth }
    }

    /// The path of the place above; nil for a site.
    package var parentPath: String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        return String(path[..<slash])
    }
}

/// Nodes of one rack that are alike: a name each, one kind, one count of GPUs, one power envelope.
package struct NodeRun: Hashable, Sendable {
    /// The rack, as a position in the places of the whole import, all parts counted.
    package let rack: UInt32
    /// What the node's name starts with, below its rack.
    package let namePrefix: String
    /// The number that ends the first node's name; nil for a single node whose name is the prefix.
    package let firstNumber: UInt32?
    package let count: UInt32
    /// The name of the GPU kind.
    package let kind: String
    package let gpusPerNode: UInt8
    /// The envelope of one node; the envelopes of its GPUs sum to it exactly.
    package let envelope: Watts
    /// CPU and memory of one node that can be leased; zero where nobody has stated them.
    package let cpu: Millicores
    package let memory: Mebibytes
    /// Ascending by key; a key once.
    package let labels: [NodeLabel]

    package init(
        rack: UInt32, namePrefix: String, firstNumber: UInt32?, count: UInt32, kind: String, gpusPerNode: UInt8,
        envelope: Watts, cpu: Millicores = .zero, memory: Mebibytes = .zero, labels: [NodeLabel] = []
    ) {
        self.rack = rack
        self.namePrefix = namePrefix
        self.firstNumber = firstNumber
        self.count = count
        self.kind = kind
        self.gpusPerNode = gpusPerNode
        self.envelope = envelope
        self.cpu = cpu
        self.memory = memory
        self.labels = labels
    }

    /// The name below the rack of the node at this position of the run.
    package func name(at position: UInt32) -> String {
        guard let firstNumber else { return namePrefix }
        return "\(namePrefix)\(firstNumber + position)"
    }
}

/// One part of a fleet on its way into the book; the last part commits all of them.
package struct FleetPart: Hashable, Sendable {
    /// The same for every part of one import: a hash of the whole.
    package let importHash: UInt64
    /// From 0.
    package let part: UInt32
    package let partCount: UInt32
    /// Kinds that the file adds to the catalogue; in the first part.
    package let kinds: [GPUKind]
    /// Parents before children.
    package let places: [PlaceDeclaration]
    package let runs: [NodeRun]

    package init(
        importHash: UInt64, part: UInt32, partCount: UInt32, kinds: [GPUKind], places: [PlaceDeclaration],
        runs: [NodeRun]
    ) {
        self.importHash = importHash
        self.part = part
        self.partCount = partCount
        self.kinds = kinds
        self.places = places
        self.runs = runs
    }

    /// Whether this part commits the import.
    package var isLast: Bool { part + 1 == partCount }
}

/// A whole fleet, as read from a file and before it is cut into parts.
package struct FleetDeclaration: Hashable, Sendable {
    package var kinds: [GPUKind]
    /// Parents before children.
    package var places: [PlaceDeclaration]
    package var runs: [NodeRun]

    package init(kinds: [GPUKind] = [], places: [PlaceDeclaration] = [], runs: [NodeRun] = []) {
        self.kinds = kinds
        self.places = places
        self.runs = runs
    }

    /// Nodes of all runs.
    package var nodeCount: Int { runs.reduce(0) { $0 + Int($1.count) } }
    /// GPUs of all nodes.
    package var gpuCount: Int { runs.reduce(0) { $0 + Int($1.count) * Int($1.gpusPerNode) } }

    /// Cuts the fleet into parts that each fit a frame and a record.
    package func parts(importHash: UInt64) -> [FleetPart] {
        let placeChunks = places.chunked(by: Limits.fleetPartPlaceCountMax)
        let runChunks = runs.chunked(by: Limits.fleetPartRunCountMax)
        let count = max(1, placeChunks.count + runChunks.count)
        return (0..<count).map { part in
            FleetPart(
                importHash: importHash, part: UInt32(part), partCount: UInt32(count), kinds: part == 0 ? kinds : [],
                places: part < placeChunks.count ? placeChunks[part] : [],
                runs: part >= placeChunks.count && part < placeChunks.count + runChunks.count
                    ? runChunks[part - placeChunks.count] : [])
        }
    }
}

extension Array {
    /// The elements in order, in pieces of at most `count`.
    fileprivate func chunked(by count: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}

/// Whether a name of the house can stand in a path and on a command line.
///
/// Letters, digits, `-`, `_` and `.`, 1 to 63 of them, not starting with `-` or `.`.
package func isWellFormedName(_ name: some StringProtocol) -> Bool {
    name.utf8.withContiguousStorageIfAvailable(isWellFormed) ?? Array(name.utf8).withUnsafeBufferPointer(isWellFormed)
}

private func isWellFormed(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard (1...63).contains(bytes.count), bytes[0] != UInt8(ascii: "-"), bytes[0] != UInt8(ascii: ".") else {
        return false
    }
    return bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
