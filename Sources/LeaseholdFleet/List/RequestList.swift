package import LeaseholdModel

/// Lists of requests for parts of nodes, as the public trace of a cluster has them, to try a fleet with.
package enum RequestList {
    /// One request for so many GPUs of one node, or for a share of one, with CPU and memory.
    package struct Row: Hashable, Sendable {
        package let name: String
        /// 0 where it asks for CPU and memory alone.
        package let gpuCount: Int
        /// Thousandths of each of its GPUs: 1000, or of a single one less.
        package let gpuThousandths: Int
        /// In all.
        package let cpu: Millicores
        package let memory: Mebibytes
        /// The kinds that will do, each as good as the others; none: any.
        package let kinds: [String]
        /// Seconds of the trace; nil where the list does not say.
        package let createdAt: Int?
        package let deletedAt: Int?

        package init(
            name: String, gpuCount: Int, gpuThousandths: Int = 1_000, cpu: Millicores = .zero,
            memory: Mebibytes = .zero, kinds: [String] = [], createdAt: Int? = nil, deletedAt: Int? = nil
        ) {
            self.name = name
            self.gpuCount = gpuCount
            self.gpuThousandths = gpuThousandths
            self.cpu = cpu
            self.memory = memory
            self.kinds = kinds
            self.createdAt = createdAt
            self.deletedAt = deletedAt
        }

        /// Whether it asks for whole GPUs.
        package var isWhole: Bool { gpuCount > 0 && gpuThousandths == 1_000 }
    }

    private static let optional = ["cpu_milli", "memory_mib", "gpu_spec", "creation_time", "deletion_time"]

    /// The rows, in the order of the file.
    ///
    /// `num_gpu` GPUs of `gpu_milli` thousandths each, with `cpu_milli` and `memory_mib` in all, of the kinds in
    /// `gpu_spec`, joined by `|`, from `creation_time` until `deletion_time` in seconds; the last five where there are
    /// such columns. Other columns are skipped.
    package static func read(text: String, name: String) throws(FleetComplaint) -> [Row] {
        var findings = Findings(file: name)
        let table = CSVTable(
            text: text, columns: ["name", "num_gpu", "gpu_milli"], optional: optional, into: &findings)
        var lines: [String: Int] = [:]
        var rows: [Row] = []
        for row in table.rows {
            let name = row.values[0]
            if name.isEmpty {
                findings.add("is empty; expected the request's name", line: row.line, field: "name")
            } else if let first = lines.updateValue(row.line, forKey: name) {
                findings.add("\(quoted(name)) stands twice, first in line \(first)", line: row.line, field: "name")
            }
            if let read = read(row, into: &findings) { rows.append(read) }
        }
        try findings.throwIfAny()
        return rows
    }

    private static func read(_ row: CSVTable.Row, into findings: inout Findings) -> Row? {
        let count = FleetFile.number(row.values[1], in: 0...1_000_000, of: "num_gpu", row: row, into: &findings)
        let share = FleetFile.number(row.values[2], in: 0...1_000, of: "gpu_milli", row: row, into: &findings)
        let cpu = FleetFile.amount(row.values[3], of: "cpu_milli", row: row, into: &findings)
        let memory = FleetFile.amount(row.values[4], of: "memory_mib", row: row, into: &findings)
        let times = [("creation_time", row.values[6]), ("deletion_time", row.values[7])].map { column, text in
            text.isEmpty
                ? nil
                : FleetFile.number(text, in: 0...1_000_000_000, of: column, row: row, into: &findings)
        }
        guard let count, let share, let cpu, let memory else { return nil }
        if count > 1, share != 1_000 {
            let complaint = "\(share) beside \(count) GPUs; expected 1000: only a single GPU is shared"
            findings.add(complaint, line: row.line, field: "gpu_milli")
        }
        return Row(
            name: row.values[0], gpuCount: share == 0 ? 0 : count, gpuThousandths: share, cpu: Millicores(cpu),
            memory: Mebibytes(memory), kinds: row.values[5].split(separator: "|").map(String.init),
            createdAt: times[0], deletedAt: times[1])
    }
}
