import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

/// What can be asked of real hardware without changing anything; where there is none, nothing runs.
@Suite("A real GPU", .enabled(if: FileManager.default.fileExists(atPath: "/dev/nvidiactl")))
struct RealGPUTests {
    @Test("its node has an inventory without complaints, and the catalogue knows its kind")
    func inventory() {
        let inventory = NVML.inventory(catalogue: GPUKind.catalogue)
        #expect(inventory.complaints == [] && inventory.namelessCount == 0)
        #expect(!inventory.gpus.isEmpty && inventory.driverVersion != nil)
        for facts in inventory.gpus {
            #expect(facts.kind != nil, "\(facts.product ?? "no product")")
            #expect(facts.sliceMode == nil || !facts.profiles.isEmpty)
            #expect(facts.profiles.allSatisfy { $0.geometry != nil && $0.countMax > 0 && $0.multiprocessorCount > 0 })
            if facts.sliceMode != nil {
                let known = facts.kind?.profiles ?? []
                #expect(known.allSatisfy { facts.profile(for: $0) != nil })
            }
            #expect(facts.serial?.isEmpty == false && facts.vbios?.isEmpty == false)
            #expect(facts.address.map { $0.bus <= 0xFF && $0.device <= 0x1F } == true)
            print(facts)
        }
    }

    @Test("it says how it is, and its counter of energy grows")
    func readings() throws {
        let library = try NVML()
        for device in try library.devices().map({ try $0.get() }) {
            let before = try device.power()
            #expect(before.failures == [])
            let range = try device.powerRange()
            #expect(range.least < range.most && range.initial >= range.least && range.initial <= range.most)
            // Between a lamp and more than it may draw for long.
            let draw = try #require(before.value.draw)
            #expect(draw > Milliwatts(5_000) && draw < Milliwatts(range.most.count * 3 / 2))
            #expect(try #require(before.value.enforced) <= range.most)
            let health = try device.health()
            #expect(health.failures == [])
            #expect(try #require(health.value.temperature) > Celsius(5))
            #expect(try #require(health.value.temperature) < Celsius(100))
            #expect(health.value.throttling.map { $0.rawValue < 0x1000 } == true)
            #expect(try device.memory().used <= device.memory().total)
            #expect(try device.processes().allSatisfy { $0.pid > 0 })
            let first = try #require(before.value.energy)
            #expect(try eventually { try device.power().value.energy.map { $0 > first } ?? false })
            print(before.value, health.value)
        }
    }

    @Test("it can be watched, and tells nothing while nothing happens")
    func events() throws {
        let library = try NVML()
        let watch = try NVMLEventWatch(library, library.devices().map { try $0.get() })
        #expect(watch.failures == [])
        #expect(try watch.next(within: .milliseconds(10)) == nil)
    }
}
