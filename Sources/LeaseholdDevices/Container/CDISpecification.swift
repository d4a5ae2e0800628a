/// What a container runtime has to give a container that works under a grant: a file of the Container Device Interface.
///
/// A cloakroom ticket: whoever names it when a container is made gets exactly the device files on it. It stands in the
/// runtime's directory from the grant's beginning to its end, and no two that stand there have a device in common (L1).
package struct CDISpecification: Hashable, Sendable {
    package let kind: CDIKind
    package let grant: CDIName
    package let devices: [GrantedDevice]
    /// The device files, those of control first; each once.
    package let nodes: [DeviceNode]

    private static let version = "1.1.0"

    /// Writes down what a grant has, by the tables that the driver has now.
    package init(
        kind: CDIKind = .lease, grant: CDIName, devices: [GrantedDevice], tables: DriverTables
    ) throws(CDIObjection) {
        guard !devices.isEmpty else { throw .empty(grant) }
        let devices = devices.sorted()
        for (position, device) in devices.enumerated() {
            // Several compute instances of one slice are one grant's affair.
            let clashes = devices[..<position].contains { other in
                switch (device, other) {
                case (.slice, .slice), (.gpu, .gpu): device == other
                case (.slice, .gpu), (.gpu, .slice): device.gpu == other.gpu
                }
            }
            if clashes { throw .twice(grant, device) }
        }
        self.kind = kind
        self.grant = grant
        self.devices = devices
        nodes = try tables.nodes(for: devices)
    }

    /// What a runtime is asked for: `leasehold.dev/lease=L13-1.13-0`.
    package var qualifiedName: String { "\(kind)=\(grant)" }

    /// Why it must not stand beside another; nil where the two share nothing.
    ///
    /// By devices and by their files: a driver that was loaded anew may have counted its GPUs in another order.
    package func objection(beside other: CDISpecification) -> CDIObjection? {
        for theirs in other.devices {
            if let mine = devices.first(where: theirs.isExclusive) { return .held("\(mine)", by: other.grant) }
        }
        for theirs in other.nodes {
            if let mine = nodes.first(where: theirs.isExclusive) { return .held(mine.path, by: other.grant) }
        }
        return nil
    }

    /// The file: JSON, the same bytes for the same grant.
    ///
    /// No string in it has a character that JSON would have written otherwise. The one variable keeps NVIDIA's runtime,
    /// where it is in use, from adding GPUs that the container's image asks for.
    package var bytes: [UInt8] {
        let nodes = nodes.map { node in
            """
                      {
                        "path": "\(node.path)",
                        "type": "c",
                        "major": \(node.number.major),
                        "minor": \(node.number.minor),
                        "permissions": "\(node.permissions)"
                      }
            """
        }
        let text = """
            {
              "cdiVersion": "\(CDISpecification.version)",
              "kind": "\(kind)",
              "devices": [
                {
                  "name": "\(grant)",
                  "containerEdits": {
                    "env": [
                      "NVIDIA_VISIBLE_DEVICES=void"
                    ],
                    "deviceNodes": [
            \(nodes.joined(separator: ",\n"))
                    ]
                  }
                }
              ]
            }

            """
        return Array(text.utf8)
    }
}

extension CDIKind {
    private static let suffix = ".json"

    private var prefix: String { "\(vendor)-\(deviceClass)_" }

    /// The name of the file of a grant, as CDI has it for what comes and goes: `leasehold.dev-lease_L13-1.13-0.json`.
    package func fileName(of grant: CDIName) -> String { "\(prefix)\(grant)\(CDIKind.suffix)" }

    /// The grant that a file of this kind is of, by its name; nil for a file of anybody else.
    package func grant(ofFile name: String) -> CDIName? {
        guard name.hasPrefix(prefix), name.hasSuffix(CDIKind.suffix) else { return nil }
        return CDIName(text: String(name.dropFirst(prefix.count).dropLast(CDIKind.suffix.count)))
    }
}
