/// How a GPU, or a part of it, stands; better first.
package enum Standing: UInt8, Codable, Hashable, Comparable, Sendable, CaseIterable {
    /// Leaves for `suspect` and `unhealthy` at the first sign of either.
    case healthy
    /// Gets no new work. Leaves for `healthy` when it was calm for long enough; for `unhealthy` at a sign of it.
    case suspect
    /// Its work is taken off. Leaves for `suspect` when its remedy was seen and a reading after it asks for no
    /// more.
    case unhealthy

    package static func < (left: Standing, right: Standing) -> Bool { left.rawValue < right.rawValue }
}
