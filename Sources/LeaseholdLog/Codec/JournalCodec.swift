package import LeaseholdModel
private import SwiftProtobuf

/// Records of an agent's journal to bytes and back.
package enum JournalCodec {
    /// The bytes of a record.
    package static func encode(_ record: JournalRecord) -> [UInt8] {
        RecordField.bytes(ProtoJournalEntry.with { $0.record = record.proto })
    }

    /// The record of bytes that are exactly one; what this version does not know is refused, never skipped.
    package static func decode(_ bytes: [UInt8]) throws(RecordFailure) -> JournalRecord {
        let proto: ProtoJournalEntry = try RecordField.parsed(bytes)
        guard let record = proto.record else { throw .unknownRecord(index: nil) }
        try RecordField.allKnown(proto, in: "journal entry")
        return try JournalRecord(record)
    }

    /// The record of raw bytes that are exactly one; copies them.
    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(RecordFailure) -> JournalRecord {
        try decode(Array(bytes))
    }
}
