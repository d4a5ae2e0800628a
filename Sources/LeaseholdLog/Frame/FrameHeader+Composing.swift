// A frame as bytes, ready to be written: payload, zero padding, and the header with both checksums over them.

extension FrameHeader {
    /// A frame of records; the header's counts must be theirs.
    func frame(of records: ArraySlice<[UInt8]>) -> [UInt8] {
        precondition(kind == .records && recordCount == records.count, "\(kind) header for \(records.count) records")
        return compose { frame in
            var offset = FrameHeader.byteCount
            for record in records {
                frame.put(UInt32(record.count), at: offset)
                offset += LogLimits.recordPrefixByteCount
                record.withUnsafeBytes { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: frame[offset..<offset + bytes.count]).copyMemory(
                        from: bytes)
                }
                offset += record.count
            }
            precondition(offset == FrameHeader.byteCount + payloadByteCount, "records end at \(offset)")
        }
    }

    /// The first frame of a segment.
    func frame(of segment: SegmentHeader) -> [UInt8] {
        precondition(kind == .segment && payloadByteCount == segment.payloadByteCount, "\(kind) header for a segment")
        return compose { segment.write(into: $0) }
    }

    /// A seal, which has no payload.
    func sealFrame() -> [UInt8] {
        precondition(kind == .seal && payloadByteCount == 0, "\(kind) header for a seal")
        return compose { _ in }
    }

    private func compose(_ writePayload: (UnsafeMutableRawBufferPointer) -> Void) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: frameByteCount)
        bytes.withUnsafeMutableBytes { frame in
            writePayload(frame)
            write(into: frame)
        }
        return bytes
    }
}
