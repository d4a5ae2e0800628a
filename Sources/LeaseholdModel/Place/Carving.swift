/// What a node's agent can hand out that is less than a GPU.
package struct Carving: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Slices by MIG profile.
    package static let slices = Carving(rawValue: 1)
    /// Shares of a GPU's time.
    package static let shares = Carving(rawValue: 2)
    /// CPU and memory alone.
    package static let cpu = Carving(rawValue: 4)
    /// All of it.
    package static let all: Carving = [.slices, .shares, .cpu]

    private static let known: [(word: String, carving: Carving)] = [
        ("slices", .slices), ("shares", .shares), ("cpu", .cpu),
    ]

    /// A word for each.
    package var words: [String] { Carving.known.filter { contains($0.carving) }.map(\.word) }

    /// What is called so.
    package init?(word: String) {
        guard let found = Carving.known.first(where: { $0.word == word }) else { return nil }
        self = found.carving
    }
}
