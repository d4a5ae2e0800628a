package import LeaseholdModel

/// What one run of a site's own probe came to.
package enum ProbeOutcome: Hashable, Sendable {
    /// It has judged.
    case judged(ProbeVerdict)
    /// It has not: it does not know, did not run, or took too long. Nothing follows for any GPU.
    case failed(reason: String)

    /// What follows from how a probe ended, as the plugins of Nagios do: 0 is well, 1 a warning, 2 is critical, and
    /// anything else says nothing.
    ///
    /// - Parameters:
    ///   - status: its exit status.
    ///   - said: the beginning of what it said. Lines `gpu=UUID`, `position=N` and `gpu=all` name GPUs, the first other
    ///     line is kept as evidence. A finding that names none is no judgement: a program that is itself broken ends with
    ///     1 or 2 too.
    package init(status: Int32, said: String) {
        var names: [ProbeVerdict.Name] = []
        var isOfAll = false
        var evidence: String?
        for line in said.split(whereSeparator: \.isNewline) {
            switch ProbeVerdict.Name.read(line) {
            case .name(let name): names.append(name)
            case .all: isOfAll = true
            case .nothing: evidence = evidence ?? String(line).line(byteCountMax: ProbeVerdict.evidenceByteCountMax)
            case .unreadable:
                self = .failed(reason: "its line \"\(String(line).line(byteCountMax: 80))\" names no GPU")
                return
            }
        }
        guard let standing = ProbeOutcome.standings[status] else {
            let words = evidence.map { ": \($0)" } ?? ""
            self = .failed(reason: status == 3 ? "it does not know\(words)" : "exit status \(status)\(words)")
            return
        }
        guard standing == .healthy || isOfAll || !names.isEmpty else {
            let words = evidence.map { ": \($0)" } ?? ""
            self = .failed(reason: "exit status \(status), and no line gpu=UUID, position=N or gpu=all\(words)")
            return
        }
        self = .judged(ProbeVerdict(standing, of: isOfAll ? [] : names, evidence: evidence ?? ""))
    }

    private static let standings: [Int32: Standing] = [0: .healthy, 1: .suspect, 2: .unhealthy]
}

/// What a probe says of a node's GPUs: how some of them stand; the others are well, as far as it goes.
package struct ProbeVerdict: Codable, Hashable, Sendable {
    /// How a probe names a GPU.
    package enum Name: Codable, Hashable, Sendable {
        case uuid(GPUUUID)
        case position(Int)
    }

    /// How much of its first line is kept.
    package static let evidenceByteCountMax = 120

    package let standing: Standing
    /// Empty for all GPUs of the node.
    package let names: [Name]
    /// Its first line, or nothing.
    package let evidence: String

    package init(_ standing: Standing, of names: [Name], evidence: String) {
        self.standing = standing
        self.names = names
        self.evidence = evidence
    }

    /// How it says that a GPU stands.
    package func standing(of gpu: GPUUUID, at position: Int) -> Standing {
        names.isEmpty || names.contains(.uuid(gpu)) || names.contains(.position(position)) ? standing : .healthy
    }

    /// The first name that no GPU of a node has; nil where each is of one.
    package func stranger(among gpus: [GPUUUID]) -> Name? {
        names.first { name in
            switch name {
            case .uuid(let gpu): !gpus.contains(gpu)
            case .position(let position): !gpus.indices.contains(position)
            }
        }
    }
}

extension ProbeVerdict.Name: CustomStringConvertible {
    /// What a line says of a GPU's name.
    fileprivate enum Line {
        case name(ProbeVerdict.Name)
        case all
        case nothing
        case unreadable
    }

    fileprivate static func read(_ line: Substring) -> Line {
        let words = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2 else { return .nothing }
        let text = words[1].drop { $0.isWhitespace }.prefix { !$0.isWhitespace }
        switch words[0].filter({ !$0.isWhitespace }).lowercased() {
        case "gpu" where text == "all": return .all
        case "gpu": return GPUUUID(driverText: String(text)).map { .name(.uuid($0)) } ?? .unreadable
        case "position": return Int(text).map { .name(.position($0)) } ?? .unreadable
        default: return .nothing
        }
    }

    /// As a probe writes it.
    package var description: String {
        switch self {
        case .uuid(let gpu): "gpu=\(gpu.driverText)"
        case .position(let position): "position=\(position)"
        }
    }
}
