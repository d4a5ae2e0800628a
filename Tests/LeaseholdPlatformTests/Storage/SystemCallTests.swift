import Foundation
import LeaseholdLog
import LeaseholdPlatform
import Testing

@Suite("Writing to files")
struct SystemCallTests {
    /// Answers of a pretended write, one a call.
    private func write(_ answers: [SystemCalls.Wrote], byteCount: Int = 10) -> (
        written: [Range<Int>], failure: StorageFailure?
    ) {
        let bytes = [UInt8](repeating: 1, count: byteCount)
        var rest = answers[...]
        var written: [Range<Int>] = []
        do throws(StorageFailure) {
            try bytes.withUnsafeBytes { bytes in
                Result { () throws(StorageFailure) in
                    try SystemCalls.writeWholly(bytes, at: 100, attempt: "write it") { part, offset in
                        written.append(offset..<offset + part.count)
                        return rest.popFirst() ?? .bytes(part.count)
                    }
                }
            }.get()
            return (written, nil)
        } catch {
            return (written, error)
        }
    }

    @Test("a short write goes on behind what was written")
    func shortWrites() {
        let (written, failure) = write([.bytes(3), .bytes(4)])
        #expect(failure == nil)
        #expect(written == [100..<110, 103..<110, 107..<110])
    }

    @Test("an interrupted write is made again from the same place")
    func interrupted() {
        let (written, failure) = write([.failed(EINTR), .bytes(5), .failed(EINTR)])
        #expect(failure == nil)
        #expect(written == [100..<110, 100..<110, 105..<110, 105..<110])
    }

    @Test("a write without progress ends the attempt")
    func noProgress() {
        let (written, failure) = write([.bytes(3), .bytes(0)])
        #expect(failure == StorageFailure(kind: .short, attempt: "write it"))
        #expect(written.count == 2)
    }

    @Test(
        "errors keep their kind and number",
        arguments: [(EIO, StorageFailure.Kind.inputOutput), (ENOSPC, .noSpace), (EROFS, .readOnly), (EBADF, .other)])
    func errors(number: Int32, kind: StorageFailure.Kind) {
        let (_, failure) = write([.failed(number)])
        #expect(failure == StorageFailure(kind: kind, attempt: "write it", errorNumber: number))
    }

    @Test("a full device is told as such, in words with the place")
    func fullDevice() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        // The segment's name leads to a device that is always full.
        try FileManager.default.removeItem(atPath: scratch.log + "/0000000001.segment")
        try FileManager.default.createSymbolicLink(
            atPath: scratch.log + "/0000000001.segment", withDestinationPath: "/dev/full")
        let storage = try FileStorage(path: scratch.log)
        do throws(StorageFailure) {
            try storage.perform(.write(.segment(.first), offset: 512, bytes: [1, 2, 3]))
            #expect(Bool(false), "written to a full device")
        } catch {
            #expect(error.kind == .noSpace)
            #expect("\(error)".hasPrefix("write 3 bytes at 512 of 0000000001.segment: no space left"))
        }
    }

    @Test("a segment that cannot be made leaves nothing behind that takes space")
    func failedPreparation() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        let storage = try FileStorage(path: scratch.log)
        #expect(throws: StorageFailure.self) {
            try storage.perform(.prepare(SegmentNumber(rawValue: 2), byteCount: 1 << 50))
        }
        #expect(try scratch.names().filter { $0.hasSuffix(".tmp") } == [])
    }

    @Test("network filesystems are told from local ones by their number")
    func filesystems() {
        #expect(FilesystemKind(magic: 0x6969) == .network("nfs"))
        #expect(FilesystemKind(magic: 0xFF53_4D42) == .network("cifs"))
        #expect(FilesystemKind(magic: 0x00C3_6400) == .network("ceph"))
        for local: UInt32 in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0x2FC1_2FC1] {
            #expect(FilesystemKind(magic: local) == .local)
        }
    }
}
