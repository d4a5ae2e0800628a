import LeaseholdModel
import Yams

/// Reads fields as what they must be; where they are not, says so, answers nil and lets the reading go on.
struct FieldReader {
    var findings: Findings

    /// A mapping with these keys and no other.
    mutating func section(_ field: Field, called what: String, keys: [String]) -> Section? {
        guard case .mapping(let mapping) = field.node else {
            expected("a mapping of keys to values", at: field)
            return nil
        }
        var section = Section(path: field.path, line: field.line)
        for (key, value) in mapping {
            let line = key.mark?.line ?? field.line
            guard case .scalar(let scalar) = key else {
                findings.add("a key is no text", line: line, field: field.path)
                continue
            }
            guard keys.contains(scalar.string) else {
                let hint = NearMiss.hint(for: scalar.string, among: keys)
                findings.add("\(quoted(scalar.string)) is not a key of \(what)\(hint)", line: line, field: field.path)
                continue
            }
            let path = Section.path(of: scalar.string, below: field.path)
            section.add(Field(node: value, path: path, line: line), for: scalar.string)
        }
        return section
    }

    /// The field under a key that must be there.
    mutating func required(_ key: String, of section: Section) -> Field? {
        if let field = section[key] { return field }
        findings.add("is missing", line: section.line, field: section.path(of: key))
        return nil
    }

    /// Refuses each of these keys that stands in the section, for this reason.
    mutating func refuse(_ keys: [String], of section: Section, because reason: String) {
        for key in keys {
            guard let field = section[key] else { continue }
            findings.add(reason, line: field.line, field: field.path)
        }
    }

    /// The elements of a list that has at least one.
    mutating func list(_ field: Field, of what: String) -> [Field]? {
        guard case .sequence(let sequence) = field.node else {
            expected("a list of \(what)", at: field)
            return nil
        }
        guard !sequence.isEmpty else {
            findings.add("is an empty list; expected a list of \(what)", line: field.line, field: field.path)
            return nil
        }
        return sequence.enumerated().map { position, node in
            Field(node: node, path: "\(field.path)[\(position)]", line: node.mark?.line ?? field.line)
        }
    }

    /// Text, quoted or not.
    mutating func text(_ field: Field, expected what: String) -> String? {
        guard case .scalar(let scalar) = field.node, !field.isNothing else {
            expected(what, at: field)
            return nil
        }
        return scalar.string
    }

    /// A name of the house.
    mutating func name(_ field: Field) -> String? {
        guard let text = text(field, expected: "a name") else { return nil }
        guard isWellFormedName(text) else {
            findings.add(FieldReader.notAName(text), line: field.line, field: field.path)
            return nil
        }
        return text
    }

    static func notAName(_ text: String) -> String {
        "\(quoted(text)) is not a name; expected 1 to \(Limits.nameByteCountMax) letters, digits, "
            + "hyphens, underscores or dots, a letter, a digit or an underscore first"
    }

    /// A whole number, not in quotes.
    mutating func number(_ field: Field, in range: ClosedRange<Int>) -> Int? {
        let span = "\(range.lowerBound) to \(range.upperBound)"
        guard let text = text(field, expected: "a whole number, \(span)") else { return nil }
        if case .scalar(let scalar) = field.node, scalar.style != .plain {
            let complaint = "\(quoted(text)) is text; expected a whole number, \(span)"
            findings.add(complaint, line: field.line, field: field.path)
            return nil
        }
        switch WholeNumber(text, in: range) {
        case .read(let number): return number
        case .refused(let complaint):
            findings.add(complaint, line: field.line, field: field.path)
            return nil
        }
    }

    /// A power in whole watts.
    mutating func watts(_ field: Field, in range: ClosedRange<Watts>) -> Watts? {
        let form = "a form like 300MW, 10.2kW or 700W"
        guard let text = text(field, expected: form) else { return nil }
        guard let watts = Watts(text: text) else {
            let complaint = "\(quoted(text)) is not a power in whole watts; expected \(form)"
            findings.add(complaint, line: field.line, field: field.path)
            return nil
        }
        guard range.contains(watts) else {
            let complaint = "\(text) is out of range; expected \(range.lowerBound) to \(range.upperBound)"
            findings.add(complaint, line: field.line, field: field.path)
            return nil
        }
        return watts
    }

    /// Memory in whole GiB.
    mutating func gibibytes(_ field: Field, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(field, expected: "a form like 80GiB") else { return nil }
        guard text.hasSuffix("GiB"), !text.hasPrefix("-"),
            case .read(let count) = WholeNumber(text.dropLast(3), in: 0...Int.max)
        else {
            let complaint = "\(quoted(text)) is not a size in whole GiB; expected a form like 80GiB"
            findings.add(complaint, line: field.line, field: field.path)
            return nil
        }
        guard range.contains(count) else {
            let complaint = "\(text) is out of range; expected \(range.lowerBound)GiB to \(range.upperBound)GiB"
            findings.add(complaint, line: field.line, field: field.path)
            return nil
        }
        return count
    }

    /// A quantity that stands in a range.
    mutating func quantity<Quantity: Comparable>(
        _ field: Field, in range: ClosedRange<Quantity>, form: String, _ read: (String) -> Quantity?
    ) -> Quantity? {
        guard let text = text(field, expected: form) else { return nil }
        guard let quantity = read(text) else {
            findings.add("\(quoted(text)) cannot be read; expected \(form)", line: field.line, field: field.path)
            return nil
        }
        guard range.contains(quantity) else {
            let complaint = "\(text) is out of range; expected \(range.lowerBound) to \(range.upperBound)"
            findings.add(complaint, line: field.line, field: field.path)
            return nil
        }
        return quantity
    }

    /// Labels as a mapping of names to names, ascending by key.
    mutating func labels(_ field: Field) -> [NodeLabel]? {
        guard case .mapping(let mapping) = field.node else {
            expected("a mapping such as {zone: east}", at: field)
            return nil
        }
        var labels: [NodeLabel] = []
        for (key, value) in mapping {
            let line = key.mark?.line ?? field.line
            guard let name = name(Field(node: key, path: field.path, line: line)),
                let value = self.name(Field(node: value, path: "\(field.path).\(name)", line: line))
            else { return nil }
            labels.append(NodeLabel(key: name, value: value))
        }
        guard labels.count <= Limits.labelCountMax else {
            let complaint = "has \(labels.count) entries; expected at most \(Limits.labelCountMax)"
            findings.add(complaint, line: field.line, field: field.path)
            return nil
        }
        return labels.sorted()
    }

    private mutating func expected(_ what: String, at field: Field) {
        findings.add("\(field.nature); expected \(what)", line: field.line, field: field.path)
    }
}

/// A text read as a whole number of a range, or what is wrong with it.
enum WholeNumber {
    case read(Int)
    case refused(String)

    init(_ text: some StringProtocol, in range: ClosedRange<Int>) {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
        let isWhole =
            !digits.isEmpty && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && (digits.utf8.count == 1 || digits.utf8.first != UInt8(ascii: "0"))
        let span = "\(range.lowerBound) to \(range.upperBound)"
        if let number = Int(text), isWhole, range.contains(number) {
            self = .read(number)
        } else if isWhole {
            self = .refused("\(text.prefix(40)) is out of range; expected \(span)")
        } else {
            self = .refused("\(quoted(text)) is not a whole number; expected \(span)")
        }
    }
}
