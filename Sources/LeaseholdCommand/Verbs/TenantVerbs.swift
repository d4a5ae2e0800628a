import ArgumentParser
import LeaseholdModel

/// The command `leasectl tenant`.
struct TenantNoun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant",
        abstract: "Tenants and how many GPUs their leases may hold.",
        subcommands: [TenantCreateVerb.self, TenantListVerb.self, TenantShowVerb.self, TenantSetQuotaVerb.self])
}

/// A tenant and its quota, as two verbs take them.
struct QuotaArguments: ParsableArguments {
    @Argument(help: ArgumentHelp("The tenant's name: letters, digits, -, _ and .", valueName: "tenant"))
    var tenant: String

    @Option(
        help: ArgumentHelp("GPUs that its leases may hold at once.", valueName: "count"), transform: Reading.count)
    var gpus: UInt32
}

/// The command `leasectl tenant create`.
struct TenantCreateVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a tenant.", discussion: "  leasectl tenant create acme --gpus 512")

    @OptionGroup var quota: QuotaArguments
    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.createTenant(name: quota.tenant, quota: quota.gpus), id: change.id)
    }
}

/// The command `leasectl tenant set-quota`.
struct TenantSetQuotaVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-quota", abstract: "Changes a tenant's quota; leases that stand are not touched.",
        discussion: "  leasectl tenant set-quota acme --gpus 1024")

    @OptionGroup var quota: QuotaArguments
    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.setQuota(tenant: quota.tenant, quota: quota.gpus), id: change.id)
    }
}

/// The command `leasectl tenant list`.
struct TenantListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All tenants with their quotas and what they hold.")

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).list(
            ask: { .listTenants($0) },
            take: { reply in
                if case .tenants(let tenants, let next) = reply { (tenants, next) } else { nil }
            },
            show: { .tenants($0, next: nil) })
    }
}

/// The command `leasectl tenant show`.
struct TenantShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One tenant with its quota and what it holds.")

    @Argument(help: ArgumentHelp("The tenant's name.", valueName: "tenant"))
    var tenant: String

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.showTenant(name: tenant))
    }
}
