internal import LeaseholdModel

/// A field of a message that cannot be: where it is, what it says, what was expected.
struct FieldFault: Error, Hashable, CustomStringConvertible {
    /// Names from the message down, as in JSON: `createLease.unit`.
    var field: String
    let value: String
    let expected: String
    /// Whether it is the whole body that this version does not know.
    var isUnknownBody = false

    var description: String { "field \(field): value \(value), expected \(expected)" }

    /// The same fault, seen from the message above.
    func under(_ parent: String) -> FieldFault {
        var outer = self
        outer.field = "\(parent).\(field)"
        return outer
    }
}

/// Runs a conversion of what lies in a field, so that its faults name the way there.
func within<Value>(
    _ parent: @autoclosure () -> String, _ convert: () throws(FieldFault) -> Value
) throws(FieldFault) -> Value {
    do {
        return try convert()
    } catch {
        throw error.under(parent())
    }
}

/// Throws unless something holds of a field.
func require(
    _ holds: Bool, _ field: @autoclosure () -> String, value: @autoclosure () -> String,
    expected: @autoclosure () -> String
) throws(FieldFault) {
    if !holds { throw FieldFault(field: field(), value: value(), expected: expected()) }
}

/// Reads what stands in single fields, each with its bound.
enum Field {
    /// The beginning of a text, in quotes, for a complaint.
    static func quoted(_ text: String) -> String {
        let head = text.prefix(WireLimits.repeatedValueCountMax)
        return head.endIndex == text.endIndex ? "\"\(text)\"" : "\"\(head)…\""
    }

    /// A name or a path.
    static func name(_ text: String, _ field: String) throws(FieldFault) -> String {
        try self.text(text, field, byteCountMax: WireLimits.nameByteCountMax)
    }

    /// A text for people, which the model puts on one line.
    static func text(_ text: String, _ field: String, byteCountMax: Int) throws(FieldFault) -> String {
        try require(
            text.utf8.count <= byteCountMax, field, value: quoted(text), expected: "at most \(byteCountMax) bytes")
        return text
    }

    /// A set of GPUs from its mask.
    static func gpus(_ mask: UInt32, _ field: @autoclosure () -> String) throws(FieldFault) -> GPUSet {
        guard let bits = UInt16(exactly: mask) else {
            throw FieldFault(field: field(), value: "\(mask)", expected: "at most \(UInt16.max)")
        }
        return GPUSet(bits: bits)
    }

    /// Memory slices of exactly some GPUs, or none.
    static func slices(
        _ slices: SliceSet, of gpus: GPUSet, _ field: @autoclosure () -> String
    ) throws(FieldFault) -> SliceSet {
        guard slices.isEmpty || slices.gpus == gpus else {
            throw FieldFault(
                field: field(), value: "slices of GPUs \(slices.gpus)", expected: "of GPUs \(gpus), or none")
        }
        return slices
    }

    /// How GPUs are had that are not had whole.
    static func cut(_ proto: some CutProto, of gpus: GPUSet) throws(FieldFault) -> SliceCut {
        try cut(
            SliceSet(low: proto.slicesLow, high: proto.slicesHigh), proto.instanceSlices, proto.instanceStarts,
            of: gpus,
            "slicesLow")
    }

    /// The same from single words.
    static func cut(
        _ slices: SliceSet, _ count: UInt32, _ starts: UInt32, of gpus: GPUSet, _ field: @autoclosure () -> String
    ) throws(FieldFault) -> SliceCut {
        let found = SliceCut(slices: slices, instanceSliceCount: count, starts: starts, of: gpus)
        guard let found else {
            throw FieldFault(
                field: field(),
                value: "slices of GPUs \(slices.gpus) in instances of \(count)",
                expected: "whole instances on GPUs \(gpus), or none")
        }
        return found
    }

    /// An enum of the house from its number on the wire; the numbers are the same, and 0 is none of them.
    static func word<Value: RawRepresentable<UInt8>>(
        _ number: Int, _ field: @autoclosure () -> String
    ) throws(FieldFault) -> Value {
        guard number != 0, let byte = UInt8(exactly: number), let value = Value(rawValue: byte) else {
            throw FieldFault(field: field(), value: "\(number)", expected: "a value that this version knows")
        }
        return value
    }

    /// A thing from its word.
    static func word<Value: CaseIterable>(
        _ text: String, _ field: String, spelled: (Value) -> String
    ) throws(FieldFault) -> Value {
        guard let value = Value.allCases.first(where: { spelled($0) == text }) else {
            let words = Value.allCases.map(spelled)
            let expected = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
            throw FieldFault(field: field, value: quoted(text), expected: expected)
        }
        return value
    }

    /// A small number within a range.
    static func number(
        _ number: UInt32, _ field: String, in range: ClosedRange<UInt32>
    ) throws(FieldFault) -> UInt32 {
        try require(
            range.contains(number), field, value: "\(number)",
            expected: "\(range.lowerBound) to \(range.upperBound)")
        return number
    }

    /// A number that must be there.
    static func present<Value>(_ isThere: Bool, _ value: Value, _ field: String) throws(FieldFault) -> Value {
        try require(isThere, field, value: "missing", expected: "a number")
        return value
    }

    /// A list that is not longer than its bound.
    static func bounded<Element>(
        _ list: [Element], _ field: String, countMax: Int
    ) throws(FieldFault) -> [Element] {
        try require(list.count <= countMax, field, value: "\(list.count) entries", expected: "at most \(countMax)")
        return list
    }

    /// Complains unless an array has as many entries as the one beside it.
    static func sameCount(_ count: Int, _ field: String, as expected: Int) throws(FieldFault) {
        try require(count == expected, field, value: "\(count) entries", expected: "\(expected), as beside it")
    }

    /// A lease from `L1742`.
    static func lease(_ text: String, _ field: String) throws(FieldFault) -> LeaseID {
        guard text.utf8.count <= WireLimits.wordByteCountMax, let lease = LeaseID(text: text) else {
            throw FieldFault(field: field, value: quoted(text), expected: "a lease such as L1742")
        }
        return lease
    }

    /// An amount of money from `1.99USD`; none from an empty text.
    static func money(_ text: String, _ field: @autoclosure () -> String) throws(FieldFault) -> Money? {
        if text.isEmpty { return nil }
        guard text.utf8.count <= WireLimits.wordByteCountMax, let money = Money(text: text) else {
            throw FieldFault(field: field(), value: quoted(text), expected: "money such as 1.99USD")
        }
        return money
    }

    /// Demands on labels from `zone=east` and `zone!=east`.
    static func rules(_ texts: [String], _ field: String) throws(FieldFault) -> [LabelRule] {
        var rules: [LabelRule] = []
        for (position, text) in try bounded(texts, field, countMax: Limits.labelRuleCountMax).enumerated() {
            guard let rule = LabelRule(text: text) else {
                throw FieldFault(
                    field: "\(field)[\(position)]", value: quoted(text), expected: "such as zone=east or zone!=east")
            }
            rules.append(rule)
        }
        return rules
    }

    /// A node's labels from `zone=east`.
    static func labels(_ texts: [String], _ field: String) throws(FieldFault) -> [NodeLabel] {
        var labels: [NodeLabel] = []
        for (position, text) in try bounded(texts, field, countMax: Limits.labelCountMax).enumerated() {
            guard let rule = LabelRule(text: text), !rule.isAvoided else {
                throw FieldFault(
                    field: "\(field)[\(position)]", value: quoted(text), expected: "a label such as zone=east")
            }
            labels.append(rule.label)
        }
        return labels
    }

    /// A 128-bit id from the text of a UUID.
    static func wideID<ID: WideID>(_ text: String, _ field: String) throws(FieldFault) -> ID {
        guard text.utf8.count <= WireLimits.wordByteCountMax, let id = ID(text: text) else {
            throw FieldFault(field: field, value: quoted(text), expected: "a UUID of 32 hexadecimal digits")
        }
        return id
    }

    /// A word of 64 bits from 16 hexadecimal digits.
    static func hexadecimal(_ text: some StringProtocol, _ field: String) throws(FieldFault) -> UInt64 {
        guard text.utf8.count == 16, let word = UInt64(text, radix: 16) else {
            throw FieldFault(field: field, value: quoted(String(text)), expected: "16 hexadecimal digits")
        }
        return word
    }

    /// A principal from `tenant/a`.
    static func principal(_ text: String, _ field: String) throws(FieldFault) -> Principal {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let role = Principal.Role.allCases.first { "\($0)" == parts[0] }
        guard parts.count == 2, let role else {
            throw FieldFault(field: field, value: quoted(text), expected: "a principal such as tenant/a")
        }
        return Principal(role: role, name: String(parts[1]))
    }

    /// Hold settings that satisfy the house.
    static func holds(_ settings: HoldSettings, _ field: String) throws(FieldFault) -> HoldSettings {
        if let complaint = settings.complaint {
            throw FieldFault(field: field, value: complaint, expected: "settings within their bounds")
        }
        return settings
    }
}
