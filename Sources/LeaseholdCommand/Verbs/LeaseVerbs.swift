import ArgumentParser
import LeaseholdModel

/// The command `leasectl lease`.
struct LeaseNoun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lease",
        abstract: "Leases: quote, create, follow, explain, extend, resize, release, cancel.",
        subcommands: [
            LeaseQuoteVerb.self, LeaseCreateVerb.self, LeaseListVerb.self, LeaseShowVerb.self, LeaseExplainVerb.self,
            LeaseExtendVerb.self, LeaseResizeVerb.self, LeaseReleaseVerb.self, LeaseCancelVerb.self,
            LeaseWaitVerb.self, LeaseWatchVerb.self,
        ])
}

/// What is asked for, as `quote` and `create` take it.
struct TermsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The tenant who leases.", valueName: "name"))
    var tenant: String

    @Option(
        help: ArgumentHelp(
            "What is counted: gpu, node (whole ones), nvlink-domain (all GPUs of one NVLink fabric), rack, hall or site "
                + "(all nodes of it that are ready); less than a GPU: slice:PROFILE (a MIG profile such as slice:1g.10gb), "
                + "share:THOUSANDTHS (of a GPU's time), cpu (CPU and memory alone). (default: gpu)",
            valueName: "unit"),
        transform: Reading.unit)
    var unit = AskedUnit(unit: .gpu)

    @Option(help: ArgumentHelp("How many of them. (default: 1)", valueName: "n"), transform: Reading.count)
    var count: UInt32 = 1

    @Option(
        help: ArgumentHelp(
            "GPU kinds in order of preference: the first that can hold all of it; kinds joined by | are as good as each "
                + "other and may be mixed. (default: any)",
            valueName: "kind,..."))
    var kind: String?

    @Option(
        help: ArgumentHelp(
            "CPU for each GPU, slice, share or cpu: 8, 1.5, 500m. (default: what falls to its part of the node's GPUs)",
            valueName: "cores"),
        transform: Reading.cpu)
    var cpu: Millicores?

    @Option(
        help: ArgumentHelp(
            "Memory for each GPU, slice, share or cpu: 64GiB. (default: what falls to its part of the node's GPUs)",
            valueName: "size"),
        transform: Reading.memory)
    var memory: Mebibytes?

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Only nodes with this label (zone=east) or without it (zone!=east); once for each demand.",
            valueName: "label"),
        transform: Reading.label)
    var labels: [LabelRule] = []

    @Option(
        help: ArgumentHelp(
            "When it begins: now, soonest (now or as early as all of it can be had), 2027-01-31T18:00:00Z or +2h. "
                + "(default: now)",
            valueName: "instant"),
        transform: Reading.start)
    var start: LeaseStart = .now

    @Option(help: ArgumentHelp("How long: 90s, 15m, 2h, 14d, 4w.", valueName: "duration"), transform: Reading.span)
    var term: Span?

    @Option(
        help: ArgumentHelp("Until when, instead of --term: 2027-01-31T18:00:00Z or +2h.", valueName: "instant"),
        transform: Reading.instant)
    var end: CalendarInstant?

    @Option(
        help: ArgumentHelp(
            "All of it, of each part, within one node, nvlink-domain, rack, hall or site. (default: wherever it fits)",
            valueName: "reach"),
        transform: Reading.reach)
    var within: LeaseReach?

    @Option(
        help: ArgumentHelp(
            "As evenly as possible over all racks, halls or sites. (default: packed)", valueName: "rack|hall|site"),
        transform: Reading.level)
    var spread: PlaceLevel?

    @Option(
        help: ArgumentHelp(
            "It arrives in steps: so many units, those before included, by an instant; once for each step, the last "
                + "with all of them. 16@+1h, 32@2027-02-01T00:00:00Z. A step may say the fee for an hour of one of its "
                + "units, and the clause where it is agreed: 64@+14d,fee=1.99USD,clause=4.2b.",
            valueName: "n@instant,..."),
        transform: Reading.step)
    var step: [LeaseStep] = []

    @Option(
        help: ArgumentHelp(
            "It comes again: daily, weekdays or weekly, so many times in all, at the same time of the day in UTC. "
                + "weekdays*20.",
            valueName: "rhythm*n"),
        transform: Reading.recurrence)
    var again: LeaseRecurrence?

    @Option(
        help: ArgumentHelp(
            "What silence of the coordinator means: keep runs on to the end of the term, fence stops the work "
                + "when the hold runs out. (default: keep)",
            valueName: "keep|fence"),
        transform: Reading.silence)
    var onSilence: SilenceMode = .keep

    func validate() throws {
        guard (term == nil) != (end == nil) else {
            throw ValidationError(
                term == nil
                    ? "Missing one of '--term <duration>' and '--end <instant>'"
                    : "--term and --end exclude each other")
        }
        if let kind, kind.split(separator: ",", omittingEmptySubsequences: false).contains(where: \.isEmpty) {
            throw ValidationError("--kind is '\(kind)'; expected kinds such as H100, separated by commas")
        }
        guard count > 0 else { throw ValidationError("--count is 0; expected 1 or more") }
    }

    /// The terms for the wire, with how long the lease is to wait where it cannot be had.
    func terms(waitlist: Span? = nil) -> LeaseTerms {
        guard let until = term.map({ LeaseEnd.after($0) }) ?? end.map({ LeaseEnd.at($0) }) else {
            preconditionFailure("terms of \(tenant) without an end were validated")
        }
        return LeaseTerms(
            tenant: tenant, unit: unit.unit, count: count,
            kinds: kind.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? [],
            shape: UnitShape(profile: unit.profile, share: unit.share, cpu: cpu, memory: memory), labels: labels,
            start: start, end: until, onSilence: onSilence, within: within, spread: spread, steps: step,
            recurrence: again, waitlist: waitlist)
    }
}

/// The command `leasectl lease quote`.
struct LeaseQuoteVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quote",
        abstract: "Says where a lease would lie, from when, and what it would draw; holds nothing.",
        discussion:
            "One that cannot be had says what binds, and the cheapest changes with which it fits; its exit status is that of "
            + "the refusal.\n\n  leasectl lease quote --tenant acme --unit node --count 2 --kind H100,H200 --start soonest --term 2h"
    )

    @OptionGroup var options: TermsOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let asker = try Asker(client)
        let reply = try await asker.ask(.quoteLease(options.terms()))
        asker.print(reply)
        if case .declined(let quote) = reply { throw ExitCode(quote.refusal.exitStatus) }
    }
}

/// The command `leasectl lease create`.
struct LeaseCreateVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Leases GPUs, now or from a later instant; all of them or none.",
        discussion: """
            Prints the lease's number, where it lies, from when and until when. It is durable then: GPUs and watts are \
            promised for the whole term. lease wait says when every node has started it. A lease in steps, or one that \
            comes again, has parts: L1742 is the whole and its first part, L1742.1 the next.

            What cannot be had is refused; with --waitlist it gets its number all the same, waits, and is granted when \
            it can be had. That is exit status 0 too: it says its position, an estimate of its start and why it waits; \
            with -o json the object has a place. lease wait L1742 waits for it to be active. A place on the list is no \
            promise, and smaller leases may be served before: --start soonest promises the earliest start that there is.

              leasectl lease create --tenant acme --count 2 --term 15m
              leasectl lease create --tenant acme --unit node --count 4 --term 14d --on-silence fence
              leasectl lease create --tenant acme --unit slice:1g.10gb --count 7 --within node --term 8h
              leasectl lease create --tenant acme --count 8 --within node --cpu 12 --memory 120GiB --term 2h
              leasectl lease create --tenant acme --unit rack --start 2027-02-01T00:00:00Z --term 4w
              leasectl lease create --tenant acme --count 64 --term 12w --step 16@now --step 64@+14d,fee=1.99USD
              leasectl lease create --tenant acme --unit node --start +1h --term 8h --again weekdays*20
              leasectl lease create --tenant acme --unit node --count 16 --term 2d --waitlist 3d
            """)

    @OptionGroup var options: TermsOptions

    @Option(
        help: ArgumentHelp(
            "Where it cannot be had, put it on the waitlist for so long: 12h, 3d. Not for a lease in parts. "
                + "(default: it is refused)",
            valueName: "duration"),
        transform: Reading.span)
    var waitlist: Span?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.createLease(options.terms(waitlist: waitlist)), id: change.id)
    }
}

/// The command `leasectl lease list`.
struct LeaseListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Leases that have not ended.",
        discussion: """
            Where some wait, their position on the waitlist and until when. -o wide adds kinds, cause, epoch, start and \
            who asked.
            """)

    @Option(help: ArgumentHelp("Only this tenant's.", valueName: "name"))
    var tenant: String?

    @Flag(help: "Ended ones too, as far as they are remembered.")
    var all = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let filter = LeaseFilter(tenant: tenant, includesEnded: all)
        try await Asker(client).list(
            ask: { .listLeases($0, filter) },
            take: { reply in
                if case .leases(let leases, let next) = reply { (leases, next) } else { nil }
            },
            show: { .leases($0, next: nil) })
    }
}

/// The lease that a verb is about.
struct LeaseArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The lease, as lease list shows it: L1742; one part of it: L1742.3.", valueName: "lease"),
        transform: Reading.lease)
    var lease: LeaseID
}

/// The command `leasectl lease show`.
struct LeaseShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One lease: its state, terms, epoch and the GPUs it lies on.")

    @OptionGroup var argument: LeaseArgument
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.showLease(argument.lease))
    }
}

/// The command `leasectl lease explain`.
struct LeaseExplainVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Why a lease is as it is.",
        discussion: """
            Its position on the waitlist and why it waits, which of its GPUs cannot be used and why, and what has \
            happened to it; -o wide names more nodes.

              leasectl lease explain L1742
            """)

    @OptionGroup var argument: LeaseArgument
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.explainLease(argument.lease))
    }
}

/// The command `leasectl lease extend`.
struct LeaseExtendVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extend", abstract: "Ends a lease later, on the same GPUs; all of it or nothing.",
        discussion: """
              leasectl lease extend L1742 --by 14d
              leasectl lease extend L1742 --end 2027-01-31T18:00:00Z
            """)

    @OptionGroup var argument: LeaseArgument

    @Option(help: ArgumentHelp("So much later than agreed: 2h, 14d.", valueName: "duration"), transform: Reading.span)
    var by: Span?

    @Option(
        help: ArgumentHelp("Until when, instead of --by: 2027-01-31T18:00:00Z or +2h.", valueName: "instant"),
        transform: Reading.instant)
    var end: CalendarInstant?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (by == nil) != (end == nil) else {
            throw ValidationError(
                by == nil
                    ? "Missing one of '--by <duration>' and '--end <instant>'" : "--by and --end exclude each other")
        }
    }

    func run() async throws {
        guard let until = by.map({ LeaseEnd.after($0) }) ?? end.map({ LeaseEnd.at($0) }) else {
            preconditionFailure("an extension of \(argument.lease) without an end was validated")
        }
        try await Asker(client).show(.extendLease(argument.lease, to: until), id: change.id)
    }
}

/// The command `leasectl lease resize`.
struct LeaseResizeVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Gives a part of a lease back: it keeps fewer units.",
        discussion: """
            Work on what it does not keep is ended and its GPUs are wiped; what it keeps runs on. A lease that runs \
            gives back whole nodes only. Of a lease that comes again, it is the count of each time.

              leasectl lease resize L1742 --count 4
            """)

    @OptionGroup var argument: LeaseArgument

    @Option(
        help: ArgumentHelp("How many units it keeps, fewer than it has.", valueName: "n"), transform: Reading.count)
    var count: UInt32

    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard count > 0 else {
            throw ValidationError("--count is 0; expected 1 or more (lease release gives all of it back)")
        }
    }

    func run() async throws {
        try await Asker(client).show(.resizeLease(argument.lease, count: count), id: change.id)
    }
}

/// The command `leasectl lease cancel`.
struct LeaseCancelVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Gives a lease up before it begins, or while it waits.",
        discussion: "One that has begun is given back with lease release.")

    @OptionGroup var argument: LeaseArgument
    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.cancelLease(argument.lease), id: change.id)
    }
}

/// The command `leasectl lease release`.
struct LeaseReleaseVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Gives a lease back.",
        discussion: """
            Its work is ended and its GPUs are wiped; lease wait L1742 --for ended says when. Parts that have not begun \
            are cancelled with it.
            """)

    @OptionGroup var argument: LeaseArgument
    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.releaseLease(argument.lease), id: change.id)
    }
}
