internal import LeaseholdModel
internal import SwiftProtobuf

/// Reads what stands in single fields of a record, each with its bound.
enum RecordField {
    /// A set of GPUs from its mask.
    static func gpus(_ mask: UInt32, _ field: @autoclosure () -> String) throws(RecordFailure) -> GPUSet {
        guard let bits = UInt16(exactly: mask) else {
            throw .invalid(field: field(), value: "\(mask)", expected: "at most \(UInt16.max)")
        }
        return GPUSet(bits: bits)
    }

    /// An enum of the house from its number in the log; `none`, which is 0 in the house, is 255 here.
    static func word<Value: RawRepresentable<UInt8>>(
        _ number: Int, _ field: @autoclosure () -> String
    ) throws(RecordFailure) -> Value {
        let raw = number == noneNumber ? 0 : UInt8(exactly: number)
        guard number != 0, let raw, let value = Value(rawValue: raw) else {
            throw .invalid(field: field(), value: "\(number)", expected: "a value that this version knows")
        }
        return value
    }

    /// The number in the log of an enum of the house.
    static func number(of value: some RawRepresentable<UInt8>) -> Int {
        value.rawValue == 0 ? noneNumber : Int(value.rawValue)
    }

    private static let noneNumber = 255

    /// A number within a range.
    static func number(
        _ number: UInt32, _ field: @autoclosure () -> String, max: UInt32
    ) throws(RecordFailure) -> UInt32 {
        guard number <= max else { throw .invalid(field: field(), value: "\(number)", expected: "at most \(max)") }
        return number
    }

    /// Complains of a text that is not within its bound, or more than a line.
    static func unchanged(_ text: String, _ field: @autoclosure () -> String, as kept: String) throws(RecordFailure) {
        guard text == kept else {
            throw .invalid(field: field(), value: "\(text.utf8.count) bytes", expected: "a line within its bound")
        }
    }

    /// Reads the entries of an array that has at most so many.
    static func each<Proto, Value>(
        _ entries: [Proto], _ field: String, countMax: Int,
        _ read: (Proto, String) throws(RecordFailure) -> Value
    ) throws(RecordFailure) -> [Value] {
        guard entries.count <= countMax else {
            throw .invalid(field: field, value: "\(entries.count) entries", expected: "at most \(countMax)")
        }
        var values: [Value] = []
        for (position, entry) in entries.enumerated() { values.append(try read(entry, "\(field)[\(position)]")) }
        return values
    }

    /// Complains unless an array has as many entries as the one beside it.
    static func sameCount(_ count: Int, _ field: @autoclosure () -> String, as expected: Int) throws(RecordFailure) {
        guard count == expected else {
            throw .invalid(field: field(), value: "\(count) entries", expected: "\(expected), as beside it")
        }
    }

    /// Complains about fields that this version does not know.
    static func allKnown(_ proto: some SwiftProtobuf.Message, in record: String) throws(RecordFailure) {
        guard proto.unknownFields == UnknownStorage() else { throw .unknownField(record: record) }
    }

    /// Decodes protobuf and keeps what it does not know, so that it can be refused.
    static func parsed<Proto: SwiftProtobuf.Message>(
        _ bytes: [UInt8], depth: Int = recordDepthMax
    ) throws(RecordFailure) -> Proto {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = depth
        do {
            return try Proto(serializedBytes: bytes, options: options)
        } catch {
            throw .undecodable(byteCount: bytes.count)
        }
    }

    /// An entry, its record, a part of a lease, and what it takes of a node; nothing lies deeper.
    static let recordDepthMax = 4
    /// A piece of an image, its leases, a lease, its grant, a part of that, and what it takes of a node.
    static let imageDepthMax = 6

    /// Encodes protobuf.
    static func bytes(_ proto: some SwiftProtobuf.Message) -> [UInt8] {
        do {
            return try proto.serializedBytes()
        } catch {
            preconditionFailure("a record of the house does not encode: \(error)")
        }
    }
}

extension LogHead {
    /// A head from its numbers.
    init(_ index: UInt64, chain words: (UInt64, UInt64, UInt64, UInt64)) {
        self.init(index: RecordIndex(rawValue: index), chain: ChainHash(words: words))
    }
}

extension Epoch {
    /// An epoch from its numbers.
    init(_ reign: UInt64, _ index: UInt64) {
        self.init(reign: Reign(rawValue: reign), index: RecordIndex(rawValue: index))
    }
}
