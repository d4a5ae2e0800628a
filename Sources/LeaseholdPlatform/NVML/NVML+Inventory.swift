package import LeaseholdDevices
package import LeaseholdModel

/// What a node has, whatever state its driver and its GPUs are in.
extension NVML {
    /// The inventory of this node; a library that cannot be opened is a complaint in it.
    package static func inventory(
        path: String = NVML.defaultPath, hiding hidden: [String] = [], catalogue: [GPUKind]
    ) -> NodeInventory {
        do throws(NVMLFailure) {
            return try NVML(path: path, hiding: hidden).inventory(catalogue: catalogue)
        } catch {
            var inventory = NodeInventory()
            inventory.complain(error)
            return inventory
        }
    }

    /// The inventory of this node; what cannot be read is a complaint in it.
    package func inventory(catalogue: [GPUKind]) -> NodeInventory {
        var inventory = NodeInventory()
        do throws(NVMLFailure) {
            inventory.driverVersion = try driverVersion()
            for device in try devices() {
                switch device {
                case .success(let device): try inventory.add(device, catalogue)
                case .failure(let failure):
                    inventory.namelessCount += 1
                    inventory.complain(failure, isFatal: true)
                }
            }
        } catch {
            inventory.complain(error)
        }
        inventory.gpus.sort { $0.uuid < $1.uuid }
        return inventory
    }
}

extension NodeInventory {
    fileprivate mutating func add(_ device: NVMLDevice, _ catalogue: [GPUKind]) throws(NVMLFailure) {
        do throws(NVMLFailure) {
            let facts = try device.facts(catalogue: catalogue)
            gpus.append(facts.value)
            for failure in facts.failures { complain(failure) }
        } catch {
            if error.isDriverGone { throw error }
            gpus.append(GPUFacts(uuid: device.uuid))
            complain(error)
        }
    }

    fileprivate mutating func complain(_ failure: NVMLFailure, isFatal: Bool = false) {
        complaints.append(
            Complaint(
                gpu: failure.gpu, text: "\(failure)", isFatal: isFatal || failure.isGPUGone || failure.isDriverGone))
    }
}
