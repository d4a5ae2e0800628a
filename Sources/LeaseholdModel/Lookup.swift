/// A hash table that cannot be walked, because the order of a walk would differ from process to process (L14).
///
/// Keep a sorted index beside it where an order is needed.
@usableFromInline
package struct Lookup<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var table: [Key: Value] = [:]

    @inlinable package init() {}

    /// How many keys have a value.
    @inlinable package var count: Int { table.count }
    /// Whether no key has a value.
    @inlinable package var isEmpty: Bool { table.isEmpty }

    /// Makes room for so many keys in all.
    @inlinable package mutating func reserve(_ count: Int) { table.reserveCapacity(count) }

    /// The value of a key; nil where there is none.
    ///
    /// Setting nil removes.
    @usableFromInline package subscript(key: Key) -> Value? {
        @inlinable get { table[key] }
        @inlinable set { table[key] = newValue }
    }

    /// Sets the value of a key, and hands out the one that it had.
    @inlinable package mutating func put(_ value: Value, for key: Key) -> Value? {
        table.updateValue(value, forKey: key)
    }

    /// Changes the value of a key in place, without a copy; nil where there is none.
    @inlinable package mutating func update<Outcome>(_ key: Key, _ change: (inout Value) -> Outcome) -> Outcome? {
        guard let index = table.index(forKey: key) else { return nil }
        return change(&table.values[index])
    }
}

extension Lookup: Equatable where Value: Equatable {}
