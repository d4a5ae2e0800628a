internal import CLeaseholdPlatform
package import LeaseholdDevices

/// How a GPU is.
extension NVMLDevice {
    /// All of it at this moment; throws when the GPU or the driver is gone.
    package func health() throws(NVMLFailure) -> Noted<HealthReading> {
        var questions = NVMLQuestions()
        let reading = HealthReading(
            temperature: try questions.ask(temperature), throttling: try questions.ask(throttling),
            memoryErrors: try questions.ask(memoryErrors), remappedRows: try questions.ask(remappedRows),
            spareRows: try questions.ask(spareRows), recovery: try questions.ask(recovery))
        return Noted(value: reading, failures: questions.failures)
    }

    private func temperature() throws(NVMLFailure) -> Celsius {
        try newest(
            { () throws(NVMLFailure) in
                var asked = leasehold_nvml_temperature()
                asked.version = UInt32(LEASEHOLD_NVML_TEMPERATURE_V1)
                asked.sensor = UInt32(LEASEHOLD_NVML_SENSOR_GPU)
                let answer = try read("nvmlDeviceGetTemperatureV", into: asked) { table.temperature?(handle, &$0) }
                return Celsius(answer.temperature)
            },
            or: { () throws(NVMLFailure) in
                let degrees = try number("nvmlDeviceGetTemperature") {
                    table.temperature_v0?(handle, UInt32(LEASEHOLD_NVML_SENSOR_GPU), &$0)
                }
                return Celsius(Int32(truncatingIfNeeded: degrees))
            })
    }

    private func throttling() throws(NVMLFailure) -> Throttling {
        let reasons = try read("nvmlDeviceGetCurrentClocksEventReasons", into: 0) { table.throttling?(handle, &$0) }
        return Throttling(rawValue: reasons)
    }

    // MARK: Memory

    private func memoryErrors() throws(NVMLFailure) -> MemoryErrors {
        MemoryErrors(
            corrected: try errors(LEASEHOLD_NVML_ECC_CORRECTED, LEASEHOLD_NVML_ECC_VOLATILE),
            uncorrected: try errors(LEASEHOLD_NVML_ECC_UNCORRECTED, LEASEHOLD_NVML_ECC_VOLATILE),
            correctedEver: try errors(LEASEHOLD_NVML_ECC_CORRECTED, LEASEHOLD_NVML_ECC_AGGREGATE),
            uncorrectedEver: try errors(LEASEHOLD_NVML_ECC_UNCORRECTED, LEASEHOLD_NVML_ECC_AGGREGATE))
    }

    private func errors(_ kind: Int, _ counter: Int) throws(NVMLFailure) -> UInt64 {
        try read("nvmlDeviceGetTotalEccErrors", into: 0) {
            table.ecc_errors?(handle, UInt32(kind), UInt32(counter), &$0)
        }
    }

    private func remappedRows() throws(NVMLFailure) -> RemappedRows {
        let zero = (corrected: UInt32(0), uncorrected: UInt32(0), isPending: UInt32(0), hasFailed: UInt32(0))
        let rows = try read("nvmlDeviceGetRemappedRows", into: zero) {
            table.remapped_rows?(handle, &$0.corrected, &$0.uncorrected, &$0.isPending, &$0.hasFailed)
        }
        return RemappedRows(
            correctedCount: rows.corrected, uncorrectedCount: rows.uncorrected, isPending: rows.isPending != 0,
            hasFailed: rows.hasFailed != 0)
    }

    private func spareRows() throws(NVMLFailure) -> SpareRows {
        let rows = try read("nvmlDeviceGetRowRemapperHistogram", into: leasehold_nvml_spare_rows()) {
            table.spare_rows?(handle, &$0)
        }
        return SpareRows(
            allCount: rows.all, mostCount: rows.most, someCount: rows.some, fewCount: rows.few, noneCount: rows.none)
    }

    // MARK: Recovery

    private func recovery() throws(NVMLFailure) -> RecoveryAction {
        let function = "nvmlDeviceGetFieldValues"
        var asked = leasehold_nvml_field()
        asked.field = UInt32(LEASEHOLD_NVML_FIELD_RECOVERY_ACTION)
        let field = try read(function, into: asked) { table.fields?(handle, 1, &$0) }
        // The call has a code, and each field of it another.
        try library.check(field.code, function, uuid)
        guard let value = field.unsigned else {
            throw .absurd(function: function, answer: "a recovery action of type \(field.type)", gpu: uuid)
        }
        return RecoveryAction(code: value)
    }
}

extension leasehold_nvml_field {
    /// The value where it is a whole number that is not negative; a narrow one lies in the first bytes.
    fileprivate var unsigned: UInt64? {
        switch type {
        case 1: UInt64(UInt32(truncatingIfNeeded: value))
        case 2, 3: value
        case 4: Int64(bitPattern: value) < 0 ? nil : value
        case 5: UInt64(exactly: Int32(truncatingIfNeeded: value))
        case 6: UInt64(UInt16(truncatingIfNeeded: value))
        default: nil
        }
    }
}
