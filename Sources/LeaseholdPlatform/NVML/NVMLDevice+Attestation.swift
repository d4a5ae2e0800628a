internal import CLeaseholdPlatform
internal import LeaseholdDevices

extension NVML {
    /// Whether what runs on this machine's GPUs is kept from whoever has the machine; not where the driver has never heard
    /// of that.
    package func isConfidential() throws(NVMLFailure) -> Bool {
        var state = leasehold_nvml_confidential()
        let answer = answer(table.confidential?(&state))
        if answer.name == .notSupported || answer.name == .functionNotFound { return false }
        try check(answer, "nvmlSystemGetConfComputeState")
        return state.feature != 0
    }
}

/// What a GPU says of itself, signed by it.
extension NVMLDevice {
    /// Its report on what it is and runs, with the chains of certificates by which that is judged; takes it seconds.
    ///
    /// - Parameter nonce: 32 bytes that the report has in it, so that it is no older one.
    /// - Returns: all of it as the driver gives it; nobody has looked into it.
    /// - Throws: `NVMLFailure`, `INSUFFICIENT_SIZE` where it claims to be longer than it can be.
    package func attestation(_ nonce: [UInt8]) throws(NVMLFailure) -> Attestation {
        precondition(nonce.count == LEASEHOLD_NVML_REPORT_NONCE_SIZE, "a nonce of \(nonce.count) bytes")
        var report = LongAnswer("nvmlDeviceGetConfComputeGpuAttestationReport", size: LEASEHOLD_NVML_REPORT_SIZE)
        report.put(nonce, at: LEASEHOLD_NVML_REPORT_NONCE_AT)
        try library.check(report.fill { table.report?(handle, $0) }, report.function, uuid)
        var chains = LongAnswer("nvmlDeviceGetConfComputeGpuCertificate", size: LEASEHOLD_NVML_CERTIFICATE_SIZE)
        try library.check(chains.fill { table.certificate?(handle, $0) }, chains.function, uuid)
        let hasController = report.number(at: LEASEHOLD_NVML_REPORT_HAS_CEC_AT) != 0
        return Attestation(
            gpu: uuid, nonce: nonce,
            report: try report.part(
                at: LEASEHOLD_NVML_REPORT_AT, countAt: LEASEHOLD_NVML_REPORT_COUNT_AT,
                most: LEASEHOLD_NVML_REPORT_MOST, uuid),
            controller: !hasController
                ? nil
                : try report.part(
                    at: LEASEHOLD_NVML_REPORT_CEC_AT, countAt: LEASEHOLD_NVML_REPORT_CEC_COUNT_AT,
                    most: LEASEHOLD_NVML_REPORT_CEC_MOST, uuid),
            chain: try chains.part(
                at: LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_AT,
                countAt: LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_COUNT_AT,
                most: LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_MOST, uuid),
            identity: try chains.part(
                at: LEASEHOLD_NVML_CERTIFICATE_AT, countAt: LEASEHOLD_NVML_CERTIFICATE_COUNT_AT,
                most: LEASEHOLD_NVML_CERTIFICATE_MOST, uuid))
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

    /// A part with its length beside it; one that is longer than its room is no answer.
    func part(at offset: Int, countAt: Int, most: Int, _ gpu: GPUUUID) throws(NVMLFailure) -> [UInt8] {
        let count = Int(number(at: countAt))
        guard count <= most else {
            throw .refused(function: function, code: .named(.insufficientSize), gpu: gpu)
        }
        return words.withUnsafeBytes { Array($0[offset..<offset + count]) }
    }
}
