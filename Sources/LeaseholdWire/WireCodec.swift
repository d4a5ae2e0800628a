private import LeaseholdChecksum
package import LeaseholdModel

/// Messages to frames and back; generated types stay behind this line.
package enum WireCodec {
    /// Appends the frame of a message.
    ///
    /// Nothing that the house says is longer than a frame may be, because the bounds of lists and fleets keep it so; a
    /// reply that is all the same is answered as a refusal that says so.
    package static func encode(_ message: Message, correlation: UInt64, into out: inout [UInt8]) {
        var payload = message.payload
        if case .reply = message, payload.count > Limits.framePayloadByteCountMaxReply {
            let refusal = Refusal.invalid(
                field: "page", value: "\(payload.count) bytes",
                expected: "an answer of at most \(Limits.framePayloadByteCountMaxReply) bytes")
            payload = Message.reply(.refused(refusal)).payload
        }
        let header = FrameHeader(kind: message.kind, payload: payload, correlation: correlation)
        // No room is asked for: a batch of frames would be copied anew for each of them.
        header.append(to: &out)
        out.append(contentsOf: payload)
    }

    /// The frame of a message.
    package static func encode(_ message: Message, correlation: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        encode(message, correlation: correlation, into: &out)
        return out
    }

    /// The message of bytes that are exactly one frame, of any length that a frame may have.
    package static func decode(_ bytes: [UInt8]) throws(Complaint) -> (message: Message, correlation: UInt64) {
        var decoder = FrameDecoder(payloadByteCountMax: Limits.framePayloadByteCountMaxReply)
        decoder.receive(bytes)
        guard let taken = try decoder.next(), !decoder.isMidFrame else {
            throw .frameBroken("frame", value: "\(bytes.count) bytes", expected: "exactly one frame")
        }
        return taken
    }

    /// The message of a payload whose header has been judged.
    static func message(of header: FrameHeader, payload: UnsafeRawBufferPointer) throws(Complaint) -> Message {
        let checksum = CRC32C.checksum(of: payload)
        guard checksum == header.payloadChecksum else {
            throw .frameBroken("payload checksum", value: "\(header.payloadChecksum)", expected: "\(checksum)")
        }
        do {
            return try Message(header.kind, payload: payload)
        } catch {
            let code: Complaint.Code = error.isUnknownBody ? .messageUnknown : .frameBroken
            throw Complaint(code, "\(header.kind), \(error)")
        }
    }
}

extension RequestEnvelope {
    /// A request on its way out: the receiver computes the hash of the body from the bytes that arrive.
    package init(id: RequestID?, request: Request) {
        self.init(key: id.map { RequestKey(id: $0, bodyHash: 0) }, request: request)
    }
}
