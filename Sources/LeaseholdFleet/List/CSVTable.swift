/// Rows of comma-separated values under a header, as RFC 4180 has them; the ends of lines may be LF or CRLF.
struct CSVTable {
    /// A row with the line that it begins in.
    struct Row {
        let line: Int
        /// The values of the wanted columns, in the order in which they were wanted, then of those that may be missing,
        /// empty where they are.
        let values: [String]
    }

    private(set) var rows: [Row] = []

    /// Reads the wanted columns, and those of `optional` that are there; others are skipped.
    ///
    /// Rows that do not fit the header are told and left out.
    init(text: String, columns: [String], optional: [String] = [], into findings: inout Findings) {
        guard let body = FileText.body(of: text, into: &findings) else { return }
        var scan = CSVScan(body)
        guard let header = scan.next(into: &findings) else {
            if findings.isEmpty { findings.add("is empty; expected a header", line: nil) }
            return
        }
        var offsets: [Int?] = []
        for column in columns + optional {
            let places = header.values.indices.filter { header.values[$0] == column }
            offsets.append(places.first)
            if places.isEmpty, columns.contains(column) {
                let meant = NearMiss.nearest(to: column, among: header.values)
                let hint = meant.map { "did you mean \(quoted($0))?" }
                let found = "it has " + header.values.map { quoted($0) }.joined(separator: ", ")
                findings.add("has no column \(column); \(hint ?? found)", line: header.line)
            }
            if places.count > 1 { findings.add("has the column \(column) twice", line: header.line) }
        }
        guard findings.isEmpty else { return }
        while let row = scan.next(into: &findings) {
            guard row.values.count == header.values.count else {
                let counts = "has \(row.values.count) values; expected \(header.values.count), as the header has"
                findings.add(counts, line: row.line)
                continue
            }
            rows.append(Row(line: row.line, values: offsets.map { $0.map { row.values[$0] } ?? "" }))
        }
    }
}
