internal import CLeaseholdPlatform
package import LeaseholdDevices
internal import LeaseholdModel

/// What a GPU draws, has drawn and may draw.
extension NVMLDevice {
    /// All of it at this moment; throws when the GPU or the driver is gone.
    package func power() throws(NVMLFailure) -> Noted<PowerReading> {
        var questions = NVMLQuestions()
        let reading = PowerReading(
            draw: try questions.ask(draw), energy: try questions.ask(energy), limit: try questions.ask(limit),
            enforced: try questions.ask(enforcedLimit))
        return Noted(value: reading, failures: questions.failures)
    }

    private func draw() throws(NVMLFailure) -> Milliwatts {
        Milliwatts(UInt64(try number("nvmlDeviceGetPowerUsage") { table.power_usage?(handle, &$0) }))
    }

    private func energy() throws(NVMLFailure) -> Millijoules {
        Millijoules(try read("nvmlDeviceGetTotalEnergyConsumption", into: 0) { table.energy?(handle, &$0) })
    }

    private func limit() throws(NVMLFailure) -> Milliwatts {
        Milliwatts(UInt64(try number("nvmlDeviceGetPowerManagementLimit") { table.power_limit?(handle, &$0) }))
    }

    private func enforcedLimit() throws(NVMLFailure) -> Milliwatts {
        let limit = try number("nvmlDeviceGetEnforcedPowerLimit") { table.power_limit_enforced?(handle, &$0) }
        return Milliwatts(UInt64(limit))
    }

    /// Within what the limit can be set; throws `NOT_SUPPORTED` where it cannot be.
    package func powerRange() throws(NVMLFailure) -> PowerRange {
        let (least, most) = try read("nvmlDeviceGetPowerManagementLimitConstraints", into: (UInt32(0), UInt32(0))) {
            table.power_limit_range?(handle, &$0.0, &$0.1)
        }
        let initial = try number("nvmlDeviceGetPowerManagementDefaultLimit") {
            table.power_limit_default?(handle, &$0)
        }
        return PowerRange(
            least: Milliwatts(UInt64(least)), most: Milliwatts(UInt64(most)), initial: Milliwatts(UInt64(initial)))
    }

    /// Sets the limit until the driver is loaded anew; what is enforced afterwards is read, not believed.
    ///
    /// Throws `INVALID_ARGUMENT` outside the range, and `NO_PERMISSION` for who is not root.
    package func setPowerLimit(_ limit: Milliwatts) throws(NVMLFailure) -> Milliwatts {
        let code = table.set_power_limit?(handle, UInt32(clamping: limit.count))
        try library.check(code, "nvmlDeviceSetPowerManagementLimit", uuid)
        return try enforcedLimit()
    }
}
