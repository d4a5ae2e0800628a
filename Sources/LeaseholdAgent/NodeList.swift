package import LeaseholdDevices
import LeaseholdModel
package import LeaseholdPlatform

/// Nodes and their devices, as the command line and node lists name them.
package enum NodeList {
    /// Reads the devices of one node: `nvml`, or `simulated:KIND*COUNT`, such as `simulated:H100*8`.
    ///
    /// A kind that does not ship with the house needs its envelope: `simulated:X1*4@900W`, `nvml:L40S@520W`.
    package static func source(
        node path: String, devices: String, _ flags: DriverFlags = DriverFlags()
    ) throws(ProcessEnd) -> DeviceSource {
        let path = try names(path, place: "--node")
        let words = devices.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch (words[0], words.count) {
        case ("nvml", 1):
            return .driver(node: path, kind: nil, try flags.watch, try flags.enforcement, try flags.senses)
        case ("nvml", 2):
            let kind = try kind(words[1], gpuCount: GPUSet.countMax, place: "--devices", form: "nvml:\(words[1])")
            return .driver(node: path, kind: kind, try flags.watch, try flags.enforcement, try flags.senses)
        case ("simulated", 2): return .simulated([try shape(path, String(words[1]), place: "--devices")])
        default:
            throw ProcessEnd(.usage, "--devices is \"\(devices)\"; expected nvml or simulated:KIND*COUNT")
        }
    }

    /// Reads a list: a line for each node, `PATH KIND*COUNT`; `#` begins a comment.
    package static func read(_ text: String, name: String) throws(ProcessEnd) -> [NodeShape] {
        var shapes: [NodeShape] = []
        var seen: Set<String> = []
        for (offset, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard !words.isEmpty else { continue }
            let place = "\(name):\(offset + 1)"
            guard words.count == 2 else {
                throw ProcessEnd(.usage, "\(place): \"\(line)\"; expected PATH KIND*COUNT")
            }
            guard seen.insert(String(words[0])).inserted else {
                throw ProcessEnd(.usage, "\(place): node \(words[0]) stands in the list twice")
            }
            shapes.append(try shape(try names(String(words[0]), place: place), String(words[1]), place: place))
        }
        guard !shapes.isEmpty else { throw ProcessEnd(.usage, "\(name): no node in it") }
        guard shapes.count <= Limits.nodesPerConnectionCountMax else {
            throw ProcessEnd(
                .usage, "\(name): \(shapes.count) nodes; one agent serves at most \(Limits.nodesPerConnectionCountMax)")
        }
        return shapes
    }

    private static func names(_ path: String, place: String) throws(ProcessEnd) -> String {
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 4, names.allSatisfy({ isWellFormedName($0) }) else {
            throw ProcessEnd(.usage, "\(place): node \"\(path)\"; expected SITE/HALL/RACK/NODE")
        }
        return path
    }

    private static func shape(_ path: String, _ devices: String, place: String) throws(ProcessEnd) -> NodeShape {
        let halves = devices.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count == 2, isWellFormedName(parts[0]), let count = Int(parts[1]),
            (1...GPUSet.countMax).contains(count)
        else {
            throw ProcessEnd(
                .usage, "\(place): devices \"\(devices)\"; expected KIND*COUNT with 1 to \(GPUSet.countMax) GPUs")
        }
        let stated = parts[0] + (halves.count == 2 ? "@" + halves[1] : "")
        let kind = try kind(stated, gpuCount: count, place: place, form: "\(parts[0])*\(count)")
        return NodeShape(path: path, kind: kind, gpuCount: count)
    }

    /// Reads `KIND`, or `KIND@WATTS` of one that does not ship with the house.
    private static func kind(
        _ text: Substring, gpuCount: Int, place: String, form: String
    ) throws(ProcessEnd) -> GPUKind {
        let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard isWellFormedName(halves[0]) else {
            throw ProcessEnd(.usage, "\(place): kind \"\(halves[0])\"; expected a name, such as H100")
        }
        let name = String(halves[0])
        if halves.count == 2 {
            let limit = Watts(Limits.nodeEnvelopeMax.count / Int64(gpuCount))
            guard let envelope = Watts(text: String(halves[1])), envelope > .zero, envelope <= limit else {
                throw ProcessEnd(
                    .usage,
                    "\(place): envelope \"\(halves[1])\"; expected watts of a GPU, such as 900W, at most \(limit)")
            }
            return GPUKind(name: name, memoryGiB: 0, envelope: envelope, idleFloor: Watts(envelope.count / 8))
        }
        guard let kind = GPUKind.catalogue.first(where: { $0.name == name }) else {
            let known = GPUKind.catalogue.map(\.name).joined(separator: ", ")
            throw ProcessEnd(
                .usage, "\(place): kind \(name); expected one of \(known), or its envelope too: \(form)@900W")
        }
        return kind
    }
}
