/// What an agent does at the devices of a grant, beside letting its work run: before it, and after it.
///
/// Each can be done again after it was done, or done in part: an agent that died in the middle does it anew. Numbers are
/// for the journal; the order is that in which they are taken.
package enum DeviceStep: UInt8, Hashable, Sendable, CaseIterable {
    /// The specification that lets a container have the grant's devices, and no others, is written.
    case describe = 1
    /// The site's own program that begins the work, or lets it in: from here on somebody may be on the GPUs.
    case onGrant = 2
    /// The site's own program when the work is over.
    case onRelease = 3
    /// The specification is taken away.
    case withdraw = 4
    /// Every process that has something on the GPUs is ended.
    case evict = 5
    /// The GPUs are reset.
    case reset = 6
    /// No process is on the GPUs, and nothing in their memory.
    case verify = 7
    /// The site's own program, which has the last word on whether they are clean.
    case onSanitise = 8
    /// The GPUs are cut into the grant's instances, or made whole.
    case carve = 9
    /// The grant's instances are unmade, and what was in their memory with them.
    case uncarve = 10
    /// The GPUs' own word on what they are and run, for a verifier of the site.
    case attest = 11

    /// Whether it takes away what work has left; otherwise it makes ready for work.
    package var isLeaving: Bool { self >= .onRelease }

    /// Whether it may begin work, so that it is taken when the guard holds the grant and would end that (L5).
    package var isGuarded: Bool { self == .onGrant }

    /// What it does, for people.
    package var words: String {
        switch self {
        case .describe: "writing the container specification"
        case .onGrant: "the hook on-grant"
        case .onRelease: "the hook on-release"
        case .withdraw: "taking the container specification away"
        case .evict: "ending what is left on the GPUs"
        case .reset: "resetting the GPUs"
        case .verify: "looking whether the GPUs are clean"
        case .onSanitise: "the hook on-sanitise"
        case .carve: "cutting the GPUs"
        case .uncarve: "unmaking the slices"
        case .attest: "attesting the GPUs"
        }
    }
}

extension DeviceStep: Comparable {
    /// Its place in the order of the plan.
    private var place: Int {
        switch self {
        case .carve: 1
        case .attest: 2
        case .describe: 3
        case .onGrant: 4
        case .onRelease: 5
        case .withdraw: 6
        case .evict: 7
        case .uncarve: 8
        case .reset: 9
        case .verify: 10
        case .onSanitise: 11
        }
    }

    package static func < (left: DeviceStep, right: DeviceStep) -> Bool { left.place < right.place }

    /// Whether it is taken at a grant's devices: slices are clean when they are unmade, and a GPU is reset that one
    /// grant had whole.
    package func isMeant(for grant: GuardedGrant) -> Bool {
        switch self {
        case .uncarve: !grant.slices.isEmpty
        case .reset: grant.slices.isEmpty
        case .carve, .attest, .describe, .onGrant, .onRelease, .withdraw, .evict, .verify, .onSanitise: true
        }
    }
}

/// What a step came to.
package enum StepOutcome: Hashable, Sendable {
    /// It is done; what was seen is evidence for whoever asks later.
    case done(evidence: String)
    /// It is not done, or nobody knows.
    case failed(reason: String)

    /// The text of either.
    package var text: String {
        switch self {
        case .done(let evidence): evidence
        case .failed(let reason): reason
        }
    }

    /// The same with a text that is short enough to be kept.
    package var cut: StepOutcome {
        let text = text.line(byteCountMax: Limits.stepTextByteCountMax)
        return switch self {
        case .done: .done(evidence: text)
        case .failed: .failed(reason: text)
        }
    }
}
