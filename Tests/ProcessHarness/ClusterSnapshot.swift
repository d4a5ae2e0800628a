import Foundation

/// What holds one GPU: a lease under an epoch.
package struct Holding: Hashable, CustomStringConvertible {
    package let lease: String
    package let epoch: String
    package init(lease: String, epoch: String) {
        self.lease = lease
        self.epoch = epoch
    }
    package var description: String { "\(lease)@\(epoch)" }
}

/// Book, devices and log at one moment.
package struct ClusterSnapshot {
    /// By `NODE#GPU`, as `lease list` says.
    package var book: [String: Holding] = [:]
    /// By `NODE#GPU`, as the device files say.
    package var devices: [String: Holding] = [:]
    /// Marks of a second holder that any device ever saw.
    package var intrusions: UInt64 = 0
    package var headIndex = ""
    package var bookDigest = ""
    package var verified: [String: Any] = [:]

    /// Where the three differ; nil where they agree.
    package var complaint: String? {
        if intrusions > 0 { return "\(intrusions) marks of a second holder" }
        for (gpu, holding) in book where devices[gpu] != holding {
            return "\(gpu): the book says \(holding), the device \(devices[gpu].map { "\($0)" } ?? "nothing")"
        }
        for (gpu, holding) in devices where book[gpu] == nil {
            return "\(gpu): the device says \(holding), the book nothing"
        }
        let leased = number((verified["gpus"] as? [String: Any])?["leased"])
        if leased != book.count { return "the log has \(leased) GPUs leased, the book \(book.count)" }
        if verified["headIndex"] as? String != headIndex {
            return "the log ends at \(verified["headIndex"] ?? "?"), the book at \(headIndex)"
        }
        if verified["bookDigest"] as? String != bookDigest {
            return "the log's digest is \(verified["bookDigest"] ?? "?"), the book's \(bookDigest)"
        }
        return nil
    }
}

extension LocalCluster {
    /// Waits until no lease is on its way in or out.
    package func waitUntilSettled(within seconds: Double) throws {
        var last = ""
        let isSettled = try eventually(within: seconds) {
            last = try must("status", "-o", "json")
            guard let leases = try jsonLines(last).first?["leases"] as? [String: Any] else { return false }
            return number(leases["starting"]) == 0 && number(leases["ending"]) == 0
        }
        guard isSettled else { throw HarnessFailure("leases on their way after \(seconds) s: \(last)") }
    }

    /// Reads all three; the log from a copy, because the coordinator holds the original.
    package func snapshot() throws -> ClusterSnapshot {
        var snapshot = ClusterSnapshot()
        for lease in try jsonLines(must("lease", "list", "-o", "json")) {
            guard let id = lease["id"] as? String, let epoch = lease["epoch"] as? [String: Any],
                let placements = lease["placements"] as? [String: Any],
                let names = placements["nodeNames"] as? [String], let masks = placements["gpuMasks"] as? [Any]
            else { throw HarnessFailure("a lease without its facts: \(lease)") }
            let holding = Holding(lease: id, epoch: "\(number(epoch["reign"])).\(number(epoch["index"]))")
            for (name, mask) in zip(names, masks) {
                for gpu in 0..<16 where number(mask) >> gpu & 1 == 1 { snapshot.book["\(name)#\(gpu)"] = holding }
            }
        }
        for index in plans.indices { try readDevices(of: index, into: &snapshot) }
        guard let status = try jsonLines(must("status", "-o", "json")).first else {
            throw HarnessFailure("no status")
        }
        snapshot.headIndex = status["headIndex"] as? String ?? ""
        snapshot.bookDigest = status["bookDigest"] as? String ?? ""
        snapshot.verified = try verifyCopy()
        return snapshot
    }

    private func readDevices(of index: Int, into snapshot: inout ClusterSnapshot) throws {
        let answer = try run(
            "leasehold-agent", ["device", "show", "--state-dir", agentDirectory(index).path, "-o", "json"])
        guard answer.status == 0 else { throw HarnessFailure("device show: \(answer.complaint)") }
        for gpu in try jsonLines(answer.output) {
            snapshot.intrusions += UInt64(number(gpu["intrusions"]))
            guard let lease = gpu["lease"] as? String, let epoch = gpu["epoch"] as? String,
                let node = gpu["node"] as? String
            else { continue }
            snapshot.devices["\(node)#\(number(gpu["gpu"]))"] = Holding(lease: lease, epoch: epoch)
        }
    }

    /// What `verify` says of the log as it is on disk now.
    package func verifyCopy() throws -> [String: Any] {
        let copy = directory.appendingPathComponent("copy-\(UUID().uuidString.prefix(8))")
        try FileManager.default.copyItem(at: coordinatorDirectory, to: copy)
        defer {
            do { try FileManager.default.removeItem(at: copy) } catch { print("left behind: \(copy.path)") }
        }
        let answer = try run("leasehold-coordinator", ["verify", "--state-dir", copy.path, "-o", "json"])
        guard answer.status == 0, let verified = try jsonLines(answer.output).first else {
            throw HarnessFailure("verify: \(answer.status) \(answer.output)\(answer.complaint)")
        }
        return verified
    }
}

/// The JSON objects of a text, one a line.
package func jsonLines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
        guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            throw HarnessFailure("not an object: \(line)")
        }
        return object
    }
}

/// A whole number of protobuf's JSON: printed as a number, or as a string when it has 64 bits.
package func number(_ value: Any?) -> Int {
    switch value {
    case let number as NSNumber: number.intValue
    case let text as String: Int(text) ?? 0
    default: 0
    }
}

extension String {
    /// Without white space at its ends.
    package var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
