import Yams

/// A file as one YAML value, or what keeps it from being read.
///
/// The house reads the part of YAML that JSON has too: mappings, lists and plain or quoted text, with comments.
/// Anchors, aliases, tags and block text are refused before the parser sees them, so that a small file cannot unfold
/// into a huge one and a value is what it looks like.
enum YAMLText {
    /// The root of the document; nil, with a finding, where there is none.
    static func root(of text: String, into findings: inout Findings) -> Field? {
        guard let body = FileText.body(of: text, into: &findings) else { return nil }
        var scan = YAMLScan()
        if let finding = scan.firstStrange(in: body) {
            findings.add(finding.text, line: finding.line)
            return nil
        }
        do {
            // The parser keeps a pointer into the text, which a text of under 16 bytes, kept inline, would not survive.
            let padded = body.utf8.count < 16 ? body + String(repeating: "\n", count: 16) : body
            let parser = try Parser(yaml: padded, resolver: .basic, encoding: .utf8)
            guard let node = try parser.singleRoot() else {
                findings.add("is empty", line: nil)
                return nil
            }
            return Field(node: node, path: "", line: node.mark?.line ?? 1)
        } catch {
            add(error, lineCount: scan.lineCount, to: &findings)
            return nil
        }
    }

    private static func add(_ error: any Error, lineCount: Int, to findings: inout Findings) {
        guard let error = error as? YamlError else {
            findings.add("is not YAML: \(error)", line: nil)
            return
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let start = context.map { context in
                let since = context.mark.line == mark.line ? "" : " that starts in line \(context.mark.line)"
                return " \(context.text)\(since)"
            }
            findings.add("is not YAML: \(problem)\(start ?? "")", line: min(mark.line, lineCount))
        case .composer(_, let problem, let mark, _):
            findings.add("expected one document, \(problem)", line: min(mark.line, lineCount))
        case .duplicatedKeysInMapping(let keys, let context):
            let key = quoted(keys.sorted().first ?? "")
            findings.add("\(key) stands more than once in one mapping, first here", line: context.mark.line)
        default:
            findings.add("is not YAML: \(error)", line: nil)
        }
    }
}
