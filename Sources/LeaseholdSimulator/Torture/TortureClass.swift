/// A kind of mishap, tried in every way that there is.
package enum TortureClass: String, Sendable, CaseIterable {
    /// Every operation of a log's life × crash, EIO, ENOSPC, EROFS, short; then power loss with every subset of the
    /// sectors and every beginning of the name changes that were not synced, or a new process on the same system.
    case failure = "failed-operation"
    /// Every write × a flipped bit and a zeroed sector of it, or all of it in another place of the file.
    case lie = "lying-write"
    /// Every bit.
    case flippedBit = "flipped-bit"
    /// Every aligned word of eight bytes.
    case zeroedWord = "zeroed-word"
    /// Every sector.
    case zeroedSector = "zeroed-sector"
    /// Every length of every segment's file.
    case truncation = "truncation"
    /// Every sector over every other one.
    case copiedSector = "copied-sector"
    /// The names of every set of segments lost, there twice, or in the other place; those of any two exchanged.
    case name = "directory-entry"
    /// A segment as it was at any moment before, or one of another log, a fork of this one, or another number.
    case staleSegment = "stale-segment"
    /// A failed operation, and while recovery is at work on what is left, every operation of it fails in every way too.
    case secondFailure = "second-failure"

    /// The words for the numbers that tell a case of this class from the others.
    package var numberNames: [String] {
        switch self {
        case .failure: ["operation", "fault", "aftermath", "sectors", "names"]
        case .secondFailure:
            ["operation", "fault", "aftermath", "sectors", "names"]
                + ["operation-2", "fault-2", "aftermath-2", "sectors-2", "names-2"]
        case .lie: ["operation", "way", "where", "ending"]
        case .flippedBit: ["segment", "byte", "bit"]
        case .zeroedWord: ["segment", "word"]
        case .zeroedSector: ["segment", "sector"]
        case .truncation: ["segment", "bytes"]
        case .copiedSector: ["from-segment", "from-sector", "segment", "sector"]
        case .name: ["way", "set"]
        case .staleSegment: ["segment", "source", "number"]
        }
    }

    /// The words that stand for the values 0, 1, … of a number; nil where it is told in digits.
    func words(for name: String) -> [String]? {
        switch (self, name) {
        case (_, "fault"), (_, "fault-2"): SimulatedDisk.Fault.allCases.map { "\($0)" }
        case (_, "aftermath"), (_, "aftermath-2"): FailureTorture.Aftermath.allCases.map { "\($0)" }
        case (.lie, "way"): LieTorture.Way.allCases.map { "\($0)" }
        case (.lie, "ending"): LieTorture.Ending.allCases.map { "\($0)" }
        case (.name, "way"): NameTorture.Way.allCases.map { "\($0)" }
        case (.staleSegment, "source"): NameTorture.Source.allCases.map { "\($0)" }
        default: nil
        }
    }

    /// The logs that it is tried on.
    var stories: [TortureStory] {
        switch self {
        case .failure: [.life]
        case .secondFailure: [.shortLife]
        case .lie: [.lies]
        case .flippedBit, .zeroedWord, .zeroedSector, .truncation, .copiedSector: [.sealed, .unsealed, .rolled]
        case .name, .staleSegment: [.rolled]
        }
    }
}

/// What a correct recovery may make of a state.
enum TortureRule {
    /// Nobody is to blame but a crash: all that was acknowledged is there, and it is never refused.
    case crash
    /// Nothing that counts was changed: all is there, nothing is refused and nothing cut.
    case unchanged
    /// What a later frame or segment proves was changed: refused, nothing else.
    case proven
    /// Only the last unsealed group, or the last seal, was changed: cut and declared, never refused.
    case tail
    /// Only zeros behind the end were changed: all is there, whether or not something is cut; never refused.
    case behind
    /// What was changed may be several of these at once: refused, or cut and declared with all that is proven.
    case mixed
}
