internal import LeaseholdModel
internal import SwiftProtobuf

// A part of a fleet as protobuf: kinds, places and runs as parallel arrays.

extension FleetPart {
    /// The part as protobuf.
    var proto: ProtoFleetPartImported {
        .with {
            $0.importHash = importHash
            $0.part = part
            $0.partCount = partCount
            $0.kindName = kinds.map(\.name)
            $0.kindMemoryGib = kinds.map(\.memoryGiB)
            $0.kindEnvelopeWatts = kinds.map(\.envelope.count)
            $0.kindIdleFloorWatts = kinds.map(\.idleFloor.count)
            $0.kindIsRackScale = kinds.contains(where: \.isRackScale) ? kinds.map(\.isRackScale) : []
            $0.placePath = places.map(\.path)
            $0.placeHasLimit = places.map { $0.limit != nil }
            $0.placeLimitWatts = places.map { $0.limit?.count ?? 0 }
            $0.runRack = runs.map(\.rack)
            $0.runNamePrefix = runs.map(\.namePrefix)
            $0.runHasNumber = runs.map { $0.firstNumber != nil }
            $0.runFirstNumber = runs.map { $0.firstNumber ?? 0 }
            $0.runCount = runs.map(\.count)
            $0.runKind = runs.map(\.kind)
            $0.runGpusPerNode = runs.map { UInt32($0.gpusPerNode) }
            $0.runEnvelopeWatts = runs.map(\.envelope.count)
            if kinds.contains(where: { !$0.profiles.isEmpty }) {
                let profiles = kinds.flatMap(\.profiles)
                $0.kindProfileCount = kinds.map { UInt32($0.profiles.count) }
                $0.profileName = profiles.map(\.name)
                $0.profileSlices = profiles.map { UInt32($0.memorySliceCount) }
                $0.profileStarts = profiles.map { UInt32($0.starts) }
            }
            if runs.contains(where: { $0.cpu != .zero || $0.memory != .zero }) {
                $0.runCpuMillicores = runs.map(\.cpu.count)
                $0.runMemoryMib = runs.map(\.memory.count)
            }
            if runs.contains(where: { !$0.labels.isEmpty }) {
                $0.runLabelCount = runs.map { UInt32($0.labels.count) }
                $0.labelKey = runs.flatMap { $0.labels.map(\.key) }
                $0.labelValue = runs.flatMap { $0.labels.map(\.value) }
            }
        }
    }

    /// Reads the part.
    init(_ proto: ProtoFleetPartImported) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "fleetPartImported")
        guard proto.part < proto.partCount else {
            throw .invalid(
                field: "fleetPartImported.part", value: "\(proto.part)", expected: "below \(proto.partCount)")
        }
        self.init(
            importHash: proto.importHash, part: proto.part, partCount: proto.partCount, kinds: try proto.kinds,
            places: try proto.places, runs: try proto.runs)
    }
}

extension ProtoFleetPartImported {
    fileprivate var kinds: [GPUKind] {
        get throws(RecordFailure) {
            let (names, memory) = (kindName, kindMemoryGib)
            let (envelopes, floors) = (kindEnvelopeWatts, kindIdleFloorWatts)
            try RecordField.sameCount(memory.count, "fleetPartImported.kindMemoryGib", as: names.count)
            try RecordField.sameCount(envelopes.count, "fleetPartImported.kindEnvelopeWatts", as: names.count)
            try RecordField.sameCount(floors.count, "fleetPartImported.kindIdleFloorWatts", as: names.count)
            let flags = kindIsRackScale.isEmpty ? names.map { _ in false } : kindIsRackScale
            try RecordField.sameCount(flags.count, "fleetPartImported.kindIsRackScale", as: names.count)
            let profiles = try RecordField.parted(
                try self.profiles, by: kindProfileCount, "fleetPartImported.kindProfileCount", count: names.count)
            return names.indices.map {
                GPUKind(
                    name: names[$0], memoryGiB: memory[$0], envelope: Watts(envelopes[$0]),
                    idleFloor: Watts(floors[$0]), isRackScale: flags[$0], profiles: profiles[$0])
            }
        }
    }

    private var profiles: [MIGProfile] {
        get throws(RecordFailure) {
            let (names, counts, starts) = (profileName, profileSlices, profileStarts)
            try RecordField.sameCount(counts.count, "fleetPartImported.profileSlices", as: names.count)
            try RecordField.sameCount(starts.count, "fleetPartImported.profileStarts", as: names.count)
            var profiles: [MIGProfile] = []
            for position in names.indices {
                let field = "fleetPartImported.profileSlices[\(position)]"
                guard (1...UInt32(SliceSet.perGPU)).contains(counts[position]) else {
                    throw .invalid(field: field, value: "\(counts[position])", expected: "1 to \(SliceSet.perGPU)")
                }
                let mask = try RecordField.number(
                    starts[position], "fleetPartImported.profileStarts[\(position)]", max: UInt32(UInt8.max))
                profiles.append(
                    MIGProfile(
                        name: names[position], memorySliceCount: Int(counts[position]), starts: UInt8(mask)))
            }
            return profiles
        }
    }

    private var labels: [NodeLabel] {
        get throws(RecordFailure) {
            let (keys, values) = (labelKey, labelValue)
            try RecordField.sameCount(values.count, "fleetPartImported.labelValue", as: keys.count)
            return keys.indices.map { NodeLabel(key: keys[$0], value: values[$0]) }
        }
    }

    fileprivate var places: [PlaceDeclaration] {
        get throws(RecordFailure) {
            let (paths, flags, limits) = (placePath, placeHasLimit, placeLimitWatts)
            try RecordField.sameCount(flags.count, "fleetPartImported.placeHasLimit", as: paths.count)
            try RecordField.sameCount(limits.count, "fleetPartImported.placeLimitWatts", as: paths.count)
            return paths.indices.map {
                PlaceDeclaration(path: paths[$0], limit: flags[$0] ? Watts(limits[$0]) : nil)
            }
        }
    }

    fileprivate var runs: [NodeRun] {
        get throws(RecordFailure) {
            let (racks, prefixes, flags, firsts) = (runRack, runNamePrefix, runHasNumber, runFirstNumber)
            let (counts, kinds, gpus, envelopes) = (runCount, runKind, runGpusPerNode, runEnvelopeWatts)
            try RecordField.sameCount(prefixes.count, "fleetPartImported.runNamePrefix", as: racks.count)
            try RecordField.sameCount(flags.count, "fleetPartImported.runHasNumber", as: racks.count)
            try RecordField.sameCount(firsts.count, "fleetPartImported.runFirstNumber", as: racks.count)
            try RecordField.sameCount(counts.count, "fleetPartImported.runCount", as: racks.count)
            try RecordField.sameCount(kinds.count, "fleetPartImported.runKind", as: racks.count)
            try RecordField.sameCount(gpus.count, "fleetPartImported.runGpusPerNode", as: racks.count)
            try RecordField.sameCount(envelopes.count, "fleetPartImported.runEnvelopeWatts", as: racks.count)
            let cpus = runCpuMillicores.isEmpty ? Array(repeating: 0, count: racks.count) : runCpuMillicores
            try RecordField.sameCount(cpus.count, "fleetPartImported.runCpuMillicores", as: racks.count)
            let memories = runMemoryMib.isEmpty ? Array(repeating: 0, count: racks.count) : runMemoryMib
            try RecordField.sameCount(memories.count, "fleetPartImported.runMemoryMib", as: racks.count)
            let labels = try RecordField.parted(
                try self.labels, by: runLabelCount, "fleetPartImported.runLabelCount", count: racks.count)
            var runs: [NodeRun] = []
            runs.reserveCapacity(racks.count)
            for position in racks.indices {
                let gpusPerNode = try RecordField.number(
                    gpus[position], "fleetPartImported.runGpusPerNode[\(position)]", max: UInt32(GPUSet.countMax))
                let last = firsts[position].addingReportingOverflow(counts[position])
                guard !last.overflow else {
                    throw .invalid(
                        field: "fleetPartImported.runCount[\(position)]", value: "\(counts[position])",
                        expected: "numbers of 32 bits from \(firsts[position]) on")
                }
                runs.append(
                    NodeRun(
                        rack: racks[position], namePrefix: prefixes[position],
                        firstNumber: flags[position] ? firsts[position] : nil, count: counts[position],
                        kind: kinds[position], gpusPerNode: UInt8(gpusPerNode),
                        envelope: Watts(envelopes[position]), cpu: Millicores(cpus[position]),
                        memory: Mebibytes(memories[position]), labels: labels[position]))
            }
            return runs
        }
    }
}

extension RecordField {
    /// One list cut into as many as there are owners, so many for each; no counts at all where nobody has any.
    fileprivate static func parted<Element>(
        _ all: [Element], by counts: [UInt32], _ field: String, count: Int
    ) throws(RecordFailure) -> [[Element]] {
        guard !counts.isEmpty || !all.isEmpty else { return Array(repeating: [], count: count) }
        try sameCount(counts.count, field, as: count)
        var parts: [[Element]] = []
        var start = 0
        for part in counts {
            guard part <= all.count - start else {
                throw .invalid(field: field, value: "\(start + Int(part)) or more", expected: "\(all.count) in all")
            }
            parts.append(Array(all[start..<start + Int(part)]))
            start += Int(part)
        }
        guard start == all.count else {
            throw .invalid(field: field, value: "\(start) in all", expected: "\(all.count) in all")
        }
        return parts
    }
}
