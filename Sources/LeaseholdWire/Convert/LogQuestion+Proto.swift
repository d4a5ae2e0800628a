internal import LeaseholdModel
internal import SwiftProtobuf

// What is asked of the log and answered from it, as protobuf.

extension LogQuestion {
    /// The question as the body of a request.
    var proto: ProtoRequest.OneOf_Body {
        switch self {
        case .head: .ledgerHead(ProtoNothing())
        case .inclusion(let record, let head):
            .proveRecord(.with { ($0.record, $0.head) = (record.rawValue, head?.text ?? "") })
        case .consistency(let older, let newer):
            .proveHead(.with { ($0.from, $0.to) = (older.text, newer?.text ?? "") })
        case .export(let tenant, let first, let head):
            .exportRecords(
                .with {
                    ($0.tenant, $0.fleet) = (tenant ?? "", tenant == nil)
                    ($0.from, $0.head) = (first.rawValue, head?.text ?? "")
                })
        case .page(let place): .saveBackup(place.proto)
        }
    }
}

extension ProtoRecordProof {
    /// The question.
    var question: LogQuestion {
        get throws(FieldFault) {
            .inclusion(
                of: try Field.record(record, "proveRecord.record"), under: try Field.head(head, "proveRecord.head"))
        }
    }
}

extension ProtoHeadProof {
    /// The question.
    var question: LogQuestion {
        get throws(FieldFault) {
            guard let older = try Field.head(from, "proveHead.from") else {
                throw FieldFault(field: "proveHead.from", value: "absent", expected: "a signed head")
            }
            return .consistency(from: older, to: try Field.head(to, "proveHead.to"))
        }
    }
}

extension ProtoLedgerExport {
    /// The question.
    var question: LogQuestion {
        get throws(FieldFault) {
            try require(
                !fleet || tenant.isEmpty, "exportRecords.tenant", value: Field.quoted(tenant),
                expected: "none where the fleet's records are wanted")
            return .export(
                tenant: fleet ? nil : try Field.name(tenant, "exportRecords.tenant"),
                from: try Field.record(from, "exportRecords.from"), under: try Field.head(head, "exportRecords.head"))
        }
    }
}

extension CountersignedHead {
    /// The signature as protobuf.
    var proto: ProtoHeadSignature { .with { ($0.head, $0.key) = (head.text, key) } }

    /// Reads the signature, which nobody has checked.
    init(_ proto: ProtoHeadSignature) throws(FieldFault) {
        guard let head = try Field.head(proto.head, "countersignHead.head") else {
            throw FieldFault(field: "countersignHead.head", value: "absent", expected: "a signed head")
        }
        self.init(head: head, key: try Field.keyText(proto.key, "countersignHead.key"))
    }
}

extension LogShown {
    /// The answer as protobuf.
    var proto: ProtoLogShown {
        .with {
            ($0.text, $0.key) = (text, key)
            ($0.through, $0.head) = (through.rawValue, head.rawValue)
        }
    }

    /// Reads the answer.
    init(_ proto: ProtoLogShown) throws(FieldFault) {
        self.init(
            text: proto.text, key: try Field.keyText(proto.key, "shown.key"),
            through: RecordIndex(rawValue: proto.through), head: RecordIndex(rawValue: proto.head))
    }
}

extension HeadCountersigned {
    /// The answer as protobuf.
    var proto: ProtoHeadCountersigned {
        .with { ($0.head, $0.record) = (head.rawValue, record.rawValue) }
    }

    /// Reads the answer.
    init(_ proto: ProtoHeadCountersigned) {
        self.init(head: RecordIndex(rawValue: proto.head), record: RecordIndex(rawValue: proto.record))
    }
}

extension Field {
    /// A signed head; nil where the text is empty.
    static func head(_ text: String, _ field: String) throws(FieldFault) -> HeadText? {
        guard !text.isEmpty else { return nil }
        guard let head = HeadText(text) else {
            throw FieldFault(
                field: field, value: "\(text.utf8.count) bytes", expected: "at most \(Limits.headTextByteCountMax)")
        }
        return head
    }

    /// A signed head that is short enough to be kept by agents; nil where the text is empty.
    static func keptHead(_ text: String, _ field: String) throws(FieldFault) -> HeadText? {
        guard text.utf8.count <= Limits.keptHeadByteCountMax else {
            throw FieldFault(
                field: field, value: "\(text.utf8.count) bytes", expected: "at most \(Limits.keptHeadByteCountMax)")
        }
        return try head(text, field)
    }

    /// A public key as text, unread.
    static func keyText(_ text: String, _ field: String) throws(FieldFault) -> String {
        guard text.utf8.count <= Limits.keyTextByteCountMax else {
            throw FieldFault(
                field: field, value: "\(text.utf8.count) bytes", expected: "at most \(Limits.keyTextByteCountMax)")
        }
        return text
    }

    /// The index of a record.
    static func record(_ index: UInt64, _ field: String) throws(FieldFault) -> RecordIndex {
        guard index > 0 else { throw FieldFault(field: field, value: "0", expected: "a record, from 1") }
        return RecordIndex(rawValue: index)
    }
}
