import ArgumentParser
import LeaseholdModel

/// The command `leasectl lease wait`.
struct LeaseWaitVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Waits until a lease is active, or has ended.",
        discussion: """
            Ends with 0 and the lease, with 6 where the lease can no longer come there, with 7 when --timeout is over. \
            Without --timeout it waits as long as it takes, on the waitlist too. A restart of the coordinator does not \
            disturb it.

              leasectl lease wait L1742 --timeout 30s
              leasectl lease wait L1742 --for ended
            """)

    @OptionGroup var argument: LeaseArgument

    @Option(
        name: .customLong("for"), help: ArgumentHelp("The state waited for.", valueName: "active|ended"),
        transform: Reading.waitedState)
    var state: LeaseState = .active

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let asker = try Asker(client, timeout: client.timeout ?? LeaseFollower.patience)
        let follower = LeaseFollower(asker: asker, lease: argument.lease)
        let lease = try await Deadline.within(client.timeout, status: Ending.noAnswerStatus) {
            try await follower.wait(for: state)
        } late: { span in
            "no answer in time: \(argument.lease) is not \(state.word) after \(span)\n"
                + "  try: leasectl lease show \(argument.lease) says what it waits for"
        }
        asker.print(.lease(lease))
    }
}

/// The command `leasectl lease watch`.
struct LeaseWatchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Shows what happens to a lease, a line a record, until it has ended.")

    @OptionGroup var argument: LeaseArgument
    @OptionGroup var from: FromOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let asker = try Asker(client)
        try await LeaseFollower(asker: asker, lease: argument.lease).showUntilEnded(from: from.fromIndex)
    }
}

/// Where a watch begins.
struct FromOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("Begin with the record of this index. (default: what happens next)", valueName: "index"),
        transform: Reading.index)
    var fromIndex: RecordIndex?
}

/// The command `leasectl event`.
struct EventNoun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "What happens, record by record.", subcommands: [EventWatchVerb.self])
}

/// The command `leasectl event watch`.
struct EventWatchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Shows records as they become durable, until it is interrupted.",
        discussion: """
            A lost connection is made again within --timeout, and the watch goes on where it was.

              leasectl event watch --from-index 1
              leasectl event watch --lease L1742 -o json
            """)

    @OptionGroup var from: FromOption

    @Flag(help: "Only records about leases.")
    var leases = false

    @Option(help: ArgumentHelp("Only records about this lease.", valueName: "lease"), transform: Reading.lease)
    var lease: LeaseID?

    @Option(help: ArgumentHelp("End after so many.", valueName: "n"), transform: Reading.number)
    var count: Int?

    @OptionGroup var client: ClientOptions

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is \(count); expected 1 or more") }
    }

    func run() async throws {
        let asker = try Asker(client)
        var left = count
        let filter = EventFilter(from: from.fromIndex, leasesOnly: leases, lease: lease)
        try await Watch(asker: asker).follow(filter) { event in
            asker.print(.event(event))
            left = left.map { $0 - 1 }
            return left == 0 ? .ends : .goesOn
        }
    }
}
