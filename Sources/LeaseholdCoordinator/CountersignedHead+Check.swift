package import LeaseholdLog
package import LeaseholdModel

extension CountersignedHead {
    /// Looks at both signatures, that of the log and that of the key that came with it; returns the head where both hold.
    package mutating func check(against ledgerKey: LedgerKey) -> LedgerHead? {
        do throws(LedgerRefusal) {
            let head = try SignedHead(text: Array(self.head.text.utf8))
            let signer = try LedgerKey(text: Array(key.utf8))
            try head.check([ledgerKey, signer])
            standing = .good(head: head.head.index, signer: signer.name)
            return head.head
        } catch {
            standing = .bad(reason: "\(error)")
            return nil
        }
    }
}
