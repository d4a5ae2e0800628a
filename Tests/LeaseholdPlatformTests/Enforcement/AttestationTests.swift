import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

@Suite("What GPUs say of themselves")
struct AttestationTests {
    private static let head = LogHead(index: RecordIndex(rawValue: 1_741), chain: ChainHash(words: (1, 2, 3, 4)))

    private let scratch = Scratch()
    private let hardware: PlayedHardware

    init() throws {
        hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu T4 \(gpu(2))", "confidential 2 1 0 0")
    }

    private func grant(_ index: UInt64 = 13, reign: UInt64 = 1) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: index),
            epoch: Epoch(reign: Reign(rawValue: reign), index: RecordIndex(rawValue: 13)), gpus: .first(2))
    }

    /// Attests both GPUs.
    private func attest(_ wish: Attestation.Wish = .offered) -> StepOutcome? {
        let watch = DriverWatch(DriverWatch.Settings(library: hardware.path, patience: .seconds(20)))
        let enforcer = Enforcer(
            Enforcer.Settings(
                hookDirectory: scratch.path, reset: nil, attestation: wish, evidenceDirectory: evidence,
                containerDirectory: nil), driver: watch, standing: [], names: [gpu(1), gpu(2)])
        let outcome = Mutex<StepOutcome?>(nil)
        let told = DispatchSemaphore(value: 0)
        let order = StepOrder(
            grant: grant(), step: .attest, head: Self.head, node: "s/h/r/n", gpus: [(gpu(1), nil), (gpu(2), nil)])
        enforcer.perform(order) { new in
            outcome.withLock { $0 = new }
            told.signal()
        }
        guard told.wait(timeout: .now() + 20) == .success else { return nil }
        return outcome.withLock { $0 }
    }

    private var evidence: String { scratch.path(of: "attestation") }

    /// What lies there for a verifier that is not running.
    private var left: [String]? { try? FileManager.default.contentsOfDirectory(atPath: evidence) }  // no folder: none

    /// Why GPUs were not attested; nil where they were.
    private func refusal(_ wish: Attestation.Wish = .offered) -> String? {
        if case .failed(let reason)? = attest(wish) { reason } else { nil }
    }

    @Test("the verifier reads what each GPU has said to the nonce of this order, and what it says goes on record")
    func verified() throws {
        let kept = scratch.path(of: "kept")
        _ = try scratch.program(
            "on-attest",
            "cp -r $LEASEHOLD_ATTESTATION \(kept); mkdir -p $LEASEHOLD_ATTESTATION/own/words; echo $LEASEHOLD_LEASE is trusted"
        )
        let outcome = attest(.required)
        guard case .done(let said)? = outcome else { return #expect(Bool(false), "\(String(describing: outcome))") }
        let manifest = try Data(contentsOf: URL(filePath: "\(kept)/manifest"))
        let digest = Attestation.digest(Array(manifest))
        #expect(
            said
                == "2 GPUs asked with record 1741, chain \(Self.head.chain): manifest sha256 \(digest); exit status 0: "
                + "L13 is trusted")
        let lines = String(decoding: manifest, as: UTF8.self).split(separator: "\n")
        #expect(lines.first == "environment=2 confidential=1 multi-gpu=0 developer-tools=0" && lines.count == 3)
        for (line, name) in zip(lines.dropFirst(), [gpu(1), gpu(2)]) {
            let nonce = hex(Attestation.nonce(Self.head, grant(), name))
            let report = try Data(contentsOf: URL(filePath: "\(kept)/\(name).report"))
            #expect(String(decoding: report, as: UTF8.self) == "\(name) has heard \(nonce)\n")
            var words = ["\(name)", "nonce=\(nonce)"]
            for part in ["report", "chain", "identity"] + (name == gpu(1) ? ["controller"] : []) {
                let bytes = try Data(contentsOf: URL(filePath: "\(kept)/\(name).\(part)"))
                words.append("\(part)=\(Attestation.digest(Array(bytes)))")
            }
            #expect(line == words.joined(separator: " "))
        }
        #expect(left == [])
    }

    @Test("what the verifier does not trust nobody gets, and what it leaves behind stands in nobody's way")
    func distrusted() throws {
        _ = try scratch.program("on-attest", "mkdir $LEASEHOLD_ATTESTATION/own; echo revoked; exit 3")
        #expect(attest() == .failed(reason: "exit status 3: revoked"))
        #expect(attest() == .failed(reason: "exit status 3: revoked"))
        #expect(left == [])
    }

    @Test("without a verifier it is on record that nobody has judged it, and where it is required nobody gets the GPUs")
    func unjudged() throws {
        guard case .done(let said)? = attest() else { return #expect(Bool(false), "not done") }
        #expect(said.hasSuffix("; nobody has judged it"))
        #expect(refusal(.required)?.contains("there is no hook on-attest") == true)
    }

    @Test("what an agent that was killed has left to a verifier is removed by the next")
    func leftBehind() throws {
        let folder = "\(evidence)/L9-1.9-0"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = attest()
        #expect(left == [])
    }

    @Test("a machine that computes nothing confidentially says so, and may not do where it is required")
    func notOffered() throws {
        _ = try scratch.program("on-attest", "exit 1")
        let none = "nvmlSystemGetConfComputeSettings 13"
        for line in ["confidential 2 0 0 0", "fail \(none)", "fail nvmlSystemGetConfComputeState 3"] {
            try hardware.say(line)
            #expect(attest() == .done(evidence: "not offered: nothing is computed confidentially here"))
            #expect(refusal(.required)?.contains("nothing is computed confidentially here") == true)
        }
    }

    @Test("several GPUs that are one to whoever computes are asked too, and so are those of an older driver")
    func modes() throws {
        _ = try scratch.program("on-attest", "exit 0")
        for line in ["confidential 2 0 1 0", "confidential 2 1 0 0", "fail nvmlSystemGetConfComputeSettings 13"] {
            try hardware.say(line)
            guard case .done(let said)? = attest(.required) else { return #expect(Bool(false), "\(line)") }
            #expect(said.hasPrefix("2 GPUs asked"))
        }
        for (line, word) in [("confidential 2 1 0 1", "DevTools"), ("confidential 1 1 0 0", "no production")] {
            try hardware.say("heal")
            try hardware.say(line)
            #expect(refusal(.required)?.contains(word) == true, "\(line)")
            // Who does not require it is told by the manifest.
            #expect(refusal() == nil)
        }
    }

    @Test(
        "a question that the driver does not answer, or not as it should, is no attestation",
        arguments: [
            "fail nvmlSystemGetConfComputeSettings 999", "fail nvmlDeviceGetConfComputeGpuAttestationReport 10",
            "fail nvmlDeviceGetConfComputeGpuCertificate 3", "lose \(gpu(2))", "set \(gpu(2)) report_count 8193",
            "driver unload",
        ])
    func unanswered(line: String) throws {
        try hardware.say(line)
        #expect(refusal() != nil)
        #expect(left == nil)
    }

    @Test("a nonce is another for every order, lease, epoch and GPU, and anybody can make it again")
    func nonces() {
        let other = LogHead(index: Self.head.index, chain: ChainHash(words: (1, 2, 3, 5)))
        let nonces: Set = [
            Attestation.nonce(Self.head, grant(), gpu(1)), Attestation.nonce(other, grant(), gpu(1)),
            Attestation.nonce(Self.head, grant(14), gpu(1)), Attestation.nonce(Self.head, grant(reign: 2), gpu(1)),
            Attestation.nonce(Self.head, grant(), gpu(2)),
        ]
        #expect(nonces.count == 5)
        // printf 'leasehold attestation v1\n1741 …\nL13\n1.13\nGPU-…\n' | sha256sum
        #expect(
            hex(Attestation.nonce(Self.head, grant(), gpu(1)))
                == "2723ab6c8e4196ad7958c9db22e28508273a4cfa5a70e3f558a17e299a250bbb")
    }

    private func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
}
