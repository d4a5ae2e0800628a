package import LeaseholdModel

/// The text form of metrics that scrapers read (the exposition format, version 0.0.4).
package enum MetricText {
    /// A value with its labels.
    package typealias Sample = (labels: [(name: String, value: String)], value: String)

    /// One family: its help, its type, a line for each sample.
    ///
    /// The house's name stands before it.
    package static func family(_ name: String, type: String, help: String, _ samples: [Sample]) -> String {
        var text = "# HELP leasehold_\(name) \(help)\n# TYPE leasehold_\(name) \(type)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
            text += "leasehold_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(sample.value)\n"
        }
        return text
    }

    /// A label's value as the format has it: a quote or a line's end in it would end it.
    private static func escaped(_ value: String) -> String {
        value.map { (character: Character) -> String in
            switch character {
            case "\\", "\"": "\\\(character)"
            case _ where character.isNewline: "\\n"
            default: String(character)
            }
        }.joined()
    }

    /// A sample for each state.
    package static func byState(_ counts: [(state: String, count: Int)]) -> [Sample] {
        counts.map { ([(name: "state", value: $0.state)], "\($0.count)") }
    }

    /// Seconds with six digits after the point.
    package static func seconds(_ span: Span) -> String {
        let microseconds = span.nanoseconds / 1_000
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
    }
}
