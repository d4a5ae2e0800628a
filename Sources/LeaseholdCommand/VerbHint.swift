import ArgumentParser

/// What to say about a noun or a verb that there is none of, before its flags are looked at.
enum VerbHint {
    /// The complaint about the first word that names no command and what there is; nil where all do.
    static func complaint(about arguments: [String]) -> String? {
        var command: any ParsableCommand.Type = Leasectl.self
        var path = "leasectl"
        for word in arguments {
            let verbs = command.configuration.subcommands
            guard !verbs.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let verb = verbs.first(where: { $0.configuration.commandName == word }) else {
                let names = verbs.compactMap { $0.configuration.commandName }
                return "'\(word)' is no command of '\(path)'; expected one of \(names.joined(separator: ", "))"
            }
            command = verb
            path += " \(word)"
        }
        return nil
    }
}
