package import LeaseholdModel

extension FleetFile {
    /// The fleet of a node list: a row a node, its name in `sn`, its count of GPUs in `gpu`, their kind in `model`.
    ///
    /// A list says nothing about halls, racks and feeds, so none are made up: all nodes stand in one rack `all` of one
    /// hall `all` of the site, without limits, each with the envelope of its kind. CPU in `cpu_milli` and memory in
    /// `memory_mib` are read where there are such columns. Other columns are skipped.
    package static func readNodeCSV(
        text: String, name: String, site: String
    ) throws(FleetComplaint) -> FleetDeclaration {
        var findings = Findings(file: name)
        if !isWellFormedName(site) { findings.add(FieldReader.notAName(site), line: nil, field: "site") }
        var fleet = FleetDeclaration()
        for path in [site, "\(site)/all", "\(site)/all/all"] {
            fleet.places.append(PlaceDeclaration(path: path, limit: nil))
        }
        let table = CSVTable(
            text: text, columns: ["sn", "gpu", "model"], optional: ["cpu_milli", "memory_mib"], into: &findings)
        var lines: [String: Int] = [:]
        for row in table.rows {
            let name = row.values[0]
            if !isWellFormedName(name) {
                findings.add(FieldReader.notAName(name), line: row.line, field: "sn")
            } else if let first = lines.updateValue(row.line, forKey: name) {
                findings.add("\(quoted(name)) stands twice, first in line \(first)", line: row.line, field: "sn")
            }
            let gpuCount = number(row.values[1], in: FleetRange.gpusPerNode, of: "gpu", row: row, into: &findings)
            let kind = catalogued(row.values[2], row: row, into: &findings)
            let cpu = amount(row.values[3], of: "cpu_milli", row: row, into: &findings)
            let memory = amount(row.values[4], of: "memory_mib", row: row, into: &findings)
            guard let gpuCount, let kind, let cpu, let memory else { continue }
            let run = NodeRun(
                rack: 2, namePrefix: name, firstNumber: nil, count: 1, kind: kind.name, gpusPerNode: UInt8(gpuCount),
                envelope: kind.envelope * gpuCount, cpu: Millicores(cpu), memory: Mebibytes(memory))
            fleet.runs.append(run)
        }
        if table.rows.isEmpty && findings.isEmpty { findings.add("has no row below its header", line: nil) }
        if table.rows.count > Limits.nodeCountMax {
            findings.add("has \(table.rows.count) nodes; expected at most \(Limits.nodeCountMax)", line: nil)
        }
        try findings.throwIfAny()
        return fleet
    }

    private static func catalogued(_ name: String, row: CSVTable.Row, into findings: inout Findings) -> GPUKind? {
        if let kind = GPUKind.catalogue.first(where: { $0.name == name }) { return kind }
        let hint = NearMiss.hint(for: name, among: GPUKind.catalogue.map(\.name))
        findings.add("\(quoted(name)) is not a kind\(hint)", line: row.line, field: "model")
        return nil
    }

    /// A whole number that fits a quantity of the house, 0 where there is none; nil with a finding.
    static func amount(
        _ text: String, of column: String, row: CSVTable.Row, into findings: inout Findings
    ) -> UInt32? {
        guard !text.isEmpty else { return 0 }
        return number(text, in: 0...Int(UInt32.max / 2_048), of: column, row: row, into: &findings).map { UInt32($0) }
    }

    /// A whole number of a row, or nil with a finding.
    static func number(
        _ text: String, in range: ClosedRange<Int>, of column: String, row: CSVTable.Row, into findings: inout Findings
    ) -> Int? {
        switch WholeNumber(text, in: range) {
        case .read(let number): return number
        case .refused(let complaint):
            findings.add(complaint, line: row.line, field: column)
            return nil
        }
    }
}
