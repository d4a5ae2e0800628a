/// What is answered from the log itself, by who reads it, and not from the book.
package enum LogQuestion: Hashable, Sendable {
    /// The newest signed head.
    case head
    /// A proof that a record is in the log of a head: of one that the asker has, or of the newest.
    case inclusion(of: RecordIndex, under: HeadText?)
    /// A proof that a head which the asker has is the beginning of another one, or of the newest.
    case consistency(from: HeadText, to: HeadText?)
    /// The records about a tenant from one on, as many as fit, each with its proof; without a tenant those about the fleet.
    case export(tenant: String?, from: RecordIndex, under: HeadText?)
    /// A page of the log from a place on, for a backup.
    case page(BackupPlace)
}

/// A signed head as text that nobody here has read: whoever believes it checks its signatures first.
package struct HeadText: Hashable, Sendable {
    package let text: String

    /// A text; nil where there is none, or it is longer than any head.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Limits.headTextByteCountMax else { return nil }
        self.text = text
    }
}

/// What was shown of the log.
package struct LogShown: Hashable, Sendable {
    /// A signed head, or a proof: the text of a file.
    package let text: String
    /// The public key of the log, as text; whoever believes it has it from elsewhere.
    package let key: String
    /// The last record that was looked at; the next piece of an export begins behind it.
    package let through: RecordIndex
    /// The record of the head that it is proved under.
    package let head: RecordIndex

    package init(text: String, key: String, through: RecordIndex, head: RecordIndex) {
        self.text = text
        self.key = key
        self.through = through
        self.head = head
    }
}

/// A head under which a tenant has put its own signature.
///
/// Whoever takes it from the wire has checked nothing; the signatures are checked before it comes to a machine.
package struct CountersignedHead: Hashable, Sendable {
    /// What is known of the signatures.
    package enum Standing: Hashable, Sendable {
        case unchecked
        /// Both hold: the log's, and that of the key, which is called after this tenant.
        case good(head: RecordIndex, signer: String)
        /// One does not, because of this.
        case bad(reason: String)
    }

    /// The head with both signatures.
    package let head: HeadText
    /// The tenant's public key, as text.
    package let key: String
    package var standing: Standing

    package init(head: HeadText, key: String, standing: Standing = .unchecked) {
        self.head = head
        self.key = key
        self.standing = standing
    }
}
