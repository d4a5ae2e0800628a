internal import Crypto
internal import Foundation
internal import Glibc
package import LeaseholdDevices
package import LeaseholdModel

/// What a GPU says of itself to whoever doubts it: its report, which it has signed, and the certificates by which that is
/// judged.
///
/// The picture to have in mind is a witness who is asked for the password of the day: the nonce is made from the head of
/// the log that the coordinator has shown with its order, which nobody could know before, so the answer is to this
/// question and no older one. What it means is for the site's verifier to say.
package struct Attestation: Hashable, Sendable {
    /// Whether GPUs have to say it.
    package enum Wish: String, Sendable, CaseIterable {
        /// Where they compute confidentially.
        case offered
        /// No GPU that does not is given to anybody.
        case required
        /// They are not asked.
        case none
    }

    package let gpu: GPUUUID
    package let nonce: [UInt8]
    /// SPDM measurements, signed by the GPU.
    package let report: [UInt8]
    /// The same of its embedded controller; nil where it has none that speaks.
    package let controller: [UInt8]?
    /// The certificates of the key that has signed the report.
    package let chain: [UInt8]
    /// The certificates of the GPU itself.
    package let identity: [UInt8]

    /// The bytes that a GPU has to have in its report: the SHA-256 of five lines of text, of which every one is known to
    /// whoever has the lease's certificate and the log.
    ///
    /// - Parameters:
    ///   - head: the head of the log that the order for the grant has shown.
    ///   - grant: for whom it is asked.
    ///   - gpu: which of its GPUs.
    /// - Returns: 32 bytes.
    package static func nonce(_ head: LogHead, _ grant: GuardedGrant, _ gpu: GPUUUID) -> [UInt8] {
        let lines = [
            "leasehold attestation v1", "\(head.index) \(head.chain)", "\(grant.lease)", "\(grant.epoch)",
            gpu.driverText,
        ]
        return Array(SHA256.hash(data: Data(lines.map { "\($0)\n" }.joined().utf8)))
    }

    /// The SHA-256 of some bytes, in hexadecimal digits.
    package static func digest(_ bytes: [UInt8]) -> String { digits(Array(SHA256.hash(data: Data(bytes)))) }

    private static func digits(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// What some GPUs have said, in one text: a line for each, with its nonce and the digests of its files in their order.
    package static func manifest(of words: [Attestation]) -> [UInt8] {
        Array(
            words.map { word in
                let digests = word.files.map { "\($0.name)=\(digest($0.bytes))" }.joined(separator: " ")
                return "\(word.gpu.driverText) nonce=\(digits(word.nonce)) \(digests)\n"
            }.joined().utf8)
    }

    private var files: [(name: String, bytes: [UInt8])] {
        [("report", report), ("chain", chain), ("identity", identity)] + (controller.map { [("controller", $0)] } ?? [])
    }

    /// Writes what some GPUs have said: `manifest`, and `GPU-….report` and so on for each.
    static func write(_ words: [Attestation], to folder: String) throws(SystemFailure) {
        let parent = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
        for path in [parent, folder] {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemFailure("make", path) }
        }
        try AtomicFile.write(manifest(of: words), to: "\(folder)/manifest")
        for word in words {
            for (name, bytes) in word.files {
                try AtomicFile.write(bytes, to: "\(folder)/\(word.gpu.driverText).\(name)")
            }
        }
    }

    /// Removes a folder that `write` has made, if it is there.
    static func remove(_ folder: String) throws(SystemFailure) {
        let names: [String]
        do throws(SystemFailure) { names = try AtomicFile.names(in: folder) } catch {
            guard error.isAbsence else { throw error }
            return
        }
        for name in names { try AtomicFile.remove("\(folder)/\(name)") }
        guard rmdir(folder) == 0 else { throw SystemFailure("remove", folder) }
    }
}

extension DriverWatch {
    /// What some GPUs say of themselves; nil where nothing is computed confidentially here, so that they say nothing.
    func attest(_ gpus: [(gpu: GPUUUID, nonce: [UInt8])]) -> Result<[Attestation]?, Reason> {
        do throws(Reason) {
            let isOffered = try ask { desk throws(NVMLFailure) in try desk.library.isConfidential() }.get()
            guard isOffered else { return .success(nil) }
            // One by one: each takes its time, and the driver is asked other things in between.
            var words: [Attestation] = []
            for (gpu, nonce) in gpus {
                words.append(
                    try ask { desk throws(NVMLFailure) in try desk.library.device(gpu).attestation(nonce) }.get())
            }
            return .success(words)
        } catch {
            return .failure(error)
        }
    }
}
