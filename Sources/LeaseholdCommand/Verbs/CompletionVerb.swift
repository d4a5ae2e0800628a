import ArgumentParser

/// The command `leasectl completion`.
struct CompletionVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Prints the completion script of a shell.",
        discussion: """
              leasectl completion bash > /etc/bash_completion.d/leasectl
              leasectl completion zsh > ~/.zfunc/_leasectl
              leasectl completion fish > ~/.config/fish/completions/leasectl.fish
            """)

    /// The shells that there are scripts for.
    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() throws {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Console.current.out(Leasectl.completionScript(for: kind) + "\n")
    }
}
