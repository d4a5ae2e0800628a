package import LeaseholdModel

/// Why a snapshot was not read or written to its end.
package enum SnapshotFailure: Error, Hashable, Sendable {
    /// The disk.
    case storage(StorageFailure)
    /// The file was read and cannot be built on: snapshot, offset, and what is wrong there.
    case damaged(RecordIndex, offset: Int, ChunkFault)

    init(_ failure: ChunkFailure, of index: RecordIndex) {
        switch failure {
        case .storage(let failure): self = .storage(failure)
        case .damaged(let offset, let fault): self = .damaged(index, offset: offset, fault)
        }
    }
}

extension SnapshotFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .storage(let failure): failure.description
        case .damaged(let index, let offset, let fault): "snapshot \(index), offset \(offset): \(fault)"
        }
    }
}
