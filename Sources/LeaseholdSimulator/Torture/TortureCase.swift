/// One state of the torture, by the numbers that make it again.
package struct TortureCase: Hashable, Sendable {
    package let kind: TortureClass
    /// The log that it is a state of.
    package let story: TortureStory
    /// As many as the class has names for.
    package let numbers: [Int]

    init(_ kind: TortureClass, _ story: TortureStory, _ numbers: [Int]) {
        precondition(numbers.count == kind.numberNames.count, "\(kind) with \(numbers)")
        self.kind = kind
        self.story = story
        self.numbers = numbers
    }

    private static let firstLine = "leasehold-torture 1"

    /// The case as a small file: `key value` lines.
    package var text: String {
        ([TortureCase.firstLine, "class \(kind.rawValue)", "log \(story.rawValue)"] + told)
            .joined(separator: "\n") + "\n"
    }

    /// Reads such a file, or says which line is wrong.
    package init(text: String) throws(TortureComplaint) {
        let lines = text.split(separator: "\n").map(String.init)
        func value(_ line: Int, _ key: String) throws(TortureComplaint) -> String {
            guard lines.indices.contains(line), lines[line].hasPrefix(key + " ") else {
                let actual = lines.indices.contains(line) ? lines[line] : "nothing"
                throw TortureComplaint(reason: "line \(line + 1): expected \(key), actual \(actual)")
            }
            return String(lines[line].dropFirst(key.utf8.count + 1))
        }
        guard lines.first == TortureCase.firstLine else {
            throw TortureComplaint(reason: "line 1: expected \(TortureCase.firstLine)")
        }
        guard let kind = TortureClass(rawValue: try value(1, "class")) else {
            throw TortureComplaint(reason: "line 2: no class \(lines[1])")
        }
        guard let story = TortureStory(rawValue: try value(2, "log")), kind.stories.contains(story) else {
            throw TortureComplaint(reason: "line 3: class \(kind.rawValue) is not tried on \(lines[2])")
        }
        var numbers: [Int] = []
        for (position, name) in kind.numberNames.enumerated() {
            let word = try value(position + 3, name)
            let words = kind.words(for: name)
            guard let number = words.map({ $0.firstIndex(of: word) }) ?? Int(word), number >= 0 else {
                let expected = words.map { $0.joined(separator: ", ") } ?? "a number"
                throw TortureComplaint(reason: "line \(position + 4): expected \(expected), actual \(word)")
            }
            numbers.append(number)
        }
        self.init(kind, story, numbers)
    }
}

extension TortureCase: CustomStringConvertible {
    package var description: String { "\(story.rawValue): \(told.joined(separator: " "))" }

    /// Each number with its name, and in words where it has some.
    private var told: [String] {
        zip(kind.numberNames, numbers).map { name, number in
            "\(name) \(kind.words(for: name).map { $0[number] } ?? "\(number)")"
        }
    }
}

/// What is wrong with the file of a case.
package struct TortureComplaint: Error, Hashable, Sendable {
    package let reason: String
}
