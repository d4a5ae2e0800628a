internal import LeaseholdModel
internal import SwiftProtobuf

// The coordinator, the fleet, its nodes and tenants as protobuf. Counts that follow from others are written for scripts
// and not read back.

extension StatusView {
    /// The view as protobuf.
    var proto: ProtoStatus {
        .with {
            $0.cluster = cluster
            $0.log = "\(log)"
            $0.reign = reign.rawValue
            $0.headIndex = head.index.rawValue
            $0.headChain = "\(head.chain)"
            $0.calendar = calendar.proto
            $0.bookDigest = hexadecimal(bookDigest)
            $0.holds = holds.proto
            $0.nodes = nodes.proto
            $0.gpus = gpus.proto
            $0.leases = leases.proto
            $0.tenantCount = UInt32(clamping: tenantCount)
            $0.connectionCount = UInt32(clamping: connectionCount)
            $0.committedWatts = committed.count
            if let restored { $0.restored = restored.proto }
            $0.alarms = alarms
        }
    }

    /// Reads the view.
    init(_ proto: ProtoStatus) throws(FieldFault) {
        self.init()
        cluster = proto.cluster
        log = try Field.wideID(proto.log, "log")
        reign = Reign(rawValue: proto.reign)
        head = LogHead(
            index: RecordIndex(rawValue: proto.headIndex), chain: try ChainHash(proto.headChain, "headChain"))
        calendar = try CalendarInstant(proto.calendar, "calendar")
        bookDigest = try Field.hexadecimal(proto.bookDigest, "bookDigest")
        holds = try within("holds") { () throws(FieldFault) in try HoldSettings(proto.holds) }
        nodes = NodeCounts(proto.nodes)
        gpus = GPUCounts(proto.gpus)
        leases = LeaseCounts(proto.leases)
        tenantCount = Int(proto.tenantCount)
        connectionCount = Int(proto.connectionCount)
        committed = Watts(proto.committedWatts)
        if proto.hasRestored {
            restored = try within("restored") { () throws(FieldFault) in try LogRestore(proto.restored) }
        }
        alarms = proto.alarms
    }
}

extension LogRestore {
    /// The restore as protobuf.
    fileprivate var proto: ProtoLogRestore {
        .with { ($0.logIncarnation, $0.keptIndex, $0.at) = (logIncarnation, kept.rawValue, at.proto) }
    }

    /// Reads the restore.
    fileprivate init(_ proto: ProtoLogRestore) throws(FieldFault) {
        self.init(
            logIncarnation: proto.logIncarnation, kept: RecordIndex(rawValue: proto.keptIndex),
            at: try CalendarInstant(proto.at, "at"))
    }
}

extension ChainHash {
    init(_ text: String, _ field: String) throws(FieldFault) {
        let digits = Array(text.utf8)
        try require(
            digits.count == 64, field, value: Field.quoted(text), expected: "64 hexadecimal digits")
        var words: [UInt64] = []
        for start in stride(from: 0, to: 64, by: 16) {
            words.append(try Field.hexadecimal(String(decoding: digits[start..<start + 16], as: UTF8.self), field))
        }
        self.init(words: (words[0], words[1], words[2], words[3]))
    }
}

extension HoldSettings {
    fileprivate var proto: ProtoHoldSettings {
        .with {
            $0.hold = hold.proto
            $0.eviction = eviction.proto
            $0.clockRateErrorPpm = UInt32(clamping: clockRateErrorPPM)
            $0.wait = wait.proto
        }
    }

    fileprivate init(_ proto: ProtoHoldSettings) throws(FieldFault) {
        let settings = HoldSettings(
            hold: try Span(proto.hold, "hold"), eviction: try Span(proto.eviction, "eviction"),
            clockRateErrorPPM: Int64(proto.clockRateErrorPpm))
        self = try Field.holds(settings, "hold")
    }
}

extension NodeCounts {
    fileprivate var proto: ProtoNodeCounts {
        .with {
            $0.notDelivered = UInt32(clamping: notDelivered)
            $0.ready = UInt32(clamping: ready)
            $0.suspect = UInt32(clamping: suspect)
            $0.quarantined = UInt32(clamping: quarantined)
            $0.cordoned = UInt32(clamping: cordoned)
            $0.total = UInt32(clamping: total)
        }
    }

    fileprivate init(_ proto: ProtoNodeCounts) {
        self.init()
        notDelivered = Int(proto.notDelivered)
        ready = Int(proto.ready)
        suspect = Int(proto.suspect)
        quarantined = Int(proto.quarantined)
        cordoned = Int(proto.cordoned)
    }
}

extension GPUCounts {
    fileprivate var proto: ProtoGpuCounts {
        .with {
            $0.notDelivered = UInt32(clamping: notDelivered)
            $0.unhealthy = UInt32(clamping: unhealthy)
            $0.quarantined = UInt32(clamping: quarantined)
            $0.leased = UInt32(clamping: leased)
            $0.free = UInt32(clamping: free)
            $0.total = UInt32(clamping: total)
        }
    }

    fileprivate init(_ proto: ProtoGpuCounts) {
        self.init()
        notDelivered = Int(proto.notDelivered)
        unhealthy = Int(proto.unhealthy)
        quarantined = Int(proto.quarantined)
        leased = Int(proto.leased)
        free = Int(proto.free)
    }
}

extension LeaseCounts {
    fileprivate var proto: ProtoLeaseCounts {
        .with {
            $0.starting = UInt32(clamping: starting)
            $0.active = UInt32(clamping: active)
            $0.ending = UInt32(clamping: ending)
            $0.ended = UInt32(clamping: ended)
            $0.confirmed = UInt32(clamping: confirmed)
            $0.cancelled = UInt32(clamping: cancelled)
            $0.waitlisted = UInt32(clamping: waitlisted)
        }
    }

    fileprivate init(_ proto: ProtoLeaseCounts) {
        self.init()
        starting = Int(proto.starting)
        active = Int(proto.active)
        ending = Int(proto.ending)
        ended = Int(proto.ended)
        confirmed = Int(proto.confirmed)
        cancelled = Int(proto.cancelled)
        waitlisted = Int(proto.waitlisted)
    }
}

extension FleetView {
    /// The view as protobuf.
    var proto: ProtoFleet {
        .with {
            $0.places = places.map(\.proto)
            $0.kinds = kinds.map(\.proto)
        }
    }

    /// Reads the view.
    init(_ proto: ProtoFleet) throws(FieldFault) {
        var places: [PlaceView] = []
        for (position, place) in proto.places.enumerated() {
            places.append(try within("places[\(position)]") { () throws(FieldFault) in try PlaceView(place) })
        }
        var kinds: [KindView] = []
        for (position, kind) in proto.kinds.enumerated() {
            kinds.append(try within("kinds[\(position)]") { () throws(FieldFault) in try KindView(kind) })
        }
        self.init(places: places, kinds: kinds)
    }
}

extension PlaceView {
    fileprivate var proto: ProtoPlace {
        .with {
            $0.path = path
            $0.level = level.word
            $0.nodeCount = UInt32(clamping: nodeCount)
            $0.gpuCount = UInt32(clamping: gpuCount)
            if let limit { $0.limitWatts = limit.count }
            $0.committedWatts = committed.count
        }
    }

    fileprivate init(_ proto: ProtoPlace) throws(FieldFault) {
        self.init(
            path: proto.path, level: try Field.word(proto.level, "level", spelled: \.word),
            nodeCount: Int(proto.nodeCount), gpuCount: Int(proto.gpuCount),
            limit: proto.hasLimitWatts ? Watts(proto.limitWatts) : nil, committed: Watts(proto.committedWatts))
    }
}

extension KindView {
    fileprivate var proto: ProtoKind {
        .with {
            $0.name = kind.name
            $0.memoryGib = kind.memoryGiB
            $0.envelopeWatts = kind.envelope.count
            $0.idleFloorWatts = kind.idleFloor.count
            $0.rackScale = kind.isRackScale
            $0.profiles = kind.profiles.map(\.proto)
            $0.gpuCount = UInt32(clamping: gpuCount)
            $0.freeCount = UInt32(clamping: freeCount)
        }
    }

    fileprivate init(_ proto: ProtoKind) throws(FieldFault) {
        let kind = GPUKind(
            name: proto.name, memoryGiB: proto.memoryGib, envelope: Watts(proto.envelopeWatts),
            idleFloor: Watts(proto.idleFloorWatts), isRackScale: proto.rackScale,
            profiles: try MIGProfile.all(of: proto.profiles))
        self.init(kind: kind, gpuCount: Int(proto.gpuCount), freeCount: Int(proto.freeCount))
    }
}

extension TenantView {
    /// The view as protobuf.
    var proto: ProtoTenant {
        .with {
            $0.id = id.rawValue
            $0.name = name
            $0.quota = UInt32(clamping: quota)
            $0.held = UInt32(clamping: held)
            $0.leaseCount = UInt32(clamping: leaseCount)
        }
    }

    /// Reads the view.
    init(_ proto: ProtoTenant) {
        self.init(
            id: TenantID(rawValue: proto.id), name: proto.name, quota: Int(proto.quota), held: Int(proto.held),
            leaseCount: Int(proto.leaseCount))
    }
}
