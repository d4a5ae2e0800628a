private import LeaseholdChecksum
internal import LeaseholdModel

/// The first 32 bytes of a frame, numbers in network byte order; `protos/README.md` documents every byte.
///
/// | offset | bytes | content |
/// |---|---|---|
/// | 0 | 4 | magic: `LSHD` |
/// | 4 | 2 | protocol version |
/// | 6 | 1 | kind |
/// | 7 | 1 | flags: 0 |
/// | 8 | 4 | byte count of the payload |
/// | 12 | 4 | CRC32C of the payload |
/// | 16 | 8 | correlation number |
/// | 24 | 4 | unused: 0 |
/// | 28 | 4 | CRC32C of the 28 bytes before |
struct FrameHeader: Hashable {
    let version: UInt16
    let kind: MessageKind
    let payloadByteCount: Int
    let payloadChecksum: UInt32
    let correlation: UInt64

    static let byteCount = 32
    static let magic: UInt32 = 0x4C53_4844
    private static let checkedByteCount = 28

    /// The header of a frame with this payload.
    init(kind: MessageKind, payload: [UInt8], correlation: UInt64) {
        version = Hello.version
        self.kind = kind
        payloadByteCount = payload.count
        payloadChecksum = CRC32C.checksum(of: payload)
        self.correlation = correlation
    }

    /// Reads a header and judges it before its payload has arrived.
    ///
    /// - Throws: what is wrong with it, the first thing in the order of the bytes; a checksum before what it covers.
    init(reading bytes: UnsafeRawBufferPointer, payloadByteCountMax: Int) throws(Complaint) {
        precondition(bytes.count >= FrameHeader.byteCount, "a header of \(bytes.count) bytes")
        try FrameHeader.checkMagic(bytes)
        let word = { (offset: Int) -> UInt32 in
            UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        let checked = UnsafeRawBufferPointer(rebasing: bytes[..<FrameHeader.checkedByteCount])
        let checksum = CRC32C.checksum(of: checked)
        guard word(28) == checksum else {
            throw .frameBroken("header checksum", value: "\(word(28))", expected: "\(checksum)")
        }
        version = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        guard version == Hello.version else {
            throw Complaint(.versionUnknown, "frame version: value \(version), expected \(Hello.version)")
        }
        guard let kind = MessageKind(rawValue: bytes[6]) else {
            throw Complaint(.messageUnknown, "frame kind: value \(bytes[6]), expected one that version \(version) has")
        }
        guard bytes[7] == 0 else { throw .frameBroken("frame flags", value: "\(bytes[7])", expected: "0") }
        guard word(24) == 0 else { throw .frameBroken("unused frame bytes", value: "\(word(24))", expected: "0") }
        guard word(8) <= payloadByteCountMax else {
            throw Complaint(.frameTooLong, "frame payload: \(word(8)) bytes, expected at most \(payloadByteCountMax)")
        }
        self.kind = kind
        payloadByteCount = Int(word(8))
        payloadChecksum = word(12)
        correlation = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    }

    /// Complains about the first byte that no frame begins with, however few have arrived.
    static func checkMagic(_ bytes: UnsafeRawBufferPointer) throws(Complaint) {
        for offset in 0..<min(4, bytes.count) {
            let expected = UInt8(truncatingIfNeeded: magic >> UInt32(24 - 8 * offset))
            guard bytes[offset] == expected else {
                throw .frameBroken("frame magic, byte \(offset)", value: "\(bytes[offset])", expected: "\(expected)")
            }
        }
    }

    /// Appends the 32 bytes.
    func append(to out: inout [UInt8]) {
        let start = out.count
        withUnsafeBytes(of: FrameHeader.magic.bigEndian) { out.append(contentsOf: $0) }
        withUnsafeBytes(of: version.bigEndian) { out.append(contentsOf: $0) }
        out.append(kind.rawValue)
        out.append(0)
        withUnsafeBytes(of: UInt32(payloadByteCount).bigEndian) { out.append(contentsOf: $0) }
        withUnsafeBytes(of: payloadChecksum.bigEndian) { out.append(contentsOf: $0) }
        withUnsafeBytes(of: correlation.bigEndian) { out.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(0)) { out.append(contentsOf: $0) }
        let checksum = out.withUnsafeBytes { CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: $0[start...])) }
        withUnsafeBytes(of: checksum.bigEndian) { out.append(contentsOf: $0) }
    }
}

extension Complaint {
    /// A frame that is none, with the place, the value and what was expected.
    static func frameBroken(_ place: String, value: String, expected: String) -> Complaint {
        Complaint(.frameBroken, "\(place): value \(value), expected \(expected)")
    }
}
