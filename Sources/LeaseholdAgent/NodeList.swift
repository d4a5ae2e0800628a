package import LeaseholdDevices
import LeaseholdModel
package import LeaseholdPlatform

/// Nodes and their devices, as the command line and node lists name them.
package enum NodeList {
    /// Reads the devices of one node: `simulated:KIND*COUNT`, such as `simulated:H100*8`.
    ///
    /// A kind that does not ship with the house needs its envelope: `simulated:X1*4@900W`.
    package static func shape(node path: String, devices: String) throws(ProcessEnd) -> NodeShape {
        if devices == "nvml" {
            throw ProcessEnd(
                .usage, "--devices nvml: this release simulates its GPUs; expected simulated:KIND*COUNT")
        }
        guard devices.hasPrefix("simulated:") else {
            throw ProcessEnd(.usage, "--devices is \"\(devices)\"; expected simulated:KIND*COUNT")
        }
        return try shape(try names(path, place: "--node"), String(devices.dropFirst(10)), place: "--devices")
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
        let name = String(parts[0])
        if halves.count == 2 {
            let limit = Watts(Limits.nodeEnvelopeMax.count / Int64(count))
            guard let envelope = Watts(text: String(halves[1])), envelope > .zero, envelope <= limit else {
                throw ProcessEnd(
                    .usage,
                    "\(place): envelope \"\(halves[1])\"; expected watts of a GPU, such as 900W, at most \(limit)")
            }
            let kind = GPUKind(
                name: name, memoryGiB: 0, envelope: envelope, idleFloor: Watts(envelope.count / 8))
            return NodeShape(path: path, kind: kind, gpuCount: count)
        }
        guard let kind = GPUKind.catalogue.first(where: { $0.name == name }) else {
            let known = GPUKind.catalogue.map(\.name).joined(separator: ", ")
            throw ProcessEnd(
                .usage,
                "\(place): kind \(name); expected one of \(known), or its envelope too: \(name)*\(count)@900W")
        }
        return NodeShape(path: path, kind: kind, gpuCount: count)
    }
}
