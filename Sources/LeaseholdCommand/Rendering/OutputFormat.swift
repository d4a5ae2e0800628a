import ArgumentParser

/// How answers are printed.
package enum OutputFormat: String, Hashable, Sendable, CaseIterable {
    /// Aligned columns for people; may change between releases.
    case table
    /// The same with more columns.
    case wide
    /// The wire message in protobuf's JSON mapping, one object a line.
    case json
    /// The same as YAML, one document an object.
    case yaml

    /// Whether scripts read it.
    var isForScripts: Bool {
        switch self {
        case .table, .wide: false
        case .json, .yaml: true
        }
    }
}

extension OutputFormat: ExpressibleByArgument {}
