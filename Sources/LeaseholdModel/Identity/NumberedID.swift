/// A number that names one thing, in a type of its own, so that it cannot stand for another thing.
@usableFromInline
package protocol NumberedID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible
where RawValue: FixedWidthInteger & Sendable {
    /// The number itself, for tables and for the outside.
    var rawValue: RawValue { get }
    /// Names the thing with this number.
    init(rawValue: RawValue)
}

extension NumberedID {
    @inlinable package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    // Spelled out, because the standard library's own are calls through a table.
    @inlinable package static func <= (left: Self, right: Self) -> Bool { !(right < left) }
    @inlinable package static func == (left: Self, right: Self) -> Bool { left.rawValue == right.rawValue }
    @inlinable package var description: String { "\(rawValue)" }
}

/// A node of the fleet: dense, in import order, never reused.
@usableFromInline
package struct NodeID: NumberedID {
    @usableFromInline package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The position of the node in a table of all nodes.
    @inlinable package var offset: Int { Int(rawValue) }
}

/// A site, hall or rack: dense, in import order, never reused.
@usableFromInline
package struct PlaceID: NumberedID {
    @usableFromInline package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The position of the place in a table of all places.
    @inlinable package var offset: Int { Int(rawValue) }
}

/// A GPU kind of the catalogue that a book keeps: dense, in order of first mention, never reused.
@usableFromInline
package struct KindID: NumberedID {
    @usableFromInline package let rawValue: UInt16
    @inlinable package init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The position of the kind in a table of all kinds.
    @inlinable package var offset: Int { Int(rawValue) }
}

/// A tenant: dense, in order of creation, never reused.
@usableFromInline
package struct TenantID: NumberedID {
    @usableFromInline package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The position of the tenant in a table of all tenants.
    @inlinable package var offset: Int { Int(rawValue) }
}

/// A lease, named by the index of the record that made it, or one of its later parts; people see `L1742`, `L1742.3`.
///
/// A lease that comes in steps or again and again has a part for each, with GPUs, a window and a life of its own. The
/// first part is called like the whole. The part stands in the upper 16 bits, so that a lease of one part is its index.
@usableFromInline
package struct LeaseID: NumberedID {
    @usableFromInline package let rawValue: UInt64
    @inlinable package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// A part of the lease that the record at an index made; 0 is the first.
    @inlinable package init(_ index: RecordIndex, part: Int = 0) {
        precondition(index.rawValue < 1 << 48 && part < 1 << 16, "part \(part) of the lease of record \(index)")
        rawValue = index.rawValue | UInt64(part) << 48
    }

    /// The record that made the lease.
    @inlinable package var index: RecordIndex { RecordIndex(rawValue: rawValue & (1 << 48 - 1)) }
    /// Which part of the lease it is; 0 for the first.
    @inlinable package var part: Int { Int(rawValue >> 48) }
    /// The lease that it is a part of, which is its first part.
    @inlinable package var whole: LeaseID { LeaseID(index) }
    @usableFromInline package var description: String { part == 0 ? "L\(rawValue)" : "L\(index).\(part)" }

    /// The older lease first, then the earlier part.
    @inlinable package static func < (left: LeaseID, right: LeaseID) -> Bool {
        // The index before the part, though the part stands in the upper bits.
        left.rawValue << 16 | left.rawValue >> 48 < right.rawValue << 16 | right.rawValue >> 48
    }

    /// Reads `L1742`, `1742` or `L1742.3`; nil for anything else.
    package init?(text: String) {
        let digits = text.first == "L" || text.first == "l" ? text.dropFirst() : text[...]
        let pieces = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(pieces.count), let index = UInt64(pieces[0]), index < 1 << 48,
            let part = pieces.count == 1 ? 0 : UInt16(pieces[1])
        else { return nil }
        self.init(RecordIndex(rawValue: index), part: Int(part))
    }
}

/// One open connection of a process; never reused within an incarnation of that process.
@usableFromInline
package struct ConnectionID: NumberedID {
    @usableFromInline package let rawValue: UInt64
    @inlinable package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A node's talk with one reign: rises with every report that opens one; names are (reign, number).
@usableFromInline
package struct SessionID: NumberedID {
    @usableFromInline package let rawValue: UInt64
    @inlinable package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// The position of a record in a log; the first record has index 1, and 0 means "before any record".
@usableFromInline
package struct RecordIndex: NumberedID {
    @usableFromInline package let rawValue: UInt64
    @inlinable package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before any record.
    package static let zero = RecordIndex(rawValue: 0)
    /// The index after this one.
    @inlinable package var next: RecordIndex { RecordIndex(rawValue: rawValue + 1) }
}

/// One coordinator's leadership; persisted and raised at every start and take-over (L4).
///
/// 0 means "none yet". The upper 32 bits are the log incarnation under which it began, so that no reign of what a restore
/// gave up is as high as one after it (decision 0019).
@usableFromInline
package struct Reign: NumberedID {
    @usableFromInline package let rawValue: UInt64
    @inlinable package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before any reign.
    package static let zero = Reign(rawValue: 0)
    /// The reign after this one.
    package var next: Reign { Reign(rawValue: rawValue + 1) }
    /// The incarnation of the log under which it began; 1 for a log that was never restored.
    package var logIncarnation: UInt32 { UInt32(max(1, rawValue >> 32)) }

    /// The reign after this one in a log of an incarnation, above every reign of the incarnations before it; nil where
    /// the log is of an earlier incarnation than the reign, or has had as many reigns as can be counted.
    package func following(in logIncarnation: UInt32) -> Reign? {
        guard logIncarnation >= self.logIncarnation, rawValue < .max else { return nil }
        let next = logIncarnation == self.logIncarnation ? next : Reign(rawValue: UInt64(logIncarnation) << 32 + 1)
        return next.logIncarnation == logIncarnation ? next : nil
    }

    /// The reign after this one in a log of an incarnation, which there must be.
    package func next(in logIncarnation: UInt32) -> Reign {
        guard let next = following(in: logIncarnation) else {
            preconditionFailure("reign \(self) in incarnation \(logIncarnation) of the log")
        }
        return next
    }
}

/// The number of a heartbeat within one session of a node; the first is 1.
@usableFromInline
package struct HeartbeatNumber: NumberedID {
    @usableFromInline package let rawValue: UInt64
    @inlinable package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before any heartbeat.
    package static let zero = HeartbeatNumber(rawValue: 0)
    /// The number of the next heartbeat.
    package var next: HeartbeatNumber { HeartbeatNumber(rawValue: rawValue + 1) }
}
