internal import LeaseholdModel
internal import SwiftProtobuf

// One part of a fleet as protobuf: nested, because people may write it too, and it comes once in a while.

extension FleetPart {
    /// The part as protobuf.
    var proto: ProtoFleetPart {
        .with {
            $0.importHash = hexadecimal(importHash)
            $0.part = part
            $0.partCount = partCount
            $0.kinds = kinds.map(\.proto)
            $0.places = places.map { place in
                .with {
                    $0.path = place.path
                    if let limit = place.limit { $0.limitWatts = limit.count }
                }
            }
            $0.runs = runs.map(\.proto)
        }
    }

    /// Reads the part.
    init(_ proto: ProtoFleetPart) throws(FieldFault) {
        let partCount = try Field.number(
            try Field.present(proto.hasPartCount, proto.partCount, "partCount"), "partCount",
            in: 1...UInt32(Limits.fleetPartCountMax))
        let part = try Field.number(
            try Field.present(proto.hasPart, proto.part, "part"), "part", in: 0...(partCount - 1))
        var kinds: [GPUKind] = []
        let protoKinds = try Field.bounded(proto.kinds, "kinds", countMax: Limits.kindCountMax)
        for (position, kind) in protoKinds.enumerated() {
            kinds.append(try within("kinds[\(position)]") { () throws(FieldFault) in try GPUKind(kind) })
        }
        var places: [PlaceDeclaration] = []
        let protoPlaces = try Field.bounded(proto.places, "places", countMax: Limits.fleetPartPlaceCountMax)
        for (position, place) in protoPlaces.enumerated() {
            let path = try Field.name(place.path, "places[\(position)].path")
            places.append(PlaceDeclaration(path: path, limit: place.hasLimitWatts ? Watts(place.limitWatts) : nil))
        }
        var runs: [NodeRun] = []
        let protoRuns = try Field.bounded(proto.runs, "runs", countMax: Limits.fleetPartRunCountMax)
        runs.reserveCapacity(protoRuns.count)
        for (position, run) in protoRuns.enumerated() {
            runs.append(try within("runs[\(position)]") { () throws(FieldFault) in try NodeRun(run) })
        }
        self.init(
            importHash: try Field.hexadecimal(proto.importHash, "importHash"), part: part, partCount: partCount,
            kinds: kinds, places: places, runs: runs)
    }
}

extension GPUKind {
    fileprivate var proto: ProtoGpuKind {
        .with {
            $0.name = name
            $0.memoryGib = memoryGiB
            $0.envelopeWatts = envelope.count
            $0.idleFloorWatts = idleFloor.count
            $0.rackScale = isRackScale
            $0.profiles = profiles.map(\.proto)
        }
    }

    fileprivate init(_ proto: ProtoGpuKind) throws(FieldFault) {
        self.init(
            name: try Field.name(proto.name, "name"), memoryGiB: proto.memoryGib,
            envelope: Watts(proto.envelopeWatts), idleFloor: Watts(proto.idleFloorWatts),
            isRackScale: proto.rackScale, profiles: try MIGProfile.all(of: proto.profiles))
    }
}

extension MIGProfile {
    /// Reads all the ways to cut a kind.
    static func all(of protos: [ProtoMigProfile]) throws(FieldFault) -> [MIGProfile] {
        var profiles: [MIGProfile] = []
        for (position, profile) in try Field.bounded(
            protos, "profiles", countMax: Limits.profileCountMax
        ).enumerated() {
            profiles.append(
                try within("profiles[\(position)]") { () throws(FieldFault) in try MIGProfile(profile) })
        }
        return profiles
    }

    /// The profile as protobuf.
    var proto: ProtoMigProfile {
        .with {
            $0.name = name
            $0.memorySlices = UInt32(memorySliceCount)
            $0.starts = (0..<UInt32(SliceSet.perGPU)).filter { starts >> $0 & 1 == 1 }
        }
    }

    fileprivate init(_ proto: ProtoMigProfile) throws(FieldFault) {
        let count = try Field.number(proto.memorySlices, "memorySlices", in: 1...UInt32(SliceSet.perGPU))
        var starts: UInt8 = 0
        for (position, start) in try Field.bounded(proto.starts, "starts", countMax: SliceSet.perGPU).enumerated() {
            let last = UInt32(SliceSet.perGPU) - count
            starts |= 1 << UInt8(try Field.number(start, "starts[\(position)]", in: 0...last))
        }
        self.init(name: try Field.name(proto.name, "name"), memorySliceCount: Int(count), starts: starts)
    }
}

extension NodeRun {
    fileprivate var proto: ProtoNodeRun {
        .with {
            $0.rack = rack
            $0.namePrefix = namePrefix
            if let firstNumber { $0.firstNumber = firstNumber }
            $0.count = count
            $0.kind = kind
            $0.gpusPerNode = UInt32(gpusPerNode)
            $0.envelopeWatts = envelope.count
            $0.cpuMillicores = cpu.count
            $0.memoryMib = memory.count
            $0.labels = labels.map { "\($0.key)=\($0.value)" }
        }
    }

    /// Reads a run whose numbers can be counted through.
    fileprivate init(_ proto: ProtoNodeRun) throws(FieldFault) {
        let count = try Field.number(proto.count, "count", in: 0...UInt32(Limits.nodeCountMax))
        let gpus = try Field.number(proto.gpusPerNode, "gpusPerNode", in: 0...UInt32(GPUSet.countMax))
        if proto.hasFirstNumber {
            _ = try Field.number(proto.firstNumber, "firstNumber", in: 0...(UInt32.max - count))
        }
        self.init(
            rack: proto.rack, namePrefix: try Field.name(proto.namePrefix, "namePrefix"),
            firstNumber: proto.hasFirstNumber ? proto.firstNumber : nil, count: count,
            kind: try Field.name(proto.kind, "kind"), gpusPerNode: UInt8(gpus),
            envelope: Watts(proto.envelopeWatts), cpu: Millicores(proto.cpuMillicores),
            memory: Mebibytes(proto.memoryMib), labels: try Field.labels(proto.labels, "labels"))
    }
}
