internal import LeaseholdModel
internal import SwiftProtobuf

// What an agent says of its devices, as protobuf; what is longer than its bound is refused.

extension NodeDetail {
    /// The message as protobuf.
    var proto: ProtoNodeDetail {
        .with {
            $0.driver = driver
            $0.gpus = gpus.map(\.proto)
            $0.power = power.map(\.proto)
            $0.troubles = troubles.map(\.proto)
            $0.tickets = tickets.tickets.map(\.proto)
            $0.allOpenTold = tickets.areAllOpen
            if let evictions { $0.evictions = evictions.proto }
            $0.statedAt = statedAt.proto
        }
    }

    /// Reads the message.
    init(_ proto: ProtoNodeDetail) throws(FieldFault) {
        var gpus: [GPUDetail] = []
        for (position, gpu) in try Field.bounded(proto.gpus, "gpus", countMax: GPUSet.countMax).enumerated() {
            gpus.append(try within("gpus[\(position)]") { () throws(FieldFault) in try GPUDetail(gpu) })
        }
        var power: [PowerDetail] = []
        let measured = try Field.bounded(proto.power, "power", countMax: PowerScope.allCases.count)
        for (position, source) in measured.enumerated() {
            power.append(try within("power[\(position)]") { () throws(FieldFault) in try PowerDetail(source) })
        }
        var troubles: [DeviceTrouble] = []
        let told = try Field.bounded(proto.troubles, "troubles", countMax: Limits.troublesPerNodeCountMax)
        for (position, trouble) in told.enumerated() {
            troubles.append(
                try within("troubles[\(position)]") { () throws(FieldFault) in try DeviceTrouble(trouble) })
        }
        self.init(
            driver: try Field.deviceText(proto.driver, "driver"), gpus: gpus, power: power, troubles: troubles,
            tickets: ToldTickets(tickets: try [Ticket](proto.tickets), areAllOpen: proto.allOpenTold),
            evictions: proto.hasEvictions
                ? try within("evictions") { () throws(FieldFault) in try EvictionTimes(proto.evictions) } : nil,
            statedAt: try CalendarInstant(proto.statedAt, "statedAt"))
    }
}

extension EvictionTimes {
    /// The message as protobuf.
    var proto: ProtoEvictionTimes {
        .with {
            $0.count = count
            $0.slowest = slowest.proto
        }
    }

    /// Reads the message.
    init(_ proto: ProtoEvictionTimes) throws(FieldFault) {
        let slowest = try Span(proto.slowest, "slowest")
        try require(slowest >= .zero, "slowest", value: "\(slowest)", expected: "no time before it began")
        self.init(count: proto.count, slowest: slowest)
    }
}

extension GPUDetail {
    fileprivate var proto: ProtoGpuDetail {
        .with {
            $0.uuid = uuid
            $0.product = product
            $0.serial = serial
            $0.bus = bus
            $0.firmware = firmware
            $0.memoryMib = memoryMiB
            $0.sliceMode = sliceMode
            $0.standing = "\(standing)"
            if let limit { $0.limitWatts = limit.count }
            if let energyJoules { $0.energyJoules = energyJoules }
        }
    }

    fileprivate init(_ proto: ProtoGpuDetail) throws(FieldFault) {
        self.init(
            uuid: try Field.deviceText(proto.uuid, "uuid"), product: try Field.deviceText(proto.product, "product"),
            serial: try Field.deviceText(proto.serial, "serial"), bus: try Field.deviceText(proto.bus, "bus"),
            firmware: try Field.deviceText(proto.firmware, "firmware"), memoryMiB: proto.memoryMib,
            sliceMode: try Field.deviceText(proto.sliceMode, "sliceMode"),
            standing: try Field.word(proto.standing, "standing") { "\($0)" },
            limit: proto.hasLimitWatts ? Watts(proto.limitWatts) : nil,
            energyJoules: proto.hasEnergyJoules ? proto.energyJoules : nil)
    }
}

extension PowerDetail {
    fileprivate var proto: ProtoPowerDetail {
        .with {
            $0.scope = "\(scope)"
            $0.source = source
            $0.quality = "\(quality)"
            $0.drawWatts = draw.count
            if let energyJoules { $0.energyJoules = energyJoules }
        }
    }

    fileprivate init(_ proto: ProtoPowerDetail) throws(FieldFault) {
        self.init(
            scope: try Field.word(proto.scope, "scope") { "\($0)" },
            source: try Field.deviceText(proto.source, "source"),
            quality: try Field.word(proto.quality, "quality") { "\($0)" }, draw: Watts(proto.drawWatts),
            energyJoules: proto.hasEnergyJoules ? proto.energyJoules : nil)
    }
}

extension DeviceTrouble {
    fileprivate var proto: ProtoDeviceTrouble {
        .with {
            if let gpu { $0.gpu = UInt32(clamping: gpu) }
            $0.component = component
            $0.standing = "\(standing)"
            $0.what = what
            $0.remedy = remedy
            $0.since = since.proto
            $0.count = count
            if let ticket { $0.ticket = ticket }
        }
    }

    fileprivate init(_ proto: ProtoDeviceTrouble) throws(FieldFault) {
        let gpu = proto.hasGpu ? try Field.number(proto.gpu, "gpu", in: 0...UInt32(GPUSet.countMax - 1)) : nil
        let textByteCountMax = Limits.troubleTextByteCountMax
        self.init(
            gpu: gpu.map(Int.init), component: try Field.deviceText(proto.component, "component"),
            standing: try Field.word(proto.standing, "standing") { "\($0)" },
            what: try Field.text(proto.what, "what", byteCountMax: textByteCountMax),
            remedy: try Field.text(proto.remedy, "remedy", byteCountMax: textByteCountMax),
            since: try CalendarInstant(proto.since, "since"), count: proto.count,
            ticket: proto.hasTicket ? proto.ticket : nil)
    }
}

extension Field {
    /// What a device calls itself.
    static func deviceText(_ text: String, _ field: String) throws(FieldFault) -> String {
        try self.text(text, field, byteCountMax: Limits.deviceTextByteCountMax)
    }
}
