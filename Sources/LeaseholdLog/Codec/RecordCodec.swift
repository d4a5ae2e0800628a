package import LeaseholdModel
private import SwiftProtobuf

/// Entries of the coordinator's log to bytes and back.
///
/// The same entry with the same salt gives the same bytes, which the chain and the tree hash.
package enum RecordCodec {
    /// The bytes of an entry of a log that is shown to nobody.
    package static func encode(_ entry: LogEntry) -> [UInt8] { encode(entry, salt: nil) }

    /// The bytes of an entry.
    package static func encode(_ entry: LogEntry, salt: RecordSalt?) -> [UInt8] {
        RecordField.bytes(
            ProtoEntry.with {
                $0.index = entry.index.rawValue
                $0.atCalendarNs = entry.at.nanoseconds
                $0.principalRole = ProtoRole(rawValue: RecordField.number(of: entry.principal.role)) ?? .unspecified
                $0.principalName = entry.principal.name
                if let request = entry.request {
                    $0.requestHigh = request.id.high
                    $0.requestLow = request.id.low
                    $0.requestBodyHash = request.bodyHash
                }
                if let salt { $0.take(salt) }
                $0.record = entry.record.proto
            })
    }

    /// The entry of bytes that are exactly one; what this version does not know is refused, never skipped.
    package static func decode(_ bytes: [UInt8]) throws(RecordFailure) -> LogEntry {
        let proto: ProtoEntry = try RecordField.parsed(bytes)
        let index = RecordIndex(rawValue: proto.index)
        guard let record = proto.record else { throw .unknownRecord(index: index) }
        try RecordField.allKnown(proto, in: "entry")
        let requestCount = [proto.hasRequestHigh, proto.hasRequestLow, proto.hasRequestBodyHash].count { $0 }
        guard requestCount == 0 || requestCount == 3 else {
            throw .invalid(field: "request", value: "\(requestCount) of three parts", expected: "all or none")
        }
        let id = RequestID(high: proto.requestHigh, low: proto.requestLow)
        return LogEntry(
            index: index, at: CalendarInstant(nanoseconds: proto.atCalendarNs),
            principal: Principal(
                role: try RecordField.word(proto.principalRole.rawValue, "principalRole"), name: proto.principalName),
            request: requestCount == 0 ? nil : RequestKey(id: id, bodyHash: proto.requestBodyHash),
            record: try Record(record))
    }

    /// The entry that a log has at an index, or why these bytes are not it.
    package static func entry(at index: RecordIndex, _ bytes: [UInt8]) throws(RecordRefusal) -> LogEntry {
        let entry: LogEntry
        do throws(RecordFailure) { entry = try decode(bytes) } catch {
            throw RecordRefusal(reason: "\(error)", of: index)
        }
        guard entry.index == index else {
            throw RecordRefusal(reason: "it says that it is record \(entry.index)", of: index)
        }
        return entry
    }

    /// The entry of raw bytes that are exactly one; copies them.
    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(RecordFailure) -> LogEntry {
        try decode(Array(bytes))
    }
}
