package import LeaseholdModel

/// What is told of a site's probes.
package enum ProbeWord: Hashable, Sendable {
    /// These are there, by name; and what keeps some from being run, nil where nothing does.
    case listed([String], complaint: String?)
    /// Nobody knows which are there, and none is run.
    case unlisted(complaint: String)
    /// One was run.
    case ended(name: String, ProbeOutcome)
}

/// A probe, with its last word.
package struct WatchedProbe: Codable, Hashable, Sendable {
    package let name: String
    /// What it said when it last judged; nil before.
    package fileprivate(set) var verdict: ProbeVerdict?
    /// Why its last run says nothing, or not all that it should, and since when; nil where all is well with it.
    package fileprivate(set) var trouble: WatchedGPU.Hindrance?

    fileprivate mutating func fail(_ what: String?, at now: CalendarInstant) {
        guard trouble?.what != what else { return }
        trouble = what.map { WatchedGPU.Hindrance(what: $0, since: now) }
    }
}

/// A site's own probes on a node: which there are, and what each said last.
///
/// A GPU stands as the worst of their last words does. A run that says nothing changes no word: whoever called a GPU
/// unhealthy has to say himself that it is well, or be taken away.
package struct ProbeBook: Codable, Hashable, Sendable {
    /// By name.
    package private(set) var probes: [WatchedProbe] = []
    /// What keeps probes from being run, and since when.
    package private(set) var complaint: WatchedGPU.Hindrance?

    /// A site without probes.
    package init() {}

    /// Takes what is told; a verdict that has come with it, and whose it is.
    mutating func take(_ word: ProbeWord, of gpus: [GPUUUID], at now: Now) -> (name: String, ProbeVerdict)? {
        switch word {
        case .listed(let names, let what):
            // One that is there and is not run any more is as one whose runs say nothing: its word stands.
            probes = names.sorted().enumerated().compactMap { place, name in
                let known = probes.first { $0.name == name }
                return known ?? (place < ProbeSchedule.probeCountMax ? WatchedProbe(name: name) : nil)
            }
            complain(what, at: now.calendar)
            return nil
        case .unlisted(let what):
            complain(what, at: now.calendar)
            return nil
        case .ended(let name, let outcome):
            // One that was taken away meanwhile has no say.
            guard let place = probes.firstIndex(where: { $0.name == name }) else { return nil }
            switch outcome {
            case .failed(let reason):
                probes[place].fail(reason, at: now.calendar)
                return nil
            case .judged(let verdict):
                probes[place].verdict = verdict
                probes[place].fail(
                    verdict.stranger(among: gpus).map { "it names \($0), and the node has no such GPU" },
                    at: now.calendar)
                return (name, verdict)
            }
        }
    }

    private mutating func complain(_ what: String?, at now: CalendarInstant) {
        guard complaint?.what != what else { return }
        complaint = what.map { WatchedGPU.Hindrance(what: $0, since: now) }
    }

    /// How a GPU stands by the last word of each.
    package func standing(of gpu: GPUUUID, at position: Int) -> Standing {
        probes.reduce(.healthy) { max($0, $1.verdict?.standing(of: gpu, at: position) ?? .healthy) }
    }

    /// Whether there is no probe that has ever judged.
    var isSilent: Bool { probes.allSatisfy { $0.verdict == nil } }

    /// Whether a value that was read from somewhere can be one.
    var isWhole: Bool { zip(probes, probes.dropFirst()).allSatisfy { $0.name < $1.name } }
}
