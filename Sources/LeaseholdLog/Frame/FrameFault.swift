package import LeaseholdModel

/// What is wrong with the bytes where a frame should stand.
package enum FrameFault: Error, Hashable, Sendable {
    /// No frame begins here, though something does.
    case magic(found: UInt32)
    case headerChecksum(expected: UInt32, actual: UInt32)
    case payloadChecksum(expected: UInt32, actual: UInt32)
    /// The frame is whole and asks for a newer reader.
    case minimumReaderVersion(required: UInt32)
    /// The frame is whole and carries something that this version does not know; never skipped.
    case unknown(field: String, value: UInt64)
    /// The frame is whole and belongs to another log.
    case logID(expected: LogID, actual: LogID)
    /// The frame is whole and a number in it contradicts its place.
    case mismatch(field: String, expected: UInt64, actual: UInt64)
    /// The frame is whole and does not follow the frames before it.
    case chain(expected: ChainHash, actual: ChainHash)

    /// Whether a write that power loss interrupted can have left this; a frame whose checksums hold was written whole.
    package var mayBeTorn: Bool {
        switch self {
        case .magic, .headerChecksum, .payloadChecksum: true
        case .minimumReaderVersion, .unknown, .logID, .mismatch, .chain: false
        }
    }
}

extension FrameFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .magic(let found):
            "no frame begins here: expected magic \(hexadecimal(FrameHeader.magic)), actual \(hexadecimal(found))"
        case .headerChecksum(let expected, let actual):
            "header checksum: expected \(hexadecimal(expected)), actual \(hexadecimal(actual))"
        case .payloadChecksum(let expected, let actual):
            "payload checksum: expected \(hexadecimal(expected)), actual \(hexadecimal(actual))"
        case .minimumReaderVersion(let required):
            "needs reader version \(required), this one is \(FrameHeader.readerVersion)"
        case .unknown(let field, let value): "unknown \(field) \(value)"
        case .logID(let expected, let actual): "log id: expected \(expected), actual \(actual)"
        case .mismatch(let field, let expected, let actual): "\(field): expected \(expected), actual \(actual)"
        case .chain(let expected, let actual): "chain hash: expected \(expected), actual \(actual)"
        }
    }

    /// Eight hexadecimal digits of a checksum.
    private func hexadecimal(_ word: UInt32) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}
