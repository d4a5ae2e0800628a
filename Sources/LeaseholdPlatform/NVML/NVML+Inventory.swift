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
            inventory.complain(error, isFatal: true)
            return inventory
        }
    }

    /// The inventory of this node; what cannot be read is a complaint in it.
    package func inventory(catalogue: [GPUKind]) -> NodeInventory {
        var inventory = NodeInventory()
        do throws(NVMLFailure) {
            inventory.driverVersion = try driverVersion()
            try inventory.add(try devices(), catalogue)
        } catch {
            inventory.complain(error, isFatal: true)
        }
        inventory.gpus.sort { $0.uuid < $1.uuid }
        return inventory
    }
}

extension NodeInventory {
    /// Adds every GPU by its name before it asks the first what it is: the driver may go in the middle.
    fileprivate mutating func add(
        _ devices: [Result<NVMLDevice, NVMLFailure>], _ catalogue: [GPUKind]
    ) throws(NVMLFailure) {
        var named: [NVMLDevice] = []
        for device in devices {
            switch device {
            case .success(let device):
                named.append(device)
                gpus.append(GPUFacts(uuid: device.uuid))
            case .failure(let failure):
                namelessCount += 1
                complain(failure, isFatal: true)
            }
        }
        for (position, device) in named.enumerated() {
            do throws(NVMLFailure) {
                let facts = try device.facts(catalogue: catalogue)
                gpus[position] = facts.value
                for failure in facts.failures { complain(failure) }
            } catch {
                if error.isDriverGone { throw error }
                complain(error)
            }
        }
    }

    fileprivate mutating func complain(_ failure: NVMLFailure, isFatal: Bool = false) {
        complaints.append(Complaint(gpu: failure.gpu, text: "\(failure)", isFatal: isFatal || failure.isFatal))
    }
}
