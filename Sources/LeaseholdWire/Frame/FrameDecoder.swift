private import LeaseholdChecksum
package import LeaseholdModel

/// Turns the bytes of one connection into messages; the picture is a tray that bytes are laid on and frames taken from.
///
/// Lay down what arrived with `receive`, then take with `next` until it gives nil. A complaint is final: the bytes
/// after a broken frame have no meaning, so the decoder gives the same complaint ever after and keeps nothing.
///
/// The tray never holds more than one frame of the greatest length and what was received at once, and grows only by
/// what has arrived, whatever length a header claims.
package struct FrameDecoder: Sendable {
    /// The greatest payload that the peer may send in its present state, in bytes; judged when a header arrives.
    package var payloadByteCountMax: Int

    private var bytes: [UInt8] = []
    /// Where the first byte lies that belongs to no finished frame.
    private var start = 0
    /// The header at `start`, once it has been judged.
    private var header: FrameHeader?
    private var complaint: Complaint?

    /// A capacity that is not worth giving back when the tray is empty.
    private static let keptByteCount = 65_536

    /// A decoder for a new connection.
    package init(payloadByteCountMax: Int = Limits.framePayloadByteCountMaxBeforeHello) {
        self.payloadByteCountMax = payloadByteCountMax
    }

    /// Whether the beginning of a frame is here and its end is not, once `next` has given nil: its deadline runs.
    package var isMidFrame: Bool { start < bytes.count }

    /// Bytes that are held for frames to come.
    package var heldByteCount: Int { bytes.count - start }

    /// Lays down what has arrived; copies it.
    package mutating func receive(_ arrived: UnsafeRawBufferPointer) {
        guard complaint == nil, !arrived.isEmpty else { return }
        if start > 0 {
            bytes.removeSubrange(..<start)
            start = 0
        }
        let needed = bytes.count + arrived.count
        if needed > bytes.capacity {
            let doubled = min(2 * bytes.capacity, FrameHeader.byteCount + payloadByteCountMax)
            bytes.reserveCapacity(max(needed, doubled))
        }
        bytes.append(contentsOf: arrived)
    }

    /// Lays down what has arrived; copies it.
    package mutating func receive(_ arrived: [UInt8]) {
        arrived.withUnsafeBytes { receive($0) }
    }

    /// Takes the next whole message and its correlation number; nil when more bytes are needed.
    ///
    /// - Throws: what is wrong with the frame, as soon as it can be known: for a header before its payload is here.
    package mutating func next() throws(Complaint) -> (message: Message, correlation: UInt64)? {
        if let complaint { throw complaint }
        do {
            return try take()
        } catch {
            complaint = error
            forget()
            throw error
        }
    }

    private mutating func take() throws(Complaint) -> (message: Message, correlation: UInt64)? {
        guard let header = try judgedHeader() else { return nil }
        let first = start + FrameHeader.byteCount
        let end = first + header.payloadByteCount
        guard bytes.count >= end else { return nil }
        let message = try bytes.withUnsafeBufferPointer { all throws(Complaint) in
            let payload = UnsafeBufferPointer(rebasing: all[first..<end])
            return try WireCodec.message(of: header, payload: UnsafeRawBufferPointer(payload))
        }
        self.header = nil
        start = end
        if start == bytes.count { forget() }
        return (message, header.correlation)
    }

    private mutating func judgedHeader() throws(Complaint) -> FrameHeader? {
        if let header { return header }
        let limit = payloadByteCountMax
        let held = start..<bytes.count
        guard !held.isEmpty else { return nil }
        header = try bytes.withUnsafeBufferPointer { all throws(Complaint) -> FrameHeader? in
            let here = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: all[held]))
            guard here.count >= FrameHeader.byteCount else {
                try FrameHeader.checkMagic(here)
                return nil
            }
            return try FrameHeader(reading: here, payloadByteCountMax: limit)
        }
        return header
    }

    /// Empties the tray, and gives a large one back.
    private mutating func forget() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= FrameDecoder.keptByteCount)
        start = 0
        header = nil
    }
}
