/// Electrical power in thousandths of a watt, as devices state it.
package struct Milliwatts: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let count: UInt64
    package init(_ count: UInt64) { self.count = count }

    package static func < (left: Milliwatts, right: Milliwatts) -> Bool { left.count < right.count }
    package var description: String { "\(count)mW" }
}

/// A device's memory in bytes.
package struct MemoryBytes: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let count: UInt64
    package init(_ count: UInt64) { self.count = count }

    package static func < (left: MemoryBytes, right: MemoryBytes) -> Bool { left.count < right.count }
    package var description: String { "\(count)B" }
}

/// A temperature in whole degrees Celsius.
package struct Celsius: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let degrees: Int32
    package init(_ degrees: Int32) { self.degrees = degrees }

    package static func < (left: Celsius, right: Celsius) -> Bool { left.degrees < right.degrees }
    package var description: String { "\(degrees)C" }
}

/// How much of a device's memory is taken.
package struct MemoryReading: Hashable, Sendable {
    package let total: MemoryBytes
    package let used: MemoryBytes
    /// What the driver keeps for itself; nil where it counts that as used.
    package let reserved: MemoryBytes?

    package init(total: MemoryBytes, used: MemoryBytes, reserved: MemoryBytes?) {
        self.total = total
        self.used = used
        self.reserved = reserved
    }
}
