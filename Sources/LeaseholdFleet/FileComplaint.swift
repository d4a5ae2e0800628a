/// What is wrong with a file: every place that was found, in order of lines.
///
/// Nothing of the file was applied. Its description is what people see, one place a line:
/// `fleet.yaml:14: halls[1].name: is missing`.
package struct FileComplaint: Error, Hashable, Sendable, CustomStringConvertible {
    /// One thing that is wrong, at one place.
    package struct Finding: Hashable, Sendable {
        /// From 1; nil where the whole file is meant.
        package let line: Int?
        /// The field's path from the root, `halls[1].racks[0].kind`, or the column; nil where a whole line is meant.
        package let field: String?
        /// The value and what was expected.
        package let text: String
    }

    /// The file's name, as the reader was told.
    package let file: String
    /// Ascending by line, at most `findingCountMax`.
    package let findings: [Finding]
    /// How many more were found and are not told.
    package let leftOutCount: Int

    /// More would scroll the first one away.
    package static let findingCountMax = 20

    package var description: String {
        var lines = findings.map { finding in
            let place = finding.line.map { "\(file):\($0): " } ?? "\(file): "
            return place + (finding.field.map { "\($0): " } ?? "") + finding.text
        }
        if leftOutCount > 0 { lines.append("\(file): \(leftOutCount) more not shown") }
        return lines.joined(separator: "\n")
    }
}

/// Why a fleet file, a node list or a request list was refused.
package typealias FleetComplaint = FileComplaint
/// Why a settings file was refused.
package typealias SettingsComplaint = FileComplaint

/// Gathers what is wrong while a file is read, so that one reading tells all of it.
struct Findings {
    let file: String
    private var told: [FileComplaint.Finding] = []
    private var leftOutCount = 0

    init(file: String) { self.file = file }

    var isEmpty: Bool { told.isEmpty }

    mutating func add(_ text: String, line: Int?, field: String? = nil) {
        guard told.count < FileComplaint.findingCountMax else {
            leftOutCount += 1
            return
        }
        let field = field.flatMap { $0.isEmpty ? nil : $0 }
        told.append(FileComplaint.Finding(line: line, field: field, text: text))
    }

    /// Ends the reading where anything was found.
    func throwIfAny() throws(FileComplaint) {
        guard !told.isEmpty else { return }
        // Stable: what was found first on a line is told first.
        let order = told.indices.sorted { (told[$0].line ?? 0, $0) < (told[$1].line ?? 0, $1) }
        throw FileComplaint(file: file, findings: order.map { told[$0] }, leftOutCount: leftOutCount)
    }
}

/// A text of the file as a complaint shows it: in quotes, shortened, with nothing that a terminal would obey.
func quoted(_ text: some StringProtocol) -> String {
    let shown = text.unicodeScalars.prefix(60)
    let safe = shown.map { scalar in
        [.control, .format].contains(scalar.properties.generalCategory) || scalar == "\"" || scalar == "\\"
            ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return "\"\(safe.joined())\(shown.count < text.unicodeScalars.count ? "…" : "")\""
}
