/// What a node's agent can do that not every agent can, and what it cannot.
package struct NodeTraits: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// It hands out slices by MIG profile.
    package static let slices = NodeTraits(rawValue: 1)
    /// It hands out shares of a GPU's time.
    package static let shares = NodeTraits(rawValue: 2)
    /// It hands out CPU and memory alone.
    package static let cpu = NodeTraits(rawValue: 4)
    /// Nothing is sure to end its tenants' work while it is silent: only its own word frees what it has (L6).
    package static let confirmOnly = NodeTraits(rawValue: 8)
    /// All that a node can hand out.
    package static let handsOut: NodeTraits = [.slices, .shares, .cpu]
    /// All that there is.
    package static let all: NodeTraits = [.handsOut, .confirmOnly]

    private static let known: [(word: String, trait: NodeTraits)] = [
        ("slices", .slices), ("shares", .shares), ("cpu", .cpu), ("confirm-only", .confirmOnly),
    ]

    /// A word for each.
    package var words: [String] { NodeTraits.known.filter { contains($0.trait) }.map(\.word) }

    /// What is called so.
    package init?(word: String) {
        guard let found = NodeTraits.known.first(where: { $0.word == word }) else { return nil }
        self = found.trait
    }
}
