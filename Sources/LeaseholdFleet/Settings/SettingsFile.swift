import Yams

/// What a setting becomes on a command line.
package enum SettingKind: Hashable, Sendable {
    /// `listen: 127.0.0.1:7400` becomes `--listen=127.0.0.1:7400`; a list repeats it.
    case option
    /// `plaintext: true` becomes `--plaintext`, `false` nothing.
    case flag
}

/// Settings files: a YAML mapping from the names of flags to their values.
///
/// A file is turned into arguments that stand before those of the command line, so that everything behind, defaults and
/// checks and complaints about values, is one code for both.
package enum SettingsFile {
    /// The arguments that a file stands for, in its order, for the settings that are known.
    ///
    /// A setting that the command line gives too, as `--name` or `--name=…`, is checked and left out: flags win, also
    /// over lists.
    package static func arguments(
        text: String, name: String, known: [String: SettingKind], besides commandLine: [String] = []
    ) throws(SettingsComplaint) -> [String] {
        var reader = FieldReader(findings: Findings(file: name))
        var arguments: [String] = []
        // A file of comments alone, all of its settings switched off, is a file of no settings.
        guard !isBlank(text) else { return [] }
        if let root = YAMLText.root(of: text, into: &reader.findings),
            let section = reader.section(root, called: "this file", keys: known.keys.sorted())
        {
            for key in section.keys {
                guard let field = section[key], let kind = known[key] else { continue }
                let given = commandLine.prefix { $0 != "--" }
                    .contains { $0 == "--\(key)" || $0.hasPrefix("--\(key)=") }
                let own = SettingsFile.arguments(of: field, key: key, kind: kind, reader: &reader)
                if !given { arguments += own }
            }
        }
        try reader.findings.throwIfAny()
        return arguments
    }

    private static func isBlank(_ text: String) -> Bool {
        text.split(whereSeparator: \.isNewline).allSatisfy { line in
            line.first { $0 != " " && $0 != "\u{FEFF}" }.map { $0 == "#" } ?? true
        }
    }

    private static func arguments(
        of field: Field, key: String, kind: SettingKind, reader: inout FieldReader
    ) -> [String] {
        switch kind {
        case .flag:
            guard let text = reader.text(field, expected: "true or false") else { return [] }
            guard ["true", "false"].contains(text) else {
                let complaint = "is \(quoted(text)); expected true or false"
                reader.findings.add(complaint, line: field.line, field: field.path)
                return []
            }
            return text == "true" ? ["--\(key)"] : []
        case .option:
            let isList = if case .sequence = field.node { true } else { false }
            let values = isList ? reader.list(field, of: "values") ?? [] : [field]
            return values.compactMap { value in
                reader.text(value, expected: isList ? "a value" : "a value or a list of values")
                    .map { "--\(key)=\($0)" }
            }
        }
    }
}
