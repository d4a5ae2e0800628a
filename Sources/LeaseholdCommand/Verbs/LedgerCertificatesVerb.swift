import ArgumentParser
import LeaseholdLog
import LeaseholdModel

/// The command `leasectl ledger certificates`.
struct LedgerCertificatesVerb: LedgerVerb {
    static let configuration = CommandConfiguration(
        commandName: "certificates",
        abstract: "What nodes vouch for when a lease is over: energy used, and what was done to make its GPUs clean.",
        discussion: """
            Asks no coordinator: the proof is a file that `leasectl ledger export` or `leasectl ledger prove` has written, \
            and is checked like `leasectl ledger verify --offline` does before anything of it is shown. A node that did not \
            hear that its certificate had arrived says it again, so one may be there twice; both say the same. Energy is \
            what the driver's counter showed at the end of the work less what it showed at its beginning, read up to one \
            heartbeat before either.

              leasectl ledger export --tenant acme --key log.key.pub --to acme.proof
              leasectl ledger certificates acme.proof --key log.key.pub --lease L1742

            Exit status as of `leasectl ledger verify --offline`; 0 also where there is no certificate, which is said.
            """)

    @OptionGroup var source: CheckedProofOptions

    @Option(help: "Only those of this lease.", transform: Reading.lease)
    var lease: LeaseID?

    @OptionGroup var client: ClientOptions

    func answer() async throws {
        let found = try await source.entries().compactMap(LoggedCertificate.init).filter {
            lease == nil || $0.certificate.lease.whole == lease?.whole
        }
        let console = Console.current
        guard !client.output.isForScripts else {
            return console.out(
                Rendering.object(.object(("certificates", .list(found.map(\.value)))), as: client.output))
        }
        if found.isEmpty { console.error("\(source.names) has no certificate\(lease.map { " of \($0)" } ?? "")\n") }
        console.out(found.map(\.text).joined(separator: "\n"))
    }
}

/// A certificate with what the log says of it.
struct LoggedCertificate {
    let index: RecordIndex
    let at: CalendarInstant
    /// Whose word it is, and of which node.
    let principal: Principal
    let node: NodeID
    let certificate: SanitisingCertificate

    /// That of a record; nil where it is none.
    init?(_ entry: LogEntry) {
        guard case .partitionSanitised(let node, let certificate) = entry.record else { return nil }
        (index, at, principal) = (entry.index, entry.at, entry.principal)
        (self.node, self.certificate) = (node, certificate)
    }
}

extension LoggedCertificate {
    /// For people: a heading, a line for each GPU, a line for each step.
    fileprivate var text: String {
        let held = certificate.window.map { " held \($0.from.rfc3339) to \($0.until.rfc3339)," } ?? ""
        let all = certificate.energy.map { Rendering.energy($0.count / 1_000) } ?? "energy not known of every GPU"
        let gpus = certificate.gpus.map { gpu in
            "  GPU \(gpu.position) \(gpu.uuid.isEmpty ? "-" : gpu.uuid)"
                + (gpu.sliceCount == SliceSet.perGPU ? ": " : ", \(gpu.sliceCount) of \(SliceSet.perGPU) slices: ")
                + "\(gpu.energy.map { "\(Rendering.energy($0.count / 1_000)) used" } ?? "not metered")\n"
        }
        let steps = certificate.steps.map { step in
            let tries = step.failureCount == 0 ? "" : ", after \(step.failureCount) that failed"
            return "  \(step.doneAt.rfc3339) \(step.step.words)\(tries): \(step.evidence)\n"
        }
        return "\(certificate.lease) under \(certificate.epoch) on \(principal.name) (record \(index), \(at.rfc3339)):"
            + "\(held) \(all)\n" + (gpus + steps).joined()
    }

    /// For scripts: 64-bit integers are texts, as everywhere.
    fileprivate var value: JSONValue {
        .object(
            ("record", .string("\(index)")), ("at", .string(at.rfc3339)), ("lease", .string("\(certificate.lease)")),
            ("epoch", .string("\(certificate.epoch)")), ("node", .string(principal.name)),
            ("from", .string(certificate.window?.from.rfc3339 ?? "")),
            ("until", .string(certificate.window?.until.rfc3339 ?? "")),
            ("energyMillijoules", certificate.energy.map { .string("\($0.count)") } ?? .bare("null")),
            ("gpus", .list(certificate.gpus.map(\.value))), ("steps", .list(certificate.steps.map(\.value))))
    }
}

extension CertifiedGPU {
    fileprivate var value: JSONValue {
        .object(
            ("position", .bare("\(position)")), ("uuid", .string(uuid)), ("slices", .bare("\(sliceCount)")),
            ("energyMillijoules", energy.map { .string("\($0.count)") } ?? .bare("null")))
    }
}

extension CertifiedStep {
    fileprivate var value: JSONValue {
        .object(
            ("step", .string("\(step)")), ("doneAt", .string(doneAt.rfc3339)),
            ("failureCount", .bare("\(failureCount)")), ("evidence", .string(evidence)))
    }
}
