import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

/// Proofs as somebody checks them who has neither this program nor its language.
///
/// `verify_proof.py` was written from the specifications alone. It needs `python3` and its package `cryptography`; where
/// they are missing these tests fail and say so.
@Suite("An outsider's check of proofs")
struct OutsiderTests {
    private struct Verdict {
        let status: Int32
        let out: String
        let error: String
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "verify_proof.py")

    /// A folder of its own, removed with the test.
    private final class Scratch {
        let folder: URL

        init() throws {
            folder = URL(filePath: "/tmp/leasehold-outsider-\(UUID().uuidString)", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        deinit {
            do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(folder): \(error)") }
        }

        func write(_ bytes: [UInt8], _ name: String) throws -> String {
            let file = folder.appending(path: name)
            try Data(bytes).write(to: file)
            return file.path
        }
    }

    /// Runs the script on a proof, with the log's key and the tenant's.
    private func check(_ proof: [UInt8], keys: [LedgerKey]) throws -> Verdict {
        let scratch = try Scratch()
        var arguments = ["python3", OutsiderTests.script.path, try scratch.write(proof, "proof")]
        for (number, key) in keys.enumerated() {
            arguments.append(try scratch.write(Array((key.text + "\n").utf8), "key-\(number)"))
        }
        let process = Process()
        let (out, error) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = out
        process.standardError = error
        try process.run()
        let said = out.fileHandleForReading.readDataToEndOfFile()
        let complained = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let verdict = Verdict(
            status: process.terminationStatus, out: String(decoding: said, as: UTF8.self),
            error: String(decoding: complained, as: UTF8.self))
        #expect(
            verdict.status != 127 && !verdict.error.contains("needs the Python package"),
            "these tests need python3 with its package cryptography: \(verdict.error)")
        return verdict
    }

    private static let keys = [LedgerFixture.signer.key, LedgerFixture.tenantSigner.key]

    @Test("every kind of proof is believed", arguments: LedgerProofTests.samples)
    func believed(proof: LedgerProof) throws {
        let verdict = try check(proof.text, keys: OutsiderTests.keys)
        #expect(verdict.status == 0, "\(verdict.error)")
        #expect(!verdict.out.isEmpty)
    }

    @Test("larger proofs are believed: a record of seventy thousand, and the heads of two tiles")
    func large() throws {
        let ledger = LedgerFixture(count: 70_000)
        for proof in [ledger.inclusion(256, under: 70_000), ledger.consistency(65_537, 70_000)] {
            #expect(try check(proof.text, keys: [LedgerFixture.signer.key]).status == 0)
        }
    }

    @Test("what was changed is believed by neither", arguments: LedgerProofTests.samples.indices)
    func changed(number: Int) throws {
        let proof = LedgerProofTests.samples[number]
        let text = proof.text
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
        var changes: [[UInt8]] = [Array(text.dropLast()), text + [0x0A], Array(text[..<(text.count / 2)])]
        // One bit of each kind of line: of the last hash or signature, of the root, of the record, of the signature.
        for line in [lines.count - 2, 4, 5, 9, 11, lines.firstIndex { $0.starts(with: Array("record ".utf8)) } ?? 2] {
            guard line < lines.count, let last = lines[line].indices.last else { continue }
            var other = lines
            other[line][max(0, last - 3)] ^= 1
            changes.append(Array(other.joined(separator: [0x0A])))
        }
        // Another proof behind it.
        changes.append(text + LedgerProofTests.samples[(number + 1) % LedgerProofTests.samples.count].text)
        for changed in changes {
            #expect(throws: LedgerRefusal.self) { try LedgerProof(text: changed).check(OutsiderTests.keys) }
            let verdict = try check(changed, keys: OutsiderTests.keys)
            #expect(verdict.status == 1 && verdict.error.hasPrefix("not proved: "), "\(verdict.error)")
        }
    }

    @Test("a sound proof is believed with its own keys only")
    func otherKeys() throws {
        let text = LedgerProofTests.samples[0].text
        let missing = try check(text, keys: [LedgerFixture.tenantSigner.key])
        #expect(missing.status == 1 && missing.error.contains("no key of"))
        let other = try check(text, keys: [LedgerFixture.signer.key, LedgerFixture.otherSigner.key])
        #expect(other.status == 1 && other.error.contains("is not signed by"))
    }
}
