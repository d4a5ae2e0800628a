internal import LeaseholdModel
internal import SwiftProtobuf

// Certificates, and what they are made of, as protobuf.

extension DeviceStep {
    /// Its number in the log.
    var proto: ProtoDeviceStep { ProtoDeviceStep(rawValue: RecordField.number(of: self)) ?? .unspecified }
}

extension SanitisingCertificate {
    /// The certificate of a node as protobuf.
    func proto(of node: NodeID) -> ProtoPartitionSanitised {
        .with {
            $0.node = node.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
            if let window {
                $0.beganAtCalendarNs = window.from.nanoseconds
                $0.endedAtCalendarNs = window.until.nanoseconds
            }
            $0.gpu = gpus.map(\.proto)
            $0.step = steps.map(\.proto)
        }
    }

    /// Reads the certificate.
    init(_ proto: ProtoPartitionSanitised) throws(RecordFailure) {
        let record = "partitionSanitised"
        try RecordField.allKnown(proto, in: record)
        try RecordField.sameCount(
            proto.hasEndedAtCalendarNs ? 1 : 0, "\(record).endedAtCalendarNs", as: proto.hasBeganAtCalendarNs ? 1 : 0)
        let (from, until) = (proto.beganAtCalendarNs, proto.endedAtCalendarNs)
        guard from <= until else {
            throw .invalid(field: "\(record).endedAtCalendarNs", value: "\(until)", expected: "at least \(from)")
        }
        let window = Window(
            from: CalendarInstant(nanoseconds: from), until: CalendarInstant(nanoseconds: until))
        self.init(
            lease: LeaseID(rawValue: proto.lease), epoch: Epoch(proto.epochReign, proto.epochIndex),
            gpus: try RecordField.each(proto.gpu, "\(record).gpu", countMax: GPUSet.countMax, CertifiedGPU.init),
            window: proto.hasBeganAtCalendarNs ? window : nil,
            steps: try RecordField.each(
                proto.step, "\(record).step", countMax: DeviceStep.allCases.count, CertifiedStep.init))
    }
}

extension CertifiedGPU {
    fileprivate var proto: ProtoCertifiedGpu {
        .with {
            $0.position = UInt32(clamping: position)
            $0.uuid = uuid
            $0.sliceCount = UInt32(clamping: sliceCount)
            if let energy { $0.energyMj = energy.count }
        }
    }

    fileprivate init(_ proto: ProtoCertifiedGpu, _ field: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: field)
        let position = try RecordField.number(proto.position, "\(field).position", max: UInt32(GPUSet.countMax) - 1)
        let sliceCount = try RecordField.number(
            proto.sliceCount, "\(field).sliceCount", max: UInt32(SliceSet.perGPU))
        self.init(
            position: Int(position), uuid: proto.uuid, sliceCount: Int(sliceCount),
            energy: proto.hasEnergyMj ? Millijoules(proto.energyMj) : nil)
        try RecordField.unchanged(proto.uuid, "\(field).uuid", as: uuid)
    }
}

extension CertifiedStep {
    fileprivate var proto: ProtoCertifiedStep {
        .with {
            $0.step = step.proto
            $0.doneAtCalendarNs = doneAt.nanoseconds
            $0.failureCount = failureCount
            $0.evidence = evidence
        }
    }

    fileprivate init(_ proto: ProtoCertifiedStep, _ field: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: field)
        self.init(
            step: try RecordField.word(proto.step.rawValue, "\(field).step"),
            doneAt: CalendarInstant(nanoseconds: proto.doneAtCalendarNs), failureCount: proto.failureCount,
            evidence: proto.evidence)
        try RecordField.unchanged(proto.evidence, "\(field).evidence", as: evidence)
    }
}

extension MeterReading {
    /// What the counters of a grant's GPUs showed, as protobuf.
    func proto(_ slot: NodeSlot, _ lease: LeaseID, _ epoch: Epoch) -> ProtoWorkMetered {
        .with {
            $0.slot = slot.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
            $0.atCalendarNs = at.nanoseconds
            $0.gpu = gpus.map { gpu in
                .with {
                    $0.uuid = gpu.uuid
                    if let used = gpu.used { $0.usedMj = used.count }
                }
            }
        }
    }

    /// Reads the reading.
    init(_ proto: ProtoWorkMetered, _ record: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: record)
        self.init(
            at: CalendarInstant(nanoseconds: proto.atCalendarNs),
            gpus: try RecordField.each(proto.gpu, "\(record).gpu", countMax: GPUSet.countMax) {
                (gpu, field) throws(RecordFailure) in
                try RecordField.allKnown(gpu, in: field)
                let read = GPU(uuid: gpu.uuid, used: gpu.hasUsedMj ? Millijoules(gpu.usedMj) : nil)
                try RecordField.unchanged(gpu.uuid, "\(field).uuid", as: read.uuid)
                return read
            })
    }
}

extension ProtoPartitionSanitised {
    /// The record that it is.
    var record: Record {
        get throws(RecordFailure) { .partitionSanitised(NodeID(rawValue: node), try SanitisingCertificate(self)) }
    }
}

extension ProtoCertificateKept {
    /// The record that it is.
    var record: JournalRecord {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "certificateKept")
            return .certificateKept(
                NodeSlot(rawValue: slot), lease: LeaseID(rawValue: lease), epoch: Epoch(epochReign, epochIndex))
        }
    }
}

extension ProtoWorkMetered {
    /// Reads the record that it is.
    func record(
        _ name: String, _ made: (NodeSlot, LeaseID, Epoch, MeterReading) -> JournalRecord
    ) throws(RecordFailure) -> JournalRecord {
        made(
            NodeSlot(rawValue: slot), LeaseID(rawValue: lease), Epoch(epochReign, epochIndex),
            try MeterReading(self, name))
    }
}
