import Foundation

/// What one run has measured, in the order of measuring.
struct Figures {
    /// One measured number.
    struct Figure {
        let name: String
        let value: Double
        let unit: String
        /// The floor that was measured in the same run; nil where there is none.
        let reference: Double?
    }

    private(set) var all: [Figure] = []

    mutating func add(_ name: String, _ value: Double, _ unit: String, reference: Double? = nil) {
        all.append(Figure(name: name, value: value, unit: unit, reference: reference))
        Progress.say("\(name): \(Figures.short(value)) \(unit)")
    }

    /// The lines of several runs: each figure's median.
    static func lines(of runs: [Figures]) throws -> [String] {
        guard let first = runs.first else { return [] }
        return try first.all.map { figure in
            let same = runs.compactMap { run in run.all.first { $0.name == figure.name } }
            var line: [String: Any] = [
                "figure": figure.name, "value": rounded(median(same.map(\.value))), "unit": figure.unit,
                "runs": same.map { rounded($0.value) },
            ]
            if figure.reference != nil {
                let references = same.compactMap(\.reference)
                line["reference"] = rounded(median(references))
                line["ratio"] = rounded(median(zip(same, references).map { $0.value / $1 }))
            }
            return try json(line)
        }
    }

    /// One object on one line, keys in order.
    static func json(_ object: [String: Any]) throws -> String {
        let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self)
    }

    static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// The value below which so large a share of the values lies.
    static func quantile(_ share: Double, of values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    private static func short(_ value: Double) -> String { String(format: "%.4g", value) }

    /// Four digits that count, as a decimal that prints as it is.
    static func rounded(_ value: Double) -> NSDecimalNumber {
        NSDecimalNumber(string: String(format: "%.4g", value), locale: Locale(identifier: "en_US_POSIX"))
    }
}

/// Progress, for whoever waits.
enum Progress {
    static func say(_ line: String) { FileHandle.standardError.write(Data("  \(line)\n".utf8)) }
}
