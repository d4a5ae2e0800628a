import Foundation
import ProcessHarness
import Testing

/// A command line that somebody got wrong, and how it is answered.
struct Mistake {
    /// Words between spaces; `''` is an empty one, `~` a space within one, `{name}` a path of the test.
    let line: String
    let status: Int32
    /// What the answer must say, on either stream.
    let words: [String]

    init(_ line: String, _ status: Int32, _ words: String...) {
        self.line = line
        self.status = status
        self.words = words
    }
}

/// A directory of one test, with the files that mistakes are made with.
final class BadInputFolder {
    let url: URL

    init() throws { url = try LocalCluster.makeDirectory() }

    func remove() {
        do {
            try FileManager.default.removeItem(at: url)
        } catch {
            print("left behind: \(url.path): \(error)")
        }
    }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// Everything below a name: paths with contents.
    func contents(of name: String) throws -> [String: Data] {
        var found: [String: Data] = [:]
        for below in try FileManager.default.subpathsOfDirectory(atPath: path(name)) {
            found[below] = FileManager.default.contents(atPath: path("\(name)/\(below)")) ?? Data()
        }
        return found
    }

    func write(_ text: String, to name: String) throws { try write(Data(text.utf8), to: name) }

    func write(_ bytes: Data, to name: String) throws { try bytes.write(to: url.appendingPathComponent(name)) }

    func copy(_ name: String, to other: String) throws {
        try FileManager.default.copyItem(atPath: path(name), toPath: path(other))
    }

    /// The words of a mistake, with this directory's paths.
    func arguments(_ line: String) -> [String] {
        line.split(separator: " ").map { word in
            guard word != "''" else { return "" }
            return word.replacingOccurrences(of: "~", with: " ").replacingOccurrences(of: "{", with: url.path + "/")
                .replacingOccurrences(of: "}", with: "")
        }
    }

    /// Makes each mistake and holds its answer against what it should be.
    func check(
        _ program: String, _ mistakes: [Mistake], environment: [String: String] = [:],
        at location: SourceLocation = #_sourceLocation
    ) throws {
        for mistake in mistakes {
            let answer = try run(program, arguments(mistake.line), environment: environment)
            expect(answer, of: "\(program) \(mistake.line)", mistake.status, mistake.words, at: location)
        }
    }
}

/// The status, every decisive word, and nothing that only a programmer could read.
func expect(
    _ answer: Answer, of command: String, _ status: Int32, _ words: [String],
    at location: SourceLocation = #_sourceLocation
) {
    let said = answer.output + answer.complaint
    #expect(answer.status == status, "\(command): \(said)", sourceLocation: location)
    for word in words {
        #expect(said.contains(word), "\(command) does not say \"\(word)\":\n\(said)", sourceLocation: location)
    }
    for word in ["Fatal error", "Stack dump", "Optional(", "NSCocoa", "Swift."] {
        #expect(!said.contains(word), "\(command): \(said)", sourceLocation: location)
    }
}

extension Program {
    /// SIGTERM: it drains, says so and exits with 0.
    func expectDrain(at location: SourceLocation = #_sourceLocation) {
        signal(SIGTERM)
        let status = exitStatus(within: 10)
        #expect(status == 0, "\(name) after SIGTERM: \(printed)", sourceLocation: location)
        #expect(printed.contains("drained"), "\(name) after SIGTERM: \(printed)", sourceLocation: location)
    }

    /// Waits for its end and holds it against what it should be.
    func expectEnd(_ status: Int32, _ words: String..., at location: SourceLocation = #_sourceLocation) {
        let ended = exitStatus(within: 10)
        let answer = Answer(status: ended ?? -1, output: printed, complaint: "")
        expect(answer, of: name, status, words, at: location)
    }
}
