internal import LeaseholdModel
internal import SwiftProtobuf

// Certificates as protobuf; what is longer than its bound is refused.

extension SanitisingCertificate {
    /// What a node says in a session, as protobuf.
    func proto(of node: NodeID, _ session: SessionID) -> ProtoSanitised {
        .with {
            $0.node = node.rawValue
            $0.session = session.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
            if let window {
                $0.beganAtCalendarNs = window.from.nanoseconds
                $0.endedAtCalendarNs = window.until.nanoseconds
            }
            $0.gpu = gpus.map { gpu in
                .with {
                    $0.position = UInt32(clamping: gpu.position)
                    $0.uuid = gpu.uuid
                    $0.sliceCount = UInt32(clamping: gpu.sliceCount)
                    if let energy = gpu.energy { $0.energyMj = energy.count }
                }
            }
            $0.step = steps.map { step in
                .with {
                    $0.step = ProtoDeviceStep(rawValue: Int(step.step.rawValue)) ?? .unspecified
                    $0.doneAtCalendarNs = step.doneAt.nanoseconds
                    $0.failureCount = step.failureCount
                    $0.evidence = step.evidence
                }
            }
        }
    }

    /// Reads the certificate.
    init(_ proto: ProtoSanitised) throws(FieldFault) {
        var gpus: [CertifiedGPU] = []
        for (entry, gpu) in try Field.bounded(proto.gpu, "gpu", countMax: GPUSet.countMax).enumerated() {
            gpus.append(try within("gpu[\(entry)]") { () throws(FieldFault) in try CertifiedGPU(gpu) })
        }
        var steps: [CertifiedStep] = []
        for (entry, step) in try Field.bounded(proto.step, "step", countMax: DeviceStep.allCases.count).enumerated() {
            steps.append(try within("step[\(entry)]") { () throws(FieldFault) in try CertifiedStep(step) })
        }
        let (from, until) = (proto.beganAtCalendarNs, proto.endedAtCalendarNs)
        try Field.sameCount(
            proto.hasEndedAtCalendarNs ? 1 : 0, "endedAtCalendarNs", as: proto.hasBeganAtCalendarNs ? 1 : 0)
        guard from <= until else {
            throw FieldFault(field: "endedAtCalendarNs", value: "\(until)", expected: "at least \(from)")
        }
        let window = Window(from: CalendarInstant(nanoseconds: from), until: CalendarInstant(nanoseconds: until))
        self.init(
            lease: LeaseID(rawValue: proto.lease), epoch: Epoch(proto.epochReign, proto.epochIndex), gpus: gpus,
            window: proto.hasBeganAtCalendarNs ? window : nil, steps: steps)
    }
}

extension CertifiedGPU {
    fileprivate init(_ proto: ProtoCertifiedGpu) throws(FieldFault) {
        let position = try Field.number(proto.position, "position", in: 0...UInt32(GPUSet.countMax - 1))
        self.init(
            position: Int(position), uuid: try Field.deviceText(proto.uuid, "uuid"),
            sliceCount: Int(try Field.number(proto.sliceCount, "sliceCount", in: 0...UInt32(SliceSet.perGPU))),
            energy: proto.hasEnergyMj ? Millijoules(proto.energyMj) : nil)
    }
}

extension CertifiedStep {
    fileprivate init(_ proto: ProtoCertifiedStep) throws(FieldFault) {
        self.init(
            step: try Field.word(proto.step.rawValue, "step"),
            doneAt: CalendarInstant(nanoseconds: proto.doneAtCalendarNs), failureCount: proto.failureCount,
            evidence: try Field.text(proto.evidence, "evidence", byteCountMax: Limits.stepTextByteCountMax))
    }
}
