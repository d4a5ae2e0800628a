package import LeaseholdModel

extension FleetFile {
    /// The hash that all parts of an import carry: of what the fleet is, not of how its file is written.
    ///
    /// FNV-1a, 64 bits, over every field in order, each number as eight bytes, each text with its length before it, so
    /// that two fleets never give the same bytes. The same in every process and release.
    package static func hash(of fleet: FleetDeclaration) -> UInt64 {
        var hash = FleetHash()
        hash.add(fleet.kinds.count)
        for kind in fleet.kinds {
            hash.add(kind.name)
            hash.add(Int(kind.memoryGiB))
            hash.add(Int(kind.envelope.count))
            hash.add(Int(kind.idleFloor.count))
        }
        hash.add(fleet.places.count)
        for place in fleet.places {
            hash.add(place.path)
            hash.add(place.limit.map { Int($0.count) } ?? -1)
        }
        hash.add(fleet.runs.count)
        for run in fleet.runs {
            hash.add(Int(run.rack))
            hash.add(run.namePrefix)
            hash.add(run.firstNumber.map(Int.init) ?? -1)
            hash.add(Int(run.count))
            hash.add(run.kind)
            hash.add(Int(run.gpusPerNode))
            hash.add(Int(run.envelope.count))
            hash.add(Int(run.cpu.count))
            hash.add(Int(run.memory.count))
            hash.add(run.labels.count)
            for label in run.labels {
                hash.add(label.key)
                hash.add(label.value)
            }
        }
        return hash.value
    }
}

/// FNV-1a over the fields of a fleet.
private struct FleetHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ text: String) {
        add(text.utf8.count)
        for byte in text.utf8 { add(byte) }
    }

    mutating func add(_ number: Int) {
        for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    private mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
}
