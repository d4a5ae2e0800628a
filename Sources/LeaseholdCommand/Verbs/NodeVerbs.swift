import ArgumentParser
import LeaseholdModel

/// The command `leasectl node`.
struct NodeNoun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Nodes: their state, and whether something new may be put there.",
        subcommands: [NodeListVerb.self, NodeShowVerb.self, NodeCordonVerb.self, NodeUncordonVerb.self])
}

/// The command `leasectl node list`.
struct NodeListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All nodes with their GPUs and states.",
        discussion: "-o wide adds watts, silence, since when, and the leases.")

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).list(
            ask: { .listNodes($0) },
            take: { reply in
                if case .nodes(let nodes, let next) = reply { (nodes, next) } else { nil }
            },
            show: { .nodes($0, next: nil) })
    }
}

/// The node that a verb is about.
struct NodeArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The node's path, as node list shows it.", valueName: "site/hall/rack/node"))
    var node: String
}

/// The command `leasectl node show`.
struct NodeShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One node: its state with the reason, its leases and watts, its GPUs.",
        discussion: """
            What its agent says of the GPUs is shown as it was said: what they are, what is wrong with them, since when, \
            and what to do; then one line with the next step.
            """)

    @OptionGroup var argument: NodeArgument
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.showNode(name: argument.node))
    }
}

/// The command `leasectl node cordon`.
struct NodeCordonVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon", abstract: "Puts nothing new on a node; what runs there runs on.")

    @OptionGroup var argument: NodeArgument
    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.cordonNode(name: argument.node), id: change.id)
    }
}

/// The command `leasectl node uncordon`.
struct NodeUncordonVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uncordon", abstract: "Lets new leases onto a node again.")

    @OptionGroup var argument: NodeArgument
    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.uncordonNode(name: argument.node), id: change.id)
    }
}
