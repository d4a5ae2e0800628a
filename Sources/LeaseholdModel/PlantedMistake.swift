/// Mistakes that can be planted in the house, so that every checker of simulator and torture is proved on one (rule 17).
///
/// They exist only in a build with the flag `LEASEHOLD_PLANTED`, and there at most one at a time, chosen when the
/// process starts. Each stands at the place where the rule lives that it breaks: look for `isPlanted(.`.
@usableFromInline
package enum PlantedMistake: String, Sendable, CaseIterable {
    /// L1: a `fence` partition is given free after half the wait.
    case waitsHalf
    /// L1: a hold's deadline is counted from the receipt of the renewal, not from the heartbeat's own stamp.
    case holdsFromReceipt
    /// L1: a silent `keep` partition is given free after W, though its tenant may run to the end of the term.
    case keepWaitsW
    /// L1: what is promised to others over a window is not looked at.
    case ignoresPromises
    /// L2: the answers of changes are forgotten after a second, so that a late retry is done again.
    case forgetsAnswers
    /// L2: a new segment's name is not made durable before records stand in it.
    case skipsDirectorySync
    /// L2, L3: the log calls a group durable that was written and not synced.
    case skipsSync
    /// L3: a reply leaves before its record.
    case repliesBeforeRecord
    /// L4: a start of the coordinator does not raise the reign.
    case keepsReign
    /// L4: an agent's journal forgets the epochs of its GPUs when it is replayed.
    case forgetsEpochs
    /// L4: the same of memory slices alone: what whole GPUs have seen is kept.
    case forgetsSlices
    /// L7: a sync that failed is tried a second time, and believed.
    case retriesSync
    /// L8: a frame's header is believed without its checksum.
    case skipsHeaderChecksum
    /// L8: a later frame that was composed when damaged bytes were durable proves nothing.
    case ignoresDurableIndex
    /// L8: the checksum of a frame's payload leaves its padding out.
    case leavesPaddingOut
    /// L9: what a node has witnessed of a lost history is not looked at.
    case ignoresWitness
    /// L9: a new reign believes that every node is as it was before.
    case trustsSilence
    /// L11: power is not looked at when GPUs are granted.
    case ignoresWatts
    /// L12: what a lease gives back while it runs counts as free before its nodes have proved it.
    case freesGivenBack
    /// L12: the GPUs of an ended lease stay counted against its tenant's quota.
    case leaksQuota
    /// L14: the live book is changed by something that is no record.
    case decidesByHand
    /// L14: what a node tells of closed tickets is not read, as if it told of them no more.
    case losesTickets
    /// L15: a node whose guard is back stays quarantined for as long as its connection stands.
    case forgetsGuard

    /// The law whose checker must reject it.
    package var law: String {
        switch self {
        case .waitsHalf, .holdsFromReceipt, .keepWaitsW, .ignoresPromises: "L1"
        case .forgetsAnswers, .skipsDirectorySync: "L2"
        case .skipsSync, .repliesBeforeRecord: "L3"
        case .keepsReign, .forgetsEpochs, .forgetsSlices: "L4"
        case .retriesSync: "L7"
        case .skipsHeaderChecksum, .ignoresDurableIndex, .leavesPaddingOut: "L8"
        case .ignoresWitness, .trustsSilence: "L9"
        case .ignoresWatts: "L11"
        case .leaksQuota, .freesGivenBack: "L12"
        case .decidesByHand, .losesTickets: "L14"
        case .forgetsGuard: "L15"
        }
    }

    /// What runs until it finds one.
    package enum Finder: String, Sendable {
        /// Seeds of the fake world (`leasehold-sim run`).
        case seeds
        /// The torture of the log (`leasehold-sim torture`).
        case torture
    }

    /// Who must find it.
    package var finders: [Finder] {
        switch self {
        case .skipsSync: [.seeds, .torture]
        case .skipsDirectorySync, .retriesSync, .skipsHeaderChecksum, .ignoresDurableIndex, .leavesPaddingOut:
            [.torture]
        case .waitsHalf, .holdsFromReceipt, .keepWaitsW, .ignoresPromises, .freesGivenBack, .forgetsAnswers,
            .repliesBeforeRecord, .keepsReign, .forgetsEpochs, .forgetsSlices, .ignoresWitness, .trustsSilence,
            .ignoresWatts, .leaksQuota, .decidesByHand, .losesTickets, .forgetsGuard:
            [.seeds]
        }
    }
}

#if LEASEHOLD_PLANTED
/// The mistake of this process; written once, before anything else runs.
package nonisolated(unsafe) var plantedMistake: PlantedMistake?

/// Whether this mistake is planted.
package func isPlanted(_ mistake: PlantedMistake) -> Bool { plantedMistake == mistake }
#else
/// Never, in a build that anybody runs.
@inlinable
package func isPlanted(_ mistake: PlantedMistake) -> Bool { false }
#endif
