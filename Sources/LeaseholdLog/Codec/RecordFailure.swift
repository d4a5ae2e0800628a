package import LeaseholdModel

/// Why the bytes of a record could not be read: they are whole, by their checksum, and say something that cannot be.
package enum RecordFailure: Error, Hashable, Sendable {
    /// Not protobuf of the schema.
    case undecodable(byteCount: Int)
    /// A kind of record that this version does not know; never skipped. The index where the entry has one.
    case unknownRecord(index: RecordIndex?)
    /// A newer version wrote a field that this one does not know, beside or in a record of this kind.
    case unknownField(record: String)
    /// A field says something that cannot be.
    case invalid(field: String, value: String, expected: String)
}

extension RecordFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .undecodable(let byteCount): "\(byteCount) bytes are no record: expected protobuf of the log's schema"
        case .unknownRecord(let index):
            "a record of a kind that this version does not know" + (index.map { " at index \($0)" } ?? "")
        case .unknownField(let record): "\(record) has a field that this version does not know"
        case .invalid(let field, let value, let expected): "field \(field): value \(value), expected \(expected)"
        }
    }
}
