internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdDevices
package import LeaseholdModel

/// The simulated GPUs of an agent's nodes, in a file that the guard, its tenants and the agent map.
///
/// The file outlives all of them, and is the ground truth of L1: who holds a GPU stands here, written by the guard
/// alone; tenants' work marks the GPUs it runs on and counts what it meets there; agents only read. Layout and order of
/// writes are in the article <doc:DeviceFile>.
///
/// Nothing is synced while it runs: mapped pages survive the end of any process, and after a crash of the machine no
/// tenant's process is left either, and epochs come from the agent's journal.
///
/// Sendable without a check by the compiler: the stored properties are constants, the header and the shapes do not
/// change once the file has its name, and every other word behind `base` is read and written by atomic operations only.
package final class DeviceFile: @unchecked Sendable {
    /// The file's name in an agent's state directory.
    package static let name = "devices.map"

    /// What a process may do to the file.
    package enum Access: Sendable {
        /// Agents: a write would end the process.
        case reading
        /// The guard, tenants' work, and the test switch.
        case writing
    }

    /// Where it was opened.
    package let path: String
    /// The nodes, by slot.
    package let shapes: [NodeShape]
    let access: Access
    let base: UnsafeMutableRawPointer
    private let byteCount: Int
    /// The node's first cell, by slot, in bytes from the base.
    private let cellOffsets: [Int]
    private let sliceOffsets: [Int]
    private let hardware: [UInt64]

    /// Opens a device file.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - expected: the nodes that it must hold; nil where it says itself. Whether they can be cut it says itself: one
    ///     that was made before slices were known has no room for them.
    ///   - access: what the caller will do to it.
    /// - Returns: the file, mapped for as long as anybody refers to it.
    /// - Throws: `DeviceFileFailure`, which names the first difference.
    package static func open(
        _ path: String, expecting expected: [NodeShape]? = nil, access: Access
    ) throws(DeviceFileFailure) -> DeviceFile {
        let file = try map(path, access: access)
        guard let expected, expected.map(\.words) != file.shapes.map(\.words) else { return file }
        for offset in 0..<max(expected.count, file.shapes.count) {
            let found = offset < file.shapes.count ? file.shapes[offset].words : "none"
            let wanted = offset < expected.count ? expected[offset].words : "none"
            guard found != wanted else { continue }
            throw .shapeDiffers(
                path: path, slot: NodeSlot(rawValue: UInt32(offset)), found: found, expected: wanted)
        }
        return file
    }

    private static func map(_ path: String, access: Access) throws(DeviceFileFailure) -> DeviceFile {
        let base: UnsafeMutableRawPointer
        let byteCount: Int
        do throws(SystemFailure) {
            let file = try Descriptor(opening: path, access == .writing ? O_RDWR : O_RDONLY)
            var status = stat()
            guard fstat(file.number, &status) == 0 else { throw SystemFailure("look at", path) }
            byteCount = Int(status.st_size)
            let protection = access == .writing ? PROT_READ | PROT_WRITE : PROT_READ
            let mapped = mmap(nil, max(byteCount, 1), protection, MAP_SHARED, file.number, 0)
            guard let mapped, mapped != MAP_FAILED else { throw SystemFailure("map", path) }
            base = mapped
        } catch {
            throw .system(error)
        }
        do throws(DeviceFileFailure) {
            let image = DeviceFileImage(path: path, bytes: UnsafeRawBufferPointer(start: base, count: byteCount))
            return DeviceFile(path: path, access: access, base: base, byteCount: byteCount, try image.read())
        } catch {
            munmap(base, max(byteCount, 1))
            throw error
        }
    }

    private init(
        path: String, access: Access, base: UnsafeMutableRawPointer, byteCount: Int, _ nodes: [DeviceFileImage.Node]
    ) {
        self.path = path
        self.access = access
        self.base = base
        self.byteCount = byteCount
        shapes = nodes.map(\.shape)
        cellOffsets = nodes.map(\.cellOffset)
        sliceOffsets = nodes.map(\.sliceOffset)
        hardware = nodes.map(\.hardware)
    }

    deinit { munmap(base, byteCount) }

    // MARK: What does not change

    /// All slots, ascending.
    package var slots: [NodeSlot] { shapes.indices.map { NodeSlot(rawValue: UInt32($0)) } }

    /// What a node's hardware calls itself: drawn when the file was made.
    package func hardware(of slot: NodeSlot) -> UInt64 { hardware[slot.offset] }

    /// The GPU's cell.
    func cell(_ slot: NodeSlot, _ position: Int) -> GPUCell {
        precondition(
            slot.offset < shapes.count && shapes[slot.offset].gpus.contains(position),
            "GPU \(position) of slot \(slot) in \(path) with \(shapes.count) nodes")
        let start = base + cellOffsets[slot.offset] + position * DeviceFileImage.cellByteCount
        return GPUCell(words: start.assumingMemoryBound(to: UInt64.self))
    }

    /// The cell of a memory slice.
    func cell(_ slot: NodeSlot, _ position: Int, slice: Int) -> GPUCell {
        precondition(
            slot.offset < shapes.count && shapes[slot.offset].gpus.contains(position) && shapes[slot.offset].canBeCut
                && (0..<SliceSet.perGPU).contains(slice),
            "slice \(slice) of GPU \(position) of slot \(slot) in \(path) with \(shapes.count) nodes")
        let number = position * SliceSet.perGPU + slice
        let start = base + sliceOffsets[slot.offset] + number * DeviceFileImage.cellByteCount
        return GPUCell(words: start.assumingMemoryBound(to: UInt64.self))
    }

    /// The cells of the slices of one GPU, by position; none where none were ever held.
    func slices(_ slot: NodeSlot, _ position: Int) -> [GPUCell] {
        guard wereSlicesHeld, shapes[slot.offset].canBeCut else { return [] }
        return (0..<SliceSet.perGPU).map { cell(slot, position, slice: $0) }
    }

    /// Whether slices of some GPU were ever held: of a large site's file that cuts none, those cells are never touched.
    var wereSlicesHeld: Bool {
        leasehold_load(base.assumingMemoryBound(to: UInt64.self) + DeviceFileImage.slicedWord) != 0
    }

    // MARK: What everybody may ask

    /// The boot in which the holders were written; of another boot, they hold nothing.
    package var boot: BootID {
        let words = base.assumingMemoryBound(to: UInt64.self) + DeviceFileImage.bootWord
        return BootID(high: leasehold_load(words), low: leasehold_load(words + 1))
    }

    /// A node's GPUs as they are now, one after the other: a node is not frozen while it is read.
    package func node(_ slot: NodeSlot) -> SimulatedNode {
        let shape = shapes[slot.offset]
        return SimulatedNode(
            shape,
            gpus: (0..<shape.gpuCount).map { position in
                var gpu = cell(slot, position).gpu
                gpu.slices = slices(slot, position).map(\.gpu)
                return gpu
            })
    }

    /// The node's broken GPUs.
    package func unhealthy(_ slot: NodeSlot) -> GPUSet {
        shapes[slot.offset].gpus.positions.reduce(.none) { cell(slot, $1).isBroken ? $0.union(.only($1)) : $0 }
    }

    /// What the node draws.
    package func drawn(_ slot: NodeSlot, at now: BootInstant) -> Watts {
        node(slot).drawn(at: now, seed: hardware[slot.offset])
    }

    /// What one GPU of the node draws, with its share of the node.
    package func drawn(_ slot: NodeSlot, gpu position: Int, at now: BootInstant) -> Watts {
        node(slot).drawn(gpu: position, at: now, seed: hardware[slot.offset])
    }

    /// Who holds GPUs of a node or slices of them, by lowest position.
    package func holders(of slot: NodeSlot) -> [DeviceHolder] {
        var holders: [DeviceHolder] = []
        let add = { (found: GPUCell.Holder, position: Int, mask: UInt8) in
            let slices = SliceSet.none.adding(mask, ofGPU: position)
            if let same = holders.firstIndex(where: { $0.tag == found.tag }) {
                holders[same].gpus = holders[same].gpus.union(.only(position))
                holders[same].slices = holders[same].slices.union(slices)
            } else {
                holders.append(
                    DeviceHolder(
                        slot: slot, lease: found.lease, epoch: found.epoch, gpus: .only(position), slices: slices,
                        tag: found.tag, process: found.process, runningSince: found.runningSince))
            }
        }
        for position in 0..<shapes[slot.offset].gpuCount {
            if let found = cell(slot, position).holder { add(found, position, 0) }
            for (slice, cell) in slices(slot, position).enumerated() {
                if let found = cell.holder { add(found, position, 1 << UInt8(slice)) }
            }
        }
        return holders
    }

    /// Who holds GPUs, by slot.
    package func holders() -> [DeviceHolder] { slots.flatMap { holders(of: $0) } }

    /// What has been counted on one GPU and its slices since the file was made.
    package func counts(_ slot: NodeSlot, gpu position: Int) -> DeviceCounts {
        slices(slot, position).reduce(cell(slot, position).counts) { $0 + $1.counts }
    }

    /// What has been counted on all GPUs.
    package func counts() -> DeviceCounts {
        slots.reduce(DeviceCounts(writes: 0, intrusions: 0, wipes: 0)) { total, slot in
            (0..<shapes[slot.offset].gpuCount).reduce(total) { $0 + counts(slot, gpu: $1) }
        }
    }
}
