/// Lists of requests for GPUs, as the public trace of a cluster has them, to try a fleet with.
package enum RequestList {
    /// One request for whole GPUs.
    package struct Row: Hashable, Sendable {
        package let name: String
        /// At least 1.
        package let gpuCount: Int
        package init(name: String, gpuCount: Int) {
            self.name = name
            self.gpuCount = gpuCount
        }
    }

    /// The rows that ask for whole GPUs, in the order of the file: `num_gpu` of them, where `gpu_milli` is 1000.
    ///
    /// Rows that ask for none, or for a share of one, are skipped; so are other columns, `gpu_spec` too.
    package static func read(text: String, name: String) throws(FleetComplaint) -> [Row] {
        var findings = Findings(file: name)
        let table = CSVTable(text: text, columns: ["name", "num_gpu", "gpu_milli"], into: &findings)
        var lines: [String: Int] = [:]
        var rows: [Row] = []
        for row in table.rows {
            let name = row.values[0]
            if name.isEmpty {
                findings.add("is empty; expected the request's name", line: row.line, field: "name")
            } else if let first = lines.updateValue(row.line, forKey: name) {
                findings.add("\(quoted(name)) stands twice, first in line \(first)", line: row.line, field: "name")
            }
            let count = FleetFile.number(row.values[1], in: 0...1_000_000, of: "num_gpu", row: row, into: &findings)
            let share = FleetFile.number(row.values[2], in: 0...1_000, of: "gpu_milli", row: row, into: &findings)
            guard let count, let share, count > 0, share == 1_000 else { continue }
            rows.append(Row(name: name, gpuCount: count))
        }
        try findings.throwIfAny()
        return rows
    }
}
