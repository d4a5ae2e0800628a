/// Where a device is plugged in; another one can be plugged in there tomorrow.
package struct PCIAddress: Hashable, Sendable {
    package let domain: UInt32
    package let bus: UInt32
    package let device: UInt32

    package init(domain: UInt32, bus: UInt32, device: UInt32) {
        self.domain = domain
        self.bus = bus
        self.device = device
    }
}

extension PCIAddress: CustomStringConvertible {
    /// The form of the kernel's log and of `/sys/bus/pci/devices`: `0000:1b:00.0`.
    package var description: String {
        func digits(_ number: UInt32, _ count: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return "\(digits(domain, 4)):\(digits(bus, 2)):\(digits(device, 2)).0"
    }
}
