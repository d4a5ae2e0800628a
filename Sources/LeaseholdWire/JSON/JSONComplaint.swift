package import LeaseholdModel

/// What is wrong with a line of JSON: the field, what it says, what was expected.
package struct JSONComplaint: Error, Hashable, Sendable, CustomStringConvertible {
    /// Names from the line down: `createLease.unit`; `line` for the line as a whole.
    package let field: String
    /// What stands there; `unknown`, `missing` or `twice` where that is what is wrong.
    package let value: String
    /// For an unknown field the known one that is nearest, if one is near.
    package let expected: String

    package init(field: String, value: String, expected: String) {
        self.field = field
        self.value = value
        self.expected = expected
    }

    init(_ fault: FieldFault) {
        self.init(field: fault.field, value: fault.value, expected: fault.expected)
    }

    /// The same as a refusal, for whoever answers line by line.
    package var refusal: Refusal { .invalid(field: field, value: value, expected: expected) }

    package var description: String { "\(field) is \(value); expected \(expected)" }
}
