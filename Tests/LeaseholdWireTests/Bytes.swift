import LeaseholdChecksum
import LeaseholdModel
import LeaseholdWire

/// Chance that comes back with its seed: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// A frame that somebody else could have made: the parts that the codec always gets right can be wrong here.
struct HandmadeFrame {
    var version: UInt16 = 1
    var kind: UInt8
    var flags: UInt8 = 0
    var unused: UInt32 = 0
    var claimedByteCount: UInt32?
    var payload: [UInt8] = []
    var correlation: UInt64 = 1

    var bytes: [UInt8] {
        var bytes = Array("LSHD".utf8)
        bytes += withUnsafeBytes(of: version.bigEndian) { Array($0) }
        bytes += [kind, flags]
        bytes += withUnsafeBytes(of: (claimedByteCount ?? UInt32(payload.count)).bigEndian) { Array($0) }
        bytes += withUnsafeBytes(of: CRC32C.checksum(of: payload).bigEndian) { Array($0) }
        bytes += withUnsafeBytes(of: correlation.bigEndian) { Array($0) }
        bytes += withUnsafeBytes(of: unused.bigEndian) { Array($0) }
        bytes += withUnsafeBytes(of: CRC32C.checksum(of: bytes).bigEndian) { Array($0) }
        return bytes + payload
    }
}

/// What comes out of a decoder that is fed some bytes: messages, and the complaint that ended it.
func decoded(
    _ bytes: [UInt8], payloadByteCountMax: Int = Limits.framePayloadByteCountMax
) -> (messages: [Message], complaint: Complaint?) {
    var decoder = FrameDecoder(payloadByteCountMax: payloadByteCountMax)
    decoder.receive(bytes)
    var messages: [Message] = []
    do {
        while let (message, _) = try decoder.next() { messages.append(message) }
        return (messages, nil)
    } catch {
        return (messages, error)
    }
}

extension Message {
    /// The message without the hash of a request's bytes, which only the receiver knows.
    var withoutBodyHash: Message {
        guard case .request(let envelope) = self else { return self }
        return .request(RequestEnvelope(id: envelope.key?.id, request: envelope.request))
    }
}

/// The two hexadecimal digits of each byte.
func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
