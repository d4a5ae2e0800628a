/// Some of the GPUs of one node, as a bit each; a node has at most 16.
///
/// An epoch that covers a GPU covers each of its memory slices; `SliceSet` has those.
@usableFromInline
package struct GPUSet: Hashable, Sendable {
    @usableFromInline package let bits: UInt16
    @inlinable package init(bits: UInt16) { self.bits = bits }

    /// How many GPUs a node may have.
    @usableFromInline package static let countMax = 16
    /// No GPU.
    package static let none = GPUSet(bits: 0)
    /// The first `count` GPUs of a node.
    @inlinable package static func first(_ count: Int) -> GPUSet {
        precondition(count >= 0 && count <= countMax, "a node of \(count) GPUs")
        return GPUSet(bits: count == countMax ? .max : (1 << UInt16(count)) - 1)
    }
    /// The one GPU at this position.
    @inlinable package static func only(_ position: Int) -> GPUSet { GPUSet(bits: 1 << UInt16(position)) }

    /// How many GPUs are in the set.
    @inlinable package var count: Int { bits.nonzeroBitCount }
    /// Whether no GPU is in the set.
    @inlinable package var isEmpty: Bool { bits == 0 }
    /// Whether the GPU at this position is in the set.
    @inlinable package func contains(_ position: Int) -> Bool { bits >> UInt16(position) & 1 == 1 }
    /// Whether the two sets share a GPU.
    @inlinable package func overlaps(_ other: GPUSet) -> Bool { bits & other.bits != 0 }
    /// Whether every GPU of this set is in the other.
    @inlinable package func isSubset(of other: GPUSet) -> Bool { bits & ~other.bits == 0 }
    /// The GPUs of either.
    @inlinable package func union(_ other: GPUSet) -> GPUSet { GPUSet(bits: bits | other.bits) }
    /// The GPUs of both.
    @inlinable package func intersection(_ other: GPUSet) -> GPUSet { GPUSet(bits: bits & other.bits) }
    /// The GPUs of this set that are not in the other.
    @inlinable package func subtracting(_ other: GPUSet) -> GPUSet { GPUSet(bits: bits & ~other.bits) }

    /// The positions in the set, ascending.
    @inlinable package var positions: [Int] { (0..<GPUSet.countMax).filter(contains) }

    /// The lowest `wanted` GPUs of the set; all of it where it has fewer.
    @inlinable package func lowest(_ wanted: Int) -> GPUSet {
        var left = bits
        var taken: UInt16 = 0
        for _ in 0..<wanted where left != 0 {
            let bit = left & (~left &+ 1)
            taken |= bit
            left ^= bit
        }
        return GPUSet(bits: taken)
    }
}

extension GPUSet: CustomStringConvertible {
    /// Positions and runs of them: `0-3,6`.
    @usableFromInline package var description: String {
        var runs: [ClosedRange<Int>] = []
        for position in positions {
            if let last = runs.last, last.upperBound + 1 == position {
                runs[runs.count - 1] = last.lowerBound...position
            } else {
                runs.append(position...position)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    /// With the word for them: `no GPU`, `GPU 3`, `GPUs 0-3`.
    package var named: String { isEmpty ? "no GPU" : "\(count == 1 ? "GPU" : "GPUs") \(self)" }
}
