import LeaseholdLog
import LeaseholdModel

/// Puts the coordinator's answers together to the files of an export, all of them under the head of the first answer.
struct ExportGatherer {
    /// The first record of the next answer.
    private(set) var next: RecordIndex
    /// The head to prove it under; nil before the first answer, unless the asker has one.
    private(set) var under: HeadText?
    /// Whether all records up to the head were looked at.
    private(set) var isWhole = false
    /// Records so far.
    private(set) var recordCount = 0
    /// Files that were made so far.
    var fileCount = 0

    private var signed: SignedHead?
    private var records: [LedgerRecord] = []
    private var byteCount = 0

    init(from first: RecordIndex, under head: HeadText?) {
        (next, under) = (first, head)
    }

    /// Takes an answer; returns the file before it, where it is full.
    ///
    /// Ends the command where the answer is none to what was asked.
    mutating func take(_ shown: LogShown) throws(Ending) -> LedgerProof? {
        let page = try LedgerFile.shown(Array(shown.text.utf8), name: "the coordinator's export")
        guard case .proof(.export(let head, let more)) = page.content, shown.through >= next,
            under == nil || under?.text == head.text,
            more.allSatisfy({ $0.index >= next && $0.index <= shown.through })
        else {
            throw Ending.unproved(
                "not proved: the coordinator's answer from record \(next) is not the export that was asked for")
        }
        signed = head
        under = HeadText(head.text)
        var full: LedgerProof?
        let size = shown.text.utf8.count
        if records.count + more.count > LedgerLimits.exportRecordCountMax
            || byteCount + size > LedgerLimits.proofByteCountMax
        {
            full = .export(head, records)
            (records, byteCount) = ([], 0)
        }
        records += more
        byteCount += size
        recordCount += more.count
        isWhole = shown.through >= head.head.index
        next = shown.through.next
        return full
    }

    /// The last file.
    var rest: LedgerProof { .export(newest, records) }

    /// The head that everything is proved under.
    var head: LedgerHead { newest.head }

    private var newest: SignedHead {
        guard let signed else { preconditionFailure("an export without an answer") }
        return signed
    }
}
