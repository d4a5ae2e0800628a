/// Something that is true of a node: `zone=east`.
package struct NodeLabel: Hashable, Comparable, Sendable {
    package let key: String
    package let value: String
    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    package static func < (left: NodeLabel, right: NodeLabel) -> Bool {
        left.key != right.key ? left.key < right.key : left.value < right.value
    }
}

/// What a lease demands of its nodes' labels: `zone=east`, `zone!=east`.
///
/// A node without the label meets the second and not the first.
package struct LabelRule: Hashable, Sendable {
    package let label: NodeLabel
    /// Whether nodes with the label are the ones that will not do.
    package let isAvoided: Bool
    package init(_ label: NodeLabel, isAvoided: Bool) {
        self.label = label
        self.isAvoided = isAvoided
    }

    /// Whether a node with these labels will do.
    package func allows(_ labels: [NodeLabel]) -> Bool { labels.contains(label) != isAvoided }
}

extension LabelRule: CustomStringConvertible {
    package var description: String { "\(label.key)\(isAvoided ? "!=" : "=")\(label.value)" }

    /// Reads `key=value` and `key!=value`; nil for anything else.
    package init?(text: String) {
        guard let mark = text.firstIndex(of: "=") else { return nil }
        let isAvoided = mark > text.startIndex && text[text.index(before: mark)] == "!"
        let key = String(text[..<(isAvoided ? text.index(before: mark) : mark)])
        let value = String(text[text.index(after: mark)...])
        guard isWellFormedName(key), isWellFormedName(value) else { return nil }
        self.init(NodeLabel(key: key, value: value), isAvoided: isAvoided)
    }
}
