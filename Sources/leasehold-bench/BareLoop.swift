import Foundation
import Glibc

/// The floor of durability: one write and one fdatasync at a time, into a file that was written full of zeros.
final class BareLoop {
    private let descriptor: Int32
    private let byteCount: Int
    private var offset = 0

    /// Makes the file; writing begins anew at its start when its end is reached.
    init(at path: String, byteCount: Int = 67_108_864) throws {
        self.byteCount = byteCount
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw CountFailure("cannot make \(path): errno \(errno)") }
        let zeros = [UInt8](repeating: 0, count: 1_048_576)
        for start in stride(from: 0, to: byteCount, by: zeros.count) {
            guard pwrite(descriptor, zeros, zeros.count, off_t(start)) == zeros.count else {
                throw CountFailure("cannot write zeros to \(path): errno \(errno)")
            }
        }
        guard fsync(descriptor) == 0 else { throw CountFailure("cannot sync \(path): errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Makes bytes durable behind the last ones.
    func writeAndSync(_ bytes: [UInt8]) throws {
        if offset + bytes.count > byteCount { offset = 0 }
        guard pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count, fdatasync(descriptor) == 0 else {
            throw CountFailure("a write or a sync failed: errno \(errno)")
        }
        offset += bytes.count
    }
}
