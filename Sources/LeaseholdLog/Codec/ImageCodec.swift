package import LeaseholdModel
private import SwiftProtobuf

/// Pieces of a book's image to bytes and back.
package enum ImageCodec {
    /// The bytes of a piece.
    package static func encode(_ piece: BookImage) -> [UInt8] {
        RecordField.bytes(ProtoImage.with { $0.piece = piece.proto })
    }

    /// The piece of bytes that are exactly one; what this version does not know is refused, never skipped.
    package static func decode(_ bytes: [UInt8]) throws(RecordFailure) -> BookImage {
        let proto: ProtoImage = try RecordField.parsed(bytes, depth: RecordField.imageDepthMax)
        guard let piece = proto.piece else { throw .unknownRecord(index: nil) }
        try RecordField.allKnown(proto, in: "image")
        return try BookImage(piece)
    }
}
