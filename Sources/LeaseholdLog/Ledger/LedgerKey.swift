private import Crypto

/// Whose signatures are believed: a name and an Ed25519 public key, in the form of C2SP signed-note.
///
/// The key of a log is called like the origin of its heads.
package struct LedgerKey: Hashable, Sendable {
    /// Printable ASCII without spaces and plus signs.
    package let name: String
    /// The 32 bytes of RFC 8032.
    package let publicKey: [UInt8]
    /// The first four bytes of `SHA-256(name ‖ 0A ‖ 01 ‖ public key)`, which a signature names its key by.
    package let id: UInt32

    /// A key; nil where the name cannot be one, or the key has not 32 bytes.
    package init?(name: String, publicKey: [UInt8]) {
        guard LedgerKey.isName(name), publicKey.count == 32 else { return nil }
        self.name = name
        self.publicKey = publicKey
        var hash = SHA256()
        (Array(name.utf8) + [0x0A, LedgerKey.ed25519] + publicKey).withUnsafeBytes { hash.update(bufferPointer: $0) }
        id = hash.finalize().withUnsafeBytes { UInt32(truncatingIfNeeded: $0.bigWord(at: 0) >> 32) }
    }

    /// Reads the text of `text`, with or without one line end behind it.
    package init(text: [UInt8]) throws(LedgerRefusal) {
        let line = text.last == 0x0A ? text.dropLast() : text[...]
        guard line.count <= LedgerLimits.keyTextByteCountMax else {
            throw .tooMuch("bytes of a key", count: UInt64(line.count), limit: UInt64(LedgerLimits.keyTextByteCountMax))
        }
        let parts = line.split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.bytes(of: parts[2]), bytes.first == LedgerKey.ed25519,
            let name = String(validating: parts[0], as: UTF8.self),
            let key = LedgerKey(name: name, publicKey: Array(bytes.dropFirst())), Array(key.text.utf8) == Array(line)
        else { throw .malformed(line: 1, expected: "a key such as NAME+0a1b2c3d+AQ…, of Ed25519") }
        self = key
    }

    /// `NAME+ID+KEY`: the id in eight hexadecimal digits, the byte 01 and the public key in base 64.
    package var text: String {
        "\(name)+\(LedgerKey.digits(of: id))+\(Base64.text(of: [LedgerKey.ed25519] + publicKey))"
    }

    /// Whether these 64 bytes are this key's signature of a text.
    func hasSigned(_ text: [UInt8], with signature: [UInt8]) -> Bool {
        do {
            return try Curve25519.Signing.PublicKey(rawRepresentation: publicKey).isValidSignature(signature, for: text)
        } catch {
            return false
        }
    }

    /// The byte that stands for Ed25519 in C2SP signed-note.
    static let ed25519: UInt8 = 0x01

    /// Whether a key can have this name.
    static func isName(_ name: String) -> Bool {
        (1...LedgerLimits.keyNameByteCountMax).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "+") }
    }

    static func digits(of id: UInt32) -> String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}

/// Who signs heads: a name and a secret seed of 32 bytes, drawn by chance outside this room.
///
/// The same seed gives the same signature of the same text (RFC 8032).
package struct LedgerSigner: Sendable {
    /// What the signatures are checked with.
    package let key: LedgerKey
    private let seed: [UInt8]

    /// A signer; nil where the name cannot be a key's, or the seed has not 32 bytes.
    package init?(name: String, seed: [UInt8]) {
        do {
            let secret = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
            guard let key = LedgerKey(name: name, publicKey: Array(secret.publicKey.rawRepresentation)) else {
                return nil
            }
            self.key = key
            self.seed = seed
        } catch {
            return nil
        }
    }

    /// Reads the text of `secretText`, with or without one line end behind it.
    package init(secretText: [UInt8]) throws(LedgerRefusal) {
        let line = secretText.last == 0x0A ? secretText.dropLast() : secretText[...]
        let parts = line.split(separator: UInt8(ascii: "+"), maxSplits: 4, omittingEmptySubsequences: false)
        guard line.count <= LedgerLimits.keyTextByteCountMax, parts.count == 5,
            let bytes = Base64.bytes(of: parts[4]), bytes.first == LedgerKey.ed25519,
            let name = String(validating: parts[2], as: UTF8.self),
            let signer = LedgerSigner(name: name, seed: Array(bytes.dropFirst())),
            Array(signer.secretText.utf8) == Array(line)
        else { throw .malformed(line: 1, expected: "a key such as PRIVATE+KEY+NAME+0a1b2c3d+AQ…, of Ed25519") }
        self = signer
    }

    /// `PRIVATE+KEY+NAME+ID+SEED`, as other tools for signed notes keep it.
    package var secretText: String {
        "PRIVATE+KEY+\(key.name)+\(LedgerKey.digits(of: key.id))+\(Base64.text(of: [LedgerKey.ed25519] + seed))"
    }

    /// The signature of a head.
    package func signature(of head: LedgerHead) -> LedgerSignature {
        do {
            let secret = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
            let bytes = try secret.signature(for: Array(head.text.utf8))
            return LedgerSignature(name: key.name, id: key.id, bytes: Array(bytes))
        } catch {
            preconditionFailure("key \(key.name), which made its public key, does not sign: \(error)")
        }
    }
}
