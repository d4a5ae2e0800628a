import LeaseholdFleet
import Testing

/// A broken text and all that is said about it.
struct BrokenText: Sendable, CustomTestStringConvertible {
    let text: String
    let complaint: String
    var testDescription: String { complaint }

    init(_ text: String, _ complaint: String) {
        self.text = text
        self.complaint = complaint
    }
}

/// Broken fleet files, and what is said about them.
enum BrokenFleet {
    /// What is said about a text; nil where it is read.
    static func complaint(of text: String) -> String? {
        do {
            _ = try FleetFile.read(text: text, name: "f.yaml")
            return nil
        } catch {
            return error.description
        }
    }

    /// A fleet of one rack whose line 5 this is.
    static func rack(_ fields: String) -> String {
        "site: a\nhalls:\n  - name: h\n    racks:\n      - {\(fields)}\n"
    }

    /// A fleet of one rack with this change to a sound line 5.
    static func changed(_ old: String, _ new: String) -> String {
        rack("name: r, nodes_per_rack: 2, gpus_per_node: 8, kind: H100".replacing(old, with: new))
    }

    /// A fleet of one node whose line 6 this is.
    static func node(_ fields: String, above: String = "") -> String {
        "site: a\n\(above)halls:\n  - name: h\n    racks:\n      - name: r\n        nodes: [{\(fields)}]\n"
    }

    static let kindNames = "H100, H200, B200, GB200, A10, T4, P100, V100M16, V100M32, G2, G3"
    static let nameForm =
        "expected 1 to 63 letters, digits, hyphens, underscores or dots, a letter, a digit or an underscore first"
    static let wattForm = "expected a form like 300MW, 10.2kW or 700W"

    static func strange(_ sign: String, line: Int) -> String {
        "f.yaml:\(line): begins a value with \(sign), which has no meaning here; put it in quotes where it is text"
    }
}
