internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdDevices
package import LeaseholdModel

/// The fixed part of a device file: how it is written once, and read and doubted at every opening.
///
/// | bytes | what |
/// |---|---|
/// | 0..<4,096 | header: magic, version, node count, GPU count, byte count, boot (two words) |
/// | from 4,096 | an entry of 384 bytes for each node |
/// | from the next multiple of 4,096 | a cell of 128 bytes for each GPU, by slot and position |
/// | behind them | eight such cells for each GPU of nodes that can be cut, by slot, position and memory slice |
struct DeviceFileImage {
    let path: String
    let bytes: UnsafeRawBufferPointer

    /// `LHDEVMAP`, read as a little-endian word.
    static let magic: UInt64 = 0x5041_4D56_4544_484C
    static let version: UInt64 = 1
    /// The header's words from `magic` on, and where the boot stands among them.
    static let headerWordCount = 7
    static let bootWord = 5
    /// 1 once slices were held: until then nobody looks at their cells.
    static let slicedWord = 7
    static let pageByteCount = 4_096
    static let entryByteCount = 384
    static let cellByteCount = LEASEHOLD_CELL_WORD_COUNT * 8
    private static let pathOffset = 64
    private static let pathByteCountMax = 256
    private static let kindOffset = 320
    private static let kindByteCountMax = 64

    /// A node as its entry tells it.
    struct Node: Equatable {
        let shape: NodeShape
        let hardware: UInt64
        /// Where its first cell lies, in bytes from the start of the file.
        let cellOffset: Int
        /// The same for the first cell of a slice; nothing lies there where it cannot be cut.
        var sliceOffset = 0
    }

    static func cellsOffset(nodeCount: Int) -> Int {
        let end = pageByteCount + nodeCount * entryByteCount
        return (end + pageByteCount - 1) / pageByteCount * pageByteCount
    }

    // MARK: Writing

    /// Header and entries for these nodes, and how long the whole file is.
    static func bytes(
        for shapes: [NodeShape], boot: BootID, hardware: () -> UInt64
    ) throws(DeviceFileFailure) -> (fixed: [UInt8], byteCount: Int) {
        let cells = cellsOffset(nodeCount: shapes.count)
        let gpuCount = shapes.reduce(0) { $0 + $1.gpuCount }
        let sliceCount = shapes.reduce(0) { $0 + $1.sliceCellCount }
        let byteCount = cells + (gpuCount + sliceCount) * cellByteCount
        var fixed: [UInt8] = []
        fixed.reserveCapacity(cells)
        for word in [
            magic, version, UInt64(shapes.count), UInt64(gpuCount), UInt64(byteCount), boot.high, boot.low,
        ] {
            fixed.append(word: word)
        }
        fixed.pad(to: pageByteCount)
        for (slot, shape) in shapes.enumerated() {
            if let complaint = complaint(about: shape) {
                throw .nodeImpossible(node: shape.path, complaint: complaint)
            }
            let start = pageByteCount + slot * entryByteCount
            for word in [
                hardware(), UInt64(bitPattern: shape.envelope.count), UInt64(bitPattern: shape.idleFloor.count),
                UInt64(shape.gpuCount), UInt64(shape.path.utf8.count), UInt64(shape.kind.utf8.count),
                shape.canBeCut ? 1 : 0,
            ] {
                fixed.append(word: word)
            }
            fixed.pad(to: start + pathOffset)
            fixed += shape.path.utf8
            fixed.pad(to: start + kindOffset)
            fixed += shape.kind.utf8
            fixed.pad(to: start + entryByteCount)
        }
        return (fixed, byteCount)
    }

    /// Why no entry can say this.
    private static func complaint(about shape: NodeShape) -> String? {
        if !(1...GPUSet.countMax).contains(shape.gpuCount) {
            return "\(shape.gpuCount) GPUs, expected 1 to \(GPUSet.countMax)"
        }
        if !(1...pathByteCountMax).contains(shape.path.utf8.count) {
            return "a name of \(shape.path.utf8.count) bytes, expected 1 to \(pathByteCountMax)"
        }
        if !(1...kindByteCountMax).contains(shape.kind.utf8.count) {
            return "a kind of \(shape.kind.utf8.count) bytes, expected 1 to \(kindByteCountMax)"
        }
        if shape.idleFloor < .zero || shape.envelope < shape.idleFloor {
            return "an idle floor of \(shape.idleFloor) in an envelope of \(shape.envelope)"
        }
        return nil
    }

    // MARK: Reading

    /// The nodes; throws at the first word that cannot be.
    func read() throws(DeviceFileFailure) -> [Node] {
        guard bytes.count >= DeviceFileImage.pageByteCount, word(0) == DeviceFileImage.magic else {
            throw .notADeviceFile(path: path)
        }
        guard word(8) == DeviceFileImage.version else {
            throw .versionUnknown(path: path, found: word(8), known: DeviceFileImage.version)
        }
        guard let nodeCount = Int(exactly: word(16)), nodeCount <= Limits.nodeCountMax else {
            throw damaged(16, "\(word(16)) nodes, at most \(Limits.nodeCountMax)")
        }
        let cells = DeviceFileImage.cellsOffset(nodeCount: nodeCount)
        guard cells <= bytes.count else { throw damaged(16, "\(nodeCount) nodes in \(bytes.count) bytes") }
        var nodes: [Node] = []
        nodes.reserveCapacity(nodeCount)
        var next = cells
        for slot in 0..<nodeCount {
            let node = try read(entry: DeviceFileImage.pageByteCount + slot * DeviceFileImage.entryByteCount, next)
            next += node.shape.gpuCount * DeviceFileImage.cellByteCount
            nodes.append(node)
        }
        let gpuCount = (next - cells) / DeviceFileImage.cellByteCount
        for slot in nodes.indices {
            nodes[slot].sliceOffset = next
            next += nodes[slot].shape.sliceCellCount * DeviceFileImage.cellByteCount
        }
        guard word(24) == UInt64(gpuCount) else { throw damaged(24, "\(word(24)) GPUs, the nodes have \(gpuCount)") }
        guard word(32) == UInt64(next), bytes.count == next else {
            throw damaged(32, "\(word(32)) bytes, the file has \(bytes.count), its GPUs need \(next)")
        }
        return nodes
    }

    private func read(entry start: Int, _ cellOffset: Int) throws(DeviceFileFailure) -> Node {
        let pathByteCount = word(start + 32)
        let kindByteCount = word(start + 40)
        guard word(start + 24) <= UInt64(GPUSet.countMax) else {
            throw damaged(start + 24, "\(word(start + 24)) GPUs, at most \(GPUSet.countMax)")
        }
        guard pathByteCount <= UInt64(DeviceFileImage.pathByteCountMax) else {
            throw damaged(start + 32, "a name of \(pathByteCount) bytes")
        }
        guard kindByteCount <= UInt64(DeviceFileImage.kindByteCountMax) else {
            throw damaged(start + 40, "a kind of \(kindByteCount) bytes")
        }
        guard word(start + 48) <= 1 else { throw damaged(start + 48, "\(word(start + 48)), expected 0 or 1") }
        let shape = NodeShape(
            path: text(start + DeviceFileImage.pathOffset, Int(pathByteCount)),
            kind: text(start + DeviceFileImage.kindOffset, Int(kindByteCount)), gpuCount: Int(word(start + 24)),
            envelope: Watts(Int64(bitPattern: word(start + 8))), idleFloor: Watts(Int64(bitPattern: word(start + 16))),
            canBeCut: word(start + 48) == 1)
        if let complaint = DeviceFileImage.complaint(about: shape) { throw damaged(start, complaint) }
        return Node(shape: shape, hardware: word(start), cellOffset: cellOffset)
    }

    private func word(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    private func text(_ offset: Int, _ byteCount: Int) -> String {
        String(decoding: bytes[offset..<offset + byteCount], as: UTF8.self)
    }

    private func damaged(_ offset: Int, _ complaint: String) -> DeviceFileFailure {
        .damaged(path: path, offset: offset, complaint: complaint)
    }
}

extension DeviceFile {
    /// Makes a device file of new GPUs: it is there whole or not at all, and its space is taken.
    ///
    /// - Parameters:
    ///   - path: where no file may be yet.
    ///   - shapes: the nodes, by slot.
    ///   - boot: this boot.
    ///   - hardware: what each node's hardware calls itself; drawn where nobody knows.
    /// - Throws: `DeviceFileFailure`, and then there is no file.
    package static func create(
        _ path: String, nodes shapes: [NodeShape], boot: BootID,
        hardware: () -> UInt64 = { .random(in: .min ... .max) }
    ) throws(DeviceFileFailure) {
        guard Glibc.access(path, F_OK) != 0 else { throw .alreadyThere(path: path) }
        let (fixed, byteCount) = try DeviceFileImage.bytes(for: shapes, boot: boot, hardware: hardware)
        do throws(SystemFailure) {
            try write(fixed, byteCount: byteCount, to: path)
        } catch {
            throw .system(error)
        }
    }

    private static func write(_ fixed: [UInt8], byteCount: Int, to path: String) throws(SystemFailure) {
        let draft = path + ".new"
        do throws(SystemFailure) {
            let file = try Descriptor(opening: draft, O_WRONLY | O_CREAT | O_TRUNC)
            // A hole that the disk has no room for would end whoever writes into the mapping, at any time later.
            let code = posix_fallocate(file.number, 0, off_t(byteCount))
            guard code == 0 else { throw SystemFailure(operation: "allocate", subject: draft, code: code) }
            try file.writeAll(fixed, path: draft)
            guard fsync(file.number) == 0 else { throw SystemFailure("sync", draft) }
            guard rename(draft, path) == 0 else { throw SystemFailure("rename to", path) }
        } catch {
            unlink(draft)
            throw error
        }
        try AtomicFile.syncDirectory(of: path)
    }
}

extension NodeShape {
    /// The shape in words, for complaints.
    var words: String { "\(path) with \(gpuCount) GPUs of \(kind), \(envelope) and \(idleFloor) idle" }

    /// How many memory slices its GPUs have, where they can be cut.
    fileprivate var sliceCellCount: Int { canBeCut ? gpuCount * SliceSet.perGPU : 0 }
}

extension [UInt8] {
    fileprivate mutating func append(word: UInt64) {
        Swift.withUnsafeBytes(of: word.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func pad(to count: Int) {
        precondition(self.count <= count, "\(self.count) bytes where \(count) have room")
        append(contentsOf: repeatElement(0, count: count - self.count))
    }
}
