import LeaseholdLog
import LeaseholdModel

/// What is done to a log, step by step, so that there is something to torture.
package enum TortureStory: String, Sendable, CaseIterable {
    /// Groups of one to eight sectors, seals, rolls and restarts, over segments of 16 KiB.
    case life
    /// The same in small, with at most four sectors under way.
    case shortLife = "short-life"
    /// Groups, seals and rolls of one process.
    case lies
    /// One segment of 64 KiB, nearly full, sealed.
    case sealed
    /// One segment of 64 KiB, nearly full, its last group of several sectors not sealed.
    case unsealed
    /// Four segments of 16 KiB, the second one cut behind a torn tail, the last one not sealed.
    case rolled

    /// One step.
    enum Step: Hashable {
        /// One group of records of these sizes in bytes.
        case commit([Int])
        /// Nothing comes for a while.
        case seal
        /// The process ends and another one opens the log.
        case reopen
        /// A group is written, and power is lost before its sync: only its first sectors reach the disk.
        case tear([Int], sectors: Int)
    }

    /// Groups of 1, 2, 3, 1, 2, 3, 1, 8, 1 and 5 sectors.
    private static let groups: [Step] = [
        [40, 7], [300, 300], [900], [1], [700, 20], [1_200], [3, 3, 3], [3_000, 900], [0], [2_300],
    ].map(Step.commit)

    private static func groups(_ count: Int) -> [Step] {
        (0..<count).map { groups[$0 % groups.count] }
    }

    /// The size of its segments.
    var segmentByteCount: Int {
        switch self {
        case .life, .lies, .rolled: 16_384
        case .shortLife: 4_096
        case .sealed, .unsealed: 65_536
        }
    }

    /// Its steps, behind the making of the log.
    var steps: [Step] {
        switch self {
        case .life:
            [.commit([3_900]), .seal] + TortureStory.groups(8) + [.reopen] + TortureStory.groups(10)
                + [.seal, .reopen, .tear([2_000], sectors: 2)] + TortureStory.groups(8) + [.commit([3_900, 4])]
        case .shortLife:
            [.commit([40, 7]), .commit([1_000]), .seal, .commit([1_500]), .commit([700]), .reopen, .commit([1])]
                + [.commit([1_800]), .tear([900], sectors: 1), .commit([2]), .seal]
        case .lies: TortureStory.groups(4) + [.seal] + TortureStory.groups(10) + [.seal, .commit([1_900])]
        case .sealed: TortureStory.groups(20) + [.seal] + TortureStory.groups(20) + [.commit([2_000]), .seal]
        case .unsealed: TortureStory.groups(20) + [.seal] + TortureStory.groups(20) + [.commit([2_600])]
        case .rolled:
            TortureStory.groups(9) + [.seal] + TortureStory.groups(5) + [.tear([3_600], sectors: 6)]
                + TortureStory.groups(14) + [.reopen] + TortureStory.groups(6) + [.seal, .commit([900, 300])]
        }
    }

    /// The identity of its log.
    var identity: LogIdentity {
        LogIdentity(
            cluster: "torture", logID: LogID(high: 0x0191_E7A0_7C3B_7D11, low: 0x8A2E_5D3C_1B2A_9F00),
            kind: .journal, segmentByteCount: segmentByteCount)
    }

    /// A record of a fixed sequence: its bytes are unlike any other's, and every eighth one is half zeros.
    static func record(_ number: Int, byteCount: Int) -> [UInt8] {
        (0..<byteCount).map { place in
            if number % 8 == 3, place > byteCount / 2 { return 0 }
            return UInt8(truncatingIfNeeded: (place &* 31) ^ (number &* 97) ^ (place >> 3) ^ 0x5A)
        }
    }
}
