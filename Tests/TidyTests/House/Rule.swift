/// What a law of the house has to say about one line.
struct Complaint: Equatable, Sendable, CustomStringConvertible {
    /// The file, from the root of the repository.
    let path: String
    /// The line, counted from 1.
    let line: Int
    /// What is wrong, and what to write instead.
    let message: String

    /// The form that editors and terminals turn into a link.
    var description: String { "\(path):\(line): \(message)" }
}

/// A law of the house: what it says, and a proof that it can say no.
///
/// A law without a planted fault cannot be written down: a checker that accepts everything looks exactly like a tidy house.
struct Rule: Sendable, CustomStringConvertible {
    /// The law as a sentence.
    let name: String
    /// Files that break the law; at least one complaint must come of them.
    let planted: [SourceFile]
    /// Files that keep the law, close to the planted ones.
    let sound: [SourceFile]
    /// Examines the whole house.
    let check: @Sendable ([SourceFile]) -> [Complaint]

    /// What a test shows for this rule.
    var description: String { name }

    /// A law that looks at the house as a whole.
    init(
        house name: String,
        planted: [SourceFile],
        sound: [SourceFile],
        check: @escaping @Sendable ([SourceFile]) -> [Complaint]
    ) {
        self.name = name
        self.planted = planted
        self.sound = sound
        self.check = check
    }

    /// A law that looks at one file at a time.
    init(
        _ name: String,
        planted: SourceFile,
        sound: SourceFile,
        check: @escaping @Sendable (SourceFile) -> [Complaint]
    ) {
        self.init(house: name, planted: [planted], sound: [sound]) { $0.flatMap(check) }
    }

    /// The complaints about a text, as if it were the file at a path.
    func complaints(about text: String, at path: String) -> [Complaint] {
        check([SourceFile(path: path, text: text)])
    }
}

extension Rule {
    /// All laws of the house.
    static let all: [Rule] =
        imports + manifest + purity + words + reasons + sizes + documentation + leftovers + waiting + layout + decisions
}
