internal import LeaseholdModel

/// What a GPU calls itself, wherever it is plugged in and in whatever order the driver counts it.
package struct GPUUUID: WideID, Codable {
    package let high: UInt64
    package let low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    private static let prefix = "GPU-"

    /// Reads the driver's form, `GPU-8f6b1a52-…`; nil for anything else.
    package init?(driverText: String) {
        guard driverText.hasPrefix(GPUUUID.prefix), driverText.utf8.count == 40 else { return nil }
        self.init(text: String(driverText.dropFirst(GPUUUID.prefix.count)))
    }

    /// The driver's form.
    package var driverText: String { GPUUUID.prefix + description }
}
