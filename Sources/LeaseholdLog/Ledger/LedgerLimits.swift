package import LeaseholdModel

/// The bounds of the ledger by name, each with its reason (L10).
package enum LedgerLimits {
    /// The last record of a ledger: the largest index that can name a lease.
    package static let indexMax = RecordIndex(rawValue: 1 << 48 - 1)
    /// Hashes of an inclusion path: one for each doubling of the tree.
    package static let inclusionHashCountMax = 48
    /// Hashes of a consistency path, the one that can stand in front of it included.
    package static let consistencyHashCountMax = 49

    /// Doublings in one tile, as in C2SP tlog-tiles: a path over ten million records needs three of them.
    package static let tileHeight = 8
    /// Hashes in a full tile.
    package static let tileHashCount = 1 << tileHeight
    /// Bytes of a full tile.
    package static let tileByteCount = tileHashCount * LedgerHash.byteCount
    /// Levels of tiles that the largest ledger fills.
    package static let tileLevelCount = inclusionHashCountMax / tileHeight
    /// Tiles that one prover remembers, 16 KiB each: records that follow each other share theirs.
    package static let rememberedTileCountMax = 64

    /// The name of a key: longer than any origin, which has 110 bytes at most.
    package static let keyNameByteCountMax = 127
    /// Signatures under one head: the log's, and those of tenants and auditors.
    package static let signatureCountMax = 16
    /// A signed head with all its signatures.
    package static let noteByteCountMax = 8_192
    /// A key in its text form.
    package static let keyTextByteCountMax = 256

    /// Numbers under which an agent sets kept heads and keys aside: a disk rots seldom, a log gets another key seldom.
    package static let asideCountMax = 16

    /// Records in one export: with their paths they stay below the bound of a file unless they are large; more go into
    /// several.
    package static let exportRecordCountMax = 32_768
    /// A file with proofs: leasectl reads it whole.
    package static let proofByteCountMax = 67_108_864
    /// Leases of one tenant, ever, that its export knows the records of; eight bytes each.
    package static let ownedLeaseCountMax = 1_000_000
}
