internal import CLeaseholdPlatform
internal import LeaseholdDevices

extension NVML {
    /// How this machine keeps what runs on its GPUs from whoever has the machine.
    package func confidentialMode() throws(NVMLFailure) -> ConfidentialMode {
        var settings = leasehold_nvml_confidential_settings()
        settings.version = UInt32(LEASEHOLD_NVML_CONFIDENTIAL_SETTINGS_V1)
        let answer = answer(table.confidential_settings?(&settings))
        guard answer.name == .functionNotFound || answer.name == .versionMismatch || answer.name == .notSupported else {
            try check(answer, "nvmlSystemGetConfComputeSettings")
            return ConfidentialMode(
                environment: settings.environment, isOn: settings.feature != 0, multiGPU: settings.multi_gpu_mode,
                hasDeveloperTools: settings.developer_tools != 0)
        }
        var state = leasehold_nvml_confidential()
        let older = self.answer(table.confidential?(&state))
        if older.name == .notSupported || older.name == .functionNotFound { return .off }
        try check(older, "nvmlSystemGetConfComputeState")
        return ConfidentialMode(
            environment: state.environment, isOn: state.feature != 0, multiGPU: 0,
            hasDeveloperTools: state.developer_tools != 0)
    }
}

/// What a GPU says of itself, signed by it; all of it as the driver gives it, and nobody has looked into it.
extension NVMLDevice {
    /// Its report on what it is and runs, and that of its embedded controller where it has one that speaks; takes it seconds.
    ///
    /// - Parameter nonce: 32 bytes that the report has in it, so that it is no older one.
    /// - Returns: SPDM measurements.
    /// - Throws: `NVMLFailure`, `INSUFFICIENT_SIZE` where it claims to have nothing, or more than it can.
    package func report(_ nonce: [UInt8]) throws(NVMLFailure) -> (gpu: [UInt8], controller: [UInt8]?) {
        precondition(nonce.count == LEASEHOLD_NVML_REPORT_NONCE_SIZE, "a nonce of \(nonce.count) bytes")
        var report = LongAnswer("nvmlDeviceGetConfComputeGpuAttestationReport", size: LEASEHOLD_NVML_REPORT_SIZE)
        report.put(nonce, at: LEASEHOLD_NVML_REPORT_NONCE_AT)
        try library.check(report.fill { table.report?(handle, $0) }, report.function, uuid)
        let hasController = report.number(at: LEASEHOLD_NVML_REPORT_HAS_CEC_AT) != 0
        return (
            try report.part(
                at: LEASEHOLD_NVML_REPORT_AT, countAt: LEASEHOLD_NVML_REPORT_COUNT_AT,
                most: LEASEHOLD_NVML_REPORT_MOST, uuid),
            !hasController
                ? nil
                : try report.part(
                    at: LEASEHOLD_NVML_REPORT_CEC_AT, countAt: LEASEHOLD_NVML_REPORT_CEC_COUNT_AT,
                    most: LEASEHOLD_NVML_REPORT_CEC_MOST, uuid)
        )
    }

    /// The chains of certificates of the key that signs its reports, and of the GPU itself.
    ///
    /// - Returns: X.509 certificates in PEM, one behind the other.
    /// - Throws: `NVMLFailure`, `INSUFFICIENT_SIZE` where one claims to have nothing, or more than it can.
    package func certificates() throws(NVMLFailure) -> (report: [UInt8], identity: [UInt8]) {
        var chains = LongAnswer("nvmlDeviceGetConfComputeGpuCertificate", size: LEASEHOLD_NVML_CERTIFICATE_SIZE)
        try library.check(chains.fill { table.certificate?(handle, $0) }, chains.function, uuid)
        return (
            try chains.part(
                at: LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_AT,
                countAt: LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_COUNT_AT,
                most: LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_MOST, uuid),
            try chains.part(
                at: LEASEHOLD_NVML_CERTIFICATE_AT, countAt: LEASEHOLD_NVML_CERTIFICATE_COUNT_AT,
                most: LEASEHOLD_NVML_CERTIFICATE_MOST, uuid)
        )
    }
}

/// An answer of the library that is longer than a type of Swift's would have it.
private struct LongAnswer {
    let function: String
    /// Words, so that it lies as the library wants it.
    private var words: [UInt32]

    init(_ function: String, size: Int) {
        self.function = function
        words = [UInt32](repeating: 0, count: size / MemoryLayout<UInt32>.size)
    }

    mutating func put(_ bytes: [UInt8], at offset: Int) {
        words.withUnsafeMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[offset...]).copyBytes(from: bytes) }
    }

    mutating func fill(_ call: (UnsafeMutableRawPointer) -> UInt32?) -> UInt32? {
        words.withUnsafeMutableBytes { bytes in bytes.baseAddress.flatMap(call) }
    }

    func number(at offset: Int) -> UInt32 { words[offset / MemoryLayout<UInt32>.size] }

    /// A part with its length beside it; one that is longer than its room, or nothing, is no answer.
    func part(at offset: Int, countAt: Int, most: Int, _ gpu: GPUUUID) throws(NVMLFailure) -> [UInt8] {
        let count = Int(number(at: countAt))
        guard (1...most).contains(count) else {
            throw .refused(function: function, code: .named(.insufficientSize), gpu: gpu)
        }
        return words.withUnsafeBytes { Array($0[offset..<offset + count]) }
    }
}
