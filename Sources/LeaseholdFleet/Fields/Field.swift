import Yams

/// A value of a document with the place where it stands.
struct Field {
    let node: Node
    /// From the root: `halls[1].racks[0].kind`; empty for the root.
    let path: String
    /// The line of its key, or of the value itself in a list.
    let line: Int
}

/// A mapping whose keys are all known.
struct Section {
    let path: String
    let line: Int
    /// The keys that stand in the file, in its order.
    private(set) var keys: [String] = []
    private var fields: [String: Field] = [:]

    init(path: String, line: Int) {
        self.path = path
        self.line = line
    }

    subscript(key: String) -> Field? { fields[key] }

    mutating func add(_ field: Field, for key: String) {
        keys.append(key)
        fields[key] = field
    }

    /// The path that a key of this mapping has or would have.
    func path(of key: String) -> String { Section.path(of: key, below: path) }

    static func path(of key: String, below path: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

extension Field {
    /// Whether nothing, `~` or `null` stands where a value should.
    var isNothing: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    /// What stands here, for "…; expected a list".
    var nature: String {
        switch node {
        case .scalar(let scalar): isNothing ? "has no value" : "is \(quoted(scalar.string))"
        case .mapping: "is a mapping"
        case .sequence: "is a list"
        case .alias: "is an alias"
        }
    }
}
