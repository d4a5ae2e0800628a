/// A number that names one thing, in a type of its own, so that it cannot stand for another thing.
package protocol NumberedID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible
where RawValue: FixedWidthInteger & Sendable {
    /// The number itself, for tables and for the outside.
    var rawValue: RawValue { get }
    /// Names the thing with this number.
    init(rawValue: RawValue)
}

extension NumberedID {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package var description: String { "\(rawValue)" }
}

/// A node of the fleet: dense, in import order, never reused.
package struct NodeID: NumberedID {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The position of the node in a table of all nodes.
    package var offset: Int { Int(rawValue) }
}

/// A site, hall or rack: dense, in import order, never reused.
package struct PlaceID: NumberedID {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The position of the place in a table of all places.
    package var offset: Int { Int(rawValue) }
}

/// A GPU kind of the catalogue that a book keeps: dense, in order of first mention, never reused.
package struct KindID: NumberedID {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The position of the kind in a table of all kinds.
    package var offset: Int { Int(rawValue) }
}

/// A tenant: dense, in order of creation, never reused.
package struct TenantID: NumberedID {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The position of the tenant in a table of all tenants.
    package var offset: Int { Int(rawValue) }
}

/// A lease, named by the index of the record that granted it; people see `L1742`.
package struct LeaseID: NumberedID {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package var description: String { "L\(rawValue)" }

    /// Reads `L1742` or `1742`; nil for anything else.
    package init?(text: String) {
        let digits = text.first == "L" || text.first == "l" ? text.dropFirst() : text[...]
        guard let number = UInt64(digits) else { return nil }
        self.init(rawValue: number)
    }
}

/// One open connection of a process; never reused within an incarnation of that process.
package struct ConnectionID: NumberedID {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A node's talk with one reign: rises with every report that opens one; names are (reign, number).
package struct SessionID: NumberedID {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// The position of a record in a log; the first record has index 1, and 0 means "before any record".
package struct RecordIndex: NumberedID {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before any record.
    package static let zero = RecordIndex(rawValue: 0)
    /// The index after this one.
    package var next: RecordIndex { RecordIndex(rawValue: rawValue + 1) }
}

/// One coordinator's leadership; persisted and raised at every start and take-over (L4).
///
/// 0 means "none yet".
package struct Reign: NumberedID {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before any reign.
    package static let zero = Reign(rawValue: 0)
    /// The reign after this one.
    package var next: Reign { Reign(rawValue: rawValue + 1) }
}

/// The number of a heartbeat within one session of a node; the first is 1.
package struct HeartbeatNumber: NumberedID {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before any heartbeat.
    package static let zero = HeartbeatNumber(rawValue: 0)
    /// The number of the next heartbeat.
    package var next: HeartbeatNumber { HeartbeatNumber(rawValue: rawValue + 1) }
}
