internal import Crypto
internal import Foundation
internal import Glibc
package import LeaseholdDevices
package import LeaseholdModel

/// What a GPU says of itself to whoever doubts it: its report, which it has signed, and the certificates by which that is
/// judged.
///
/// The picture to have in mind is a witness who is asked for the password of the day: the nonce is made from the head of
/// the log that the coordinator has shown last, so the answer is no older than that. What it means is for the site's
/// verifier to say.
package struct Attestation: Hashable, Sendable {
    /// Whether GPUs have to say it.
    package enum Wish: String, Sendable, CaseIterable {
        /// Where they compute confidentially.
        case offered
        /// No GPU is given to anybody that does not, or of which no verifier says that it does.
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

    /// The bytes that a GPU has to have in its report: the SHA-256 of five lines of text, all of which are in the lease's
    /// certificate.
    ///
    /// - Parameters:
    ///   - head: the head of the log that the coordinator has shown last.
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

    fileprivate static func digits(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    fileprivate var files: [(name: String, bytes: [UInt8])] {
        [("report", report), ("chain", chain), ("identity", identity)] + (controller.map { [("controller", $0)] } ?? [])
    }

    fileprivate var line: String {
        let digests = files.map { "\($0.name)=\(Attestation.digest($0.bytes))" }.joined(separator: " ")
        return "\(gpu.driverText) nonce=\(Attestation.digits(nonce)) \(digests)"
    }
}

/// How a machine keeps what runs on its GPUs from whoever has the machine, by its driver's word.
package struct ConfidentialMode: Hashable, Sendable {
    /// The driver's number: 1 a simulation, 2 the real thing.
    package let environment: UInt32
    /// Each GPU encrypts what leaves it.
    package let isOn: Bool
    /// Several GPUs and their switches are one: 1 where links are protected, 2 where they encrypt.
    package let multiGPU: UInt32
    /// What runs can be looked into by developers' tools.
    package let hasDeveloperTools: Bool

    package init(environment: UInt32, isOn: Bool, multiGPU: UInt32, hasDeveloperTools: Bool) {
        self.environment = environment
        self.isOn = isOn
        self.multiGPU = multiGPU
        self.hasDeveloperTools = hasDeveloperTools
    }

    /// The mode of a driver that has never heard of it.
    package static let off = ConfidentialMode(environment: 0, isOn: false, multiGPU: 0, hasDeveloperTools: false)

    /// Whether GPUs have something to say about it.
    package var isConfidential: Bool { isOn || multiGPU != 0 }

    /// Why it keeps nothing from anybody; nil where it does.
    package var weakness: String? {
        if !isConfidential { return "the driver says that nothing is computed confidentially here" }
        if hasDeveloperTools { return "developers' tools can look into what runs here (DevTools mode)" }
        return environment == 2 ? nil : "the driver says that this is no production environment (\(environment))"
    }
}

/// What a machine and some of its GPUs have said.
struct SystemAttestation: Sendable {
    let mode: ConfidentialMode
    let gpus: [Attestation]

    /// All of it in one text: a line of the machine, and one for each GPU with its nonce and the digests of its files.
    var manifest: [UInt8] {
        let machine =
            "environment=\(mode.environment) confidential=\(mode.isOn ? 1 : 0) multi-gpu=\(mode.multiGPU) "
            + "developer-tools=\(mode.hasDeveloperTools ? 1 : 0)"
        return Array(([machine] + gpus.map(\.line)).map { "\($0)\n" }.joined().utf8)
    }

    /// Writes it anew: `manifest`, and `GPU-….report` and so on for each.
    func write(to folder: String) throws(SystemFailure) {
        SystemAttestation.remove(folder)
        let parent = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
        for path in [parent, folder] {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemFailure("make", path) }
        }
        try AtomicFile.write(manifest, to: "\(folder)/manifest")
        for gpu in gpus {
            for (name, bytes) in gpu.files {
                try AtomicFile.write(bytes, to: "\(folder)/\(gpu.gpu.driverText).\(name)")
            }
        }
    }

    /// Removes a folder with all that a verifier has put into it.
    ///
    /// What cannot be removed stays: it says nothing about the GPUs, and is written over.
    static func remove(_ folder: String) {
        guard access(folder, F_OK) == 0 else { return }
        do { try FileManager.default.removeItem(atPath: folder) } catch {
            // As it says.
        }
    }
}

extension DriverWatch {
    /// What a GPU may take to sign something, beyond what the driver has for any other question.
    private static var signingTime: Span { .seconds(30) }

    /// What the machine and some of its GPUs say; nothing of the GPUs where nothing is computed confidentially here.
    func attest(_ gpus: [(gpu: GPUUUID, nonce: [UInt8])]) -> Result<SystemAttestation, Reason> {
        do throws(Reason) {
            let mode = try ask { desk throws(NVMLFailure) in try desk.library.confidentialMode() }.get()
            guard mode.isConfidential else { return .success(SystemAttestation(mode: mode, gpus: [])) }
            // One by one: each takes its time, and the driver is asked other things in between.
            var words: [Attestation] = []
            for (gpu, nonce) in gpus {
                let report = try ask(allowing: DriverWatch.signingTime) { desk throws(NVMLFailure) in
                    try desk.library.device(gpu).report(nonce)
                }.get()
                let chains = try ask(allowing: DriverWatch.signingTime) { desk throws(NVMLFailure) in
                    try desk.library.device(gpu).certificates()
                }.get()
                words.append(
                    Attestation(
                        gpu: gpu, nonce: nonce, report: report.gpu, controller: report.controller, chain: chains.report,
                        identity: chains.identity))
            }
            return .success(SystemAttestation(mode: mode, gpus: words))
        } catch {
            return .failure(error)
        }
    }
}
