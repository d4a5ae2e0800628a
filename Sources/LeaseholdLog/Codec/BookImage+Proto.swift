internal import LeaseholdModel
internal import SwiftProtobuf

// Pieces of an image as protobuf; leases are in `LeaseImage+Proto`, answers and notes in `Answer+Proto`.

extension BookImage {
    /// The piece as protobuf.
    var proto: ProtoImage.OneOf_Piece {
        switch self {
        case .heading(let heading): .heading(heading.proto)
        case .fleet(let part): .fleet(part.proto)
        case .nodes(let nodes): .nodes(nodes.proto)
        case .staged(let part): .staged(part.proto)
        case .tenants(let tenants):
            .tenants(
                .with {
                    $0.name = tenants.map(\.name)
                    $0.quota = tenants.map { UInt32($0.quota) }
                })
        case .leases(let leases): .leases(.with { $0.lease = leases.map(\.proto) })
        case .waiting(let waiting):
            .waiting(
                .with {
                    $0.lease = waiting.map(\.lease.rawValue)
                    $0.waiting = waiting.map(\.waiting.proto)
                })
        case .ending(let leases): .ending(.with { $0.lease = leases.map(\.rawValue) })
        case .ended(let leases): .ended(.with { $0.lease = leases.map(\.rawValue) })
        case .answers(let answers): .answers(.with { $0.answer = answers.map(\.proto) })
        case .demand(let demand): .demand(demand.proto)
        case .tickets(let nodes): .tickets(nodes.proto)
        }
    }

    /// Reads the piece.
    init(_ proto: ProtoImage.OneOf_Piece) throws(RecordFailure) {
        switch proto {
        case .heading(let heading): self = .heading(try BookHeading(heading))
        case .fleet(let part): self = .fleet(try FleetPart(part))
        case .nodes(let nodes): self = .nodes(try nodes.images)
        case .staged(let part): self = .staged(try FleetPart(part))
        case .tenants(let tenants):
            try RecordField.allKnown(tenants, in: "tenants")
            try RecordField.sameCount(tenants.quota.count, "tenants.quota", as: tenants.name.count)
            self = .tenants(zip(tenants.name, tenants.quota).map { TenantImage(name: $0, quota: Int($1)) })
        case .leases(let leases):
            try RecordField.allKnown(leases, in: "leases")
            var images: [LeaseImage] = []
            images.reserveCapacity(leases.lease.count)
            for lease in leases.lease { images.append(try LeaseImage(lease)) }
            self = .leases(images)
        case .waiting(let list):
            try RecordField.allKnown(list, in: "waiting")
            try RecordField.sameCount(list.waiting.count, "waiting.waiting", as: list.lease.count)
            var images: [WaitingImage] = []
            for (lease, waiting) in zip(list.lease, list.waiting) {
                images.append(WaitingImage(lease: LeaseID(rawValue: lease), waiting: try WaitlistedLease(waiting)))
            }
            self = .waiting(images)
        case .ending(let names): self = .ending(try names.leases("ending"))
        case .ended(let names): self = .ended(try names.leases("ended"))
        case .answers(let answers):
            try RecordField.allKnown(answers, in: "answers")
            var images: [AnswerImage] = []
            images.reserveCapacity(answers.answer.count)
            for answer in answers.answer { images.append(try AnswerImage(answer)) }
            self = .answers(images)
        case .demand(let demand): self = .demand(try DemandImage(demand))
        case .tickets(let list): self = .tickets(try list.images)
        }
    }
}

extension ProtoLeaseNames {
    fileprivate func leases(_ field: String) throws(RecordFailure) -> [LeaseID] {
        try RecordField.allKnown(self, in: field)
        return lease.map { LeaseID(rawValue: $0) }
    }
}

extension BookHeading {
    fileprivate var proto: ProtoHeading {
        .with {
            $0.index = head.rawValue
            $0.atCalendarNs = lastInstant.nanoseconds
            $0.reign = reign.rawValue
            if let reignBegan { $0.reignBegan = reignBegan.proto }
            $0.longestHoldNs = longestHolds.hold.nanoseconds
            $0.longestEvictionNs = longestHolds.eviction.nanoseconds
            $0.longestClockRateErrorPpm = longestHolds.clockRateErrorPPM
            $0.restore = restores.map { restore in
                .with {
                    ($0.logIncarnation, $0.kept) = (restore.logIncarnation, restore.kept.rawValue)
                    $0.atCalendarNs = restore.at.nanoseconds
                }
            }
        }
    }

    fileprivate init(_ proto: ProtoHeading) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "heading")
        for restore in proto.restore { try RecordField.allKnown(restore, in: "heading.restore") }
        self.init(
            head: RecordIndex(rawValue: proto.index), lastInstant: CalendarInstant(nanoseconds: proto.atCalendarNs),
            reign: Reign(rawValue: proto.reign),
            reignBegan: proto.hasReignBegan ? try ReignBegan(proto.reignBegan) : nil,
            longestHolds: HoldSettings(
                hold: Span(nanoseconds: proto.longestHoldNs), eviction: Span(nanoseconds: proto.longestEvictionNs),
                clockRateErrorPPM: proto.longestClockRateErrorPpm),
            restores: proto.restore.map {
                LogRestore(
                    logIncarnation: $0.logIncarnation, kept: RecordIndex(rawValue: $0.kept),
                    at: CalendarInstant(nanoseconds: $0.atCalendarNs))
            })
    }
}

extension [NodeImage] {
    fileprivate var proto: ProtoNodeStandings {
        .with {
            $0.state = map { ProtoNodeState(rawValue: RecordField.number(of: $0.state)) ?? .unspecified }
            $0.reason = map { ProtoNodeReason(rawValue: RecordField.number(of: $0.reason)) ?? .unspecified }
            $0.cordoned = map(\.isCordoned)
            if contains(where: \.isDoubted) { $0.doubted = map(\.isDoubted) }
            $0.unhealthyMask = map { UInt32($0.unhealthy.bits) }
            $0.traits = map { UInt32($0.traits.rawValue) }
            $0.sinceCalendarNs = map(\.since.nanoseconds)
            $0.bound = map { $0.hardware != nil }
            $0.hardware = map { $0.hardware ?? 0 }
        }
    }
}

extension ProtoNodeStandings {
    fileprivate var images: [NodeImage] {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "nodes")
            let (states, reasons, cordons, masks) = (state, reason, cordoned, unhealthyMask)
            let doubts = doubted.isEmpty ? Array(repeating: false, count: states.count) : doubted
            let (traits, instants, bindings, names) = (self.traits, sinceCalendarNs, bound, hardware)
            for (count, field) in [
                (reasons.count, "reason"), (cordons.count, "cordoned"), (doubts.count, "doubted"),
                (masks.count, "unhealthyMask"),
                (traits.count, "traits"), (instants.count, "sinceCalendarNs"), (bindings.count, "bound"),
                (names.count, "hardware"),
            ] { try RecordField.sameCount(count, "nodes.\(field)", as: states.count) }
            var images: [NodeImage] = []
            images.reserveCapacity(states.count)
            for position in states.indices {
                let known = try RecordField.number(
                    traits[position], "nodes.traits", max: UInt32(NodeTraits.all.rawValue))
                images.append(
                    NodeImage(
                        state: try RecordField.word(states[position].rawValue, "nodes.state"),
                        reason: try RecordField.word(reasons[position].rawValue, "nodes.reason"),
                        isCordoned: cordons[position], isDoubted: doubts[position],
                        unhealthy: try RecordField.gpus(masks[position], "nodes.unhealthyMask"),
                        traits: NodeTraits(rawValue: UInt8(known)),
                        since: CalendarInstant(nanoseconds: instants[position]),
                        hardware: bindings[position] ? names[position] : nil))
            }
            return images
        }
    }
}

extension DemandImage {
    fileprivate var proto: ProtoDemand {
        .with {
            ($0.seenCount, $0.nextFreeze, $0.cpuAsked) = (seenCount, nextFreeze, cpuAsked)
            ($0.gpusAsked, $0.balanceFactor) = (gpusAsked, balanceFactor)
            $0.slot = slots.map { slot in
                .with {
                    ($0.kinds, $0.gpuCount) = (slot.kinds, UInt32(slot.gpuCount))
                    ($0.shareBucket, $0.cpuBucket) = (UInt32(slot.shareBucket), slot.cpuBucket)
                    ($0.memoryBucket, $0.count, $0.last) = (slot.memoryBucket, slot.count, slot.last)
                    ($0.cpuSum, $0.memorySum, $0.shareSum) = (slot.cpuSum, slot.memorySum, slot.shareSum)
                }
            }
            $0.class = classes.map { some in
                .with {
                    ($0.kinds, $0.gpuCount, $0.share) = (some.kinds, UInt32(some.gpuCount), UInt32(some.share))
                    ($0.cpu, $0.memory, $0.weight) = (some.cpu, some.memory, some.weight)
                }
            }
            $0.remainderWorth = remainderWorth
        }
    }

    fileprivate init(_ proto: ProtoDemand) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "demand")
        for slot in proto.slot { try RecordField.allKnown(slot, in: "demand.slot") }
        for some in proto.class { try RecordField.allKnown(some, in: "demand.class") }
        self.init(
            seenCount: proto.seenCount, nextFreeze: proto.nextFreeze, cpuAsked: proto.cpuAsked,
            gpusAsked: proto.gpusAsked, balanceFactor: proto.balanceFactor,
            slots: proto.slot.map {
                Slot(
                    kinds: $0.kinds, gpuCount: Int($0.gpuCount), shareBucket: Int($0.shareBucket),
                    cpuBucket: $0.cpuBucket, memoryBucket: $0.memoryBucket, count: $0.count, last: $0.last,
                    cpuSum: $0.cpuSum, memorySum: $0.memorySum, shareSum: $0.shareSum)
            },
            classes: proto.class.map {
                Class(
                    kinds: $0.kinds, gpuCount: Int($0.gpuCount), share: Int($0.share), cpu: $0.cpu,
                    memory: $0.memory, weight: $0.weight)
            },
            remainderWorth: proto.remainderWorth)
    }
}
