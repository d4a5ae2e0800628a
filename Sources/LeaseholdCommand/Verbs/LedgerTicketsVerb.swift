import ArgumentParser
import LeaseholdLog
import LeaseholdModel

/// The command `leasectl ledger tickets`.
struct LedgerTicketsVerb: LedgerVerb {
    static let configuration = CommandConfiguration(
        commandName: "tickets",
        abstract: "What was to be done about GPUs, since when, and when they were handed back.",
        discussion: """
            Asks no coordinator: the proof is a file that `leasectl ledger export` or `leasectl ledger prove` has written, \
            and is checked like `leasectl ledger verify --offline` does before anything of it is shown. A ticket is opened \
            when a part of a GPU is seen broken, and closed when the GPU is handed back. The fleet's export has all of \
            them; a tenant's has those of GPUs of which one of its leases had some meanwhile. Name all files of an export: \
            a ticket may be opened in one of them and closed in the next.

              leasectl ledger export --fleet --key log.key.pub --to fleet.proof
              leasectl ledger tickets fleet.proof* --key log.key.pub --open

            Exit status as of `leasectl ledger verify --offline`; 0 also where there is no ticket, which is said. What is \
            open on one node at this moment, `leasectl node show` says.
            """)

    @OptionGroup var source: CheckedProofOptions

    @Option(help: ArgumentHelp("Only those of this node.", valueName: "site/hall/rack/node"))
    var node: String?

    @Flag(name: .customLong("open"), help: "Only those that are open at the end of the proof.")
    var isOpen = false

    @OptionGroup var client: ClientOptions

    func answer() async throws {
        let found = LoggedTicket.all(in: try await source.entries()).filter {
            (node == nil || $0.node == node) && (!isOpen || $0.ticket.closing == nil)
        }
        let console = Console.current
        guard !client.output.isForScripts else {
            return console.out(Rendering.object(.object(("tickets", .list(found.map(\.value)))), as: client.output))
        }
        guard !found.isEmpty else {
            return console.error(
                "\(source.names) has no \(isOpen ? "open " : "")ticket\(node.map { " of \($0)" } ?? "")\n")
        }
        console.out(Rendering.tickets(found).text(isColoured: console.isColoured))
    }
}

/// A ticket with what the log says of it.
struct LoggedTicket {
    /// The path of its node; empty where no record is the node's own.
    var node = ""
    /// As its last record has it.
    var ticket: Ticket
    /// The records that follow it, ascending.
    var records: [RecordIndex] = []
    /// Whose work it concerned, in the order in which that became so.
    var leases: [LeaseID] = []

    /// The tickets among records, in the order in which the log came to know them.
    static func all(in entries: [LogEntry]) -> [LoggedTicket] {
        struct Key: Hashable {
            let node: NodeID
            let name: Ticket.Name
        }
        var positions: [Key: Int] = [:]
        var found: [LoggedTicket] = []
        for entry in entries {
            guard case .ticketNoted(let node, let ticket, let lease) = entry.record else { continue }
            let key = Key(node: node, name: ticket.name)
            let position = positions[key] ?? found.count
            if position == found.count {
                positions[key] = position
                found.append(LoggedTicket(ticket: ticket))
            }
            found[position].note(ticket, lease, entry)
        }
        return found
    }

    private mutating func note(_ ticket: Ticket, _ lease: LeaseID?, _ entry: LogEntry) {
        if entry.principal.role == .agent { node = entry.principal.name }
        self.ticket = ticket
        records.append(entry.index)
        if let lease, !leases.contains(lease) { leases.append(lease) }
    }
}

extension LoggedTicket {
    /// For scripts: 64-bit integers are texts, as everywhere.
    fileprivate var value: JSONValue {
        .object(
            ("node", .string(node)), ("number", .string("\(ticket.name.number)")),
            ("gpu", ticket.gpu.map { .bare("\($0)") } ?? .bare("null")), ("uuid", .string(ticket.uuid)),
            ("component", .string(ticket.component)), ("action", .string(ticket.action)),
            ("opened", .string(ticket.name.opened.rfc3339)), ("done", .string(ticket.done?.rfc3339 ?? "")),
            ("closed", .string(ticket.closing?.at.rfc3339 ?? "")),
            ("outcome", .string(ticket.closing.map { "\($0.outcome)" } ?? "")),
            ("leases", .list(leases.map { .string("\($0)") })),
            ("records", .list(records.map { .string("\($0)") })))
    }
}

extension Rendering {
    /// A row for each ticket.
    fileprivate static func tickets(_ tickets: [LoggedTicket]) -> Table {
        let common = ticketTable(tickets.map(\.ticket))
        let columns = [.text("NODE")] + common.columns + [.text("CLOSED"), .text("OUTCOME"), .text("LEASES")]
        let rows = zip(tickets, common.rows).map { logged, row in
            let closing = logged.ticket.closing
            let leases = logged.leases.isEmpty ? "-" : logged.leases.map(\.description).joined(separator: " ")
            return [logged.node.isEmpty ? "-" : Cell(logged.node)] + row
                + [
                    Cell(closing?.at.rfc3339 ?? "-"), closing.map { Cell("\($0.outcome)") } ?? Cell("open", tint: .bad),
                    Cell(leases),
                ]
        }
        return Table(columns, rows: rows)
    }

    /// What is known of tickets wherever they are shown.
    static func ticketTable(_ tickets: [Ticket]) -> Table {
        Table(
            [
                .number("TICKET"), .number("GPU"), .text("PART"), .text("OPENED"), .text("DONE"), .text("ACTION"),
            ],
            rows: tickets.map { ticket in
                [
                    "\(ticket.name.number)", ticket.gpu.map { "\($0)" } ?? "-", Cell(ticket.component),
                    Cell(ticket.name.opened.rfc3339), Cell(ticket.done?.rfc3339 ?? "-"),
                    ticket.action.isEmpty ? "-" : Cell(ticket.action),
                ]
            })
    }
}
