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
            return names.indices.map {
                GPUKind(
                    name: names[$0], memoryGiB: memory[$0], envelope: Watts(envelopes[$0]),
                    idleFloor: Watts(floors[$0]), isRackScale: flags[$0])
            }
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
                        envelope: Watts(envelopes[position])))
            }
            return runs
        }
    }
}
