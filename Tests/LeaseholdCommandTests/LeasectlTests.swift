import LeaseholdCommand
import LeaseholdModel
import Synchronization
import Testing

@Suite("leasectl, from the command line to the exit status")
struct LeasectlTests {
    /// Every refusal once.
    static let refusals: [(Refusal, Int32)] = [
        (.noCapacity(asked: 9, grantable: 8, inventory: 16), 5),
        (.noWholeNodes(unit: .node, asked: 2, grantable: 1), 5),
        (.noPower(place: "north-1", limit: Watts(9), committed: Watts(8), asked: Watts(2)), 5),
        (Sample.quotaRefusal, 5), (.notFound(.lease, name: "L9"), 3), (.alreadyThere(.tenant, name: "acme"), 6),
        (.wrongState(lease: LeaseID(rawValue: 9), state: .ended, asked: "released"), 6),
        (.invalid(field: "count", value: "0", expected: "1 or more"), 2),
        (.notAllowed(principal: "tenant/b", action: "release L9"), 4),
        (.requestTooOld(age: .hours(25), window: .hours(24)), 6),
        (.requestAhead(by: .hours(1), limit: .seconds(600)), 6),
        (.requestReused(id: Spoken.id), 6), (.requestTableFull(limit: 7), 7),
        (.promised(lease: LeaseID(rawValue: 9), node: "n", until: .never), 5),
        (.notServing(reason: "draining"), 7), (.logLost(reason: "it ends at record 5"), 6),
        (.historyTrimmed(oldest: RecordIndex(rawValue: 5)), 6),
    ]

    @Test("a refusal is said on standard error, with advice and its exit status", arguments: refusals)
    func refused(refusal: Refusal, status: Int32) async throws {
        let stub = StubCoordinator { _ in [.reply(.refused(refusal))] }
        let spoken = try await Spoken.run(["lease", "release", "L9"], on: stub)
        #expect(spoken.status == status)
        #expect(spoken.out.isEmpty)
        #expect(spoken.error == "refused: \(refusal.message)\n  try: \(refusal.advice)\n")
    }

    @Test("every refusal of the house has its exit status here, overloaded by its own test")
    func allRefusals() {
        #expect(Set(LeasectlTests.refusals.map(\.0.code)).union([.overloaded]) == Set(Refusal.Code.allCases))
    }

    @Test("an overloaded coordinator is waited for until the timeout, then it is exit status 7")
    func overloaded() async throws {
        let stub = StubCoordinator { _ in [.reply(.refused(.overloaded(retryAfter: .seconds(9))))] }
        #expect(try await Spoken.run(["status", "--timeout", "1s"], on: stub).status == 7)
    }

    @Test("with -o json a refusal is an object on standard output", arguments: ["json", "yaml"])
    func refusedObject(format: String) async throws {
        let stub = StubCoordinator { _ in [.reply(.refused(Sample.quotaRefusal))] }
        let spoken = try await Spoken.run(["lease", "release", "L9", "-o", format], on: stub)
        #expect(spoken.status == 5)
        #expect(spoken.error.isEmpty)
        #expect(spoken.out.contains("refused") && spoken.out.contains("quotaExceeded"))
    }

    @Test("nobody listening is exit status 7 with the address and what to try")
    func unreachable() async {
        let spoken = await Spoken.run(["status", "--coordinator", "unix:/nowhere/at-all.sock"])
        #expect(spoken.status == 7)
        #expect(spoken.error.hasPrefix("failed: no coordinator at unix:/nowhere/at-all.sock: No such file"))
        #expect(spoken.error.contains("--coordinator HOST:PORT"))
    }

    @Test("no answer is exit status 7 and names the request id to ask again with")
    func unanswered() async throws {
        let stub = StubCoordinator { _ in [] }
        let spoken = try await Spoken.run(["node", "cordon", "a/b/c/d", "--timeout", "1s"], on: stub)
        #expect(spoken.status == 7)
        #expect(spoken.error.contains("run again with --request-id \(Spoken.id)"))
    }

    /// A command line that cannot be, and a word that the complaint must have.
    static let mistakes: [([String], String)] = [
        (["lease", "crate"], "quote, create, list"), (["leases"], "fleet, node, tenant, lease"),
        (["lease", "create", "--tenant", "a"], "--term"), (["lease", "create", "--term", "1h"], "--tenant"),
        (["lease", "create", "--tenant", "a", "--term", "1h", "--end", "+1h"], "exclude each other"),
        (["lease", "create", "--tenant", "a", "--term", "5 minutes"], "expected a duration"),
        (["lease", "create", "--tenant", "a", "--term", "0s"], "expected a duration"),
        (["lease", "create", "--tenant", "a", "--end", "tomorrow"], "expected an instant"),
        (
            ["lease", "create", "--tenant", "a", "--term", "1h", "--unit", "cage"],
            "expected gpu, node, nvlink-domain, rack, hall, site"
        ),
        (["lease", "create", "--tenant", "a", "--term", "1h", "--count", "-1"], "--count"),
        (["lease", "create", "--tenant", "a", "--term", "1h", "--count", "0"], "1 or more"),
        (["lease", "create", "--tenant", "a", "--term", "1h", "--on-silence", "hope"], "expected fence or keep"),
        (["lease", "create", "--tenant", "a", "--term", "1h", "--request-id", "7"], "UUID of version 7"),
        (["lease", "create", "--tenant", "a", "--term", "1h", "--gpus", "8"], "--gpus"),
        (["lease", "create", "--tenant", "a", "--term", "1h", "--waitlist", "long"], "expected a duration"),
        (["lease", "quote", "--tenant", "a", "--term", "1h", "--waitlist", "3d"], "--waitlist"),
        (step("16"), "expected a count and an instant"), (step("16@now,"), "expected fee= and clause="),
        (step("16@now,fee=1.99"), "expected a fee such as fee=1.99USD"),
        (step("16@now,fee=1USD,fee=2USD"), "each once"), (step("16@now,clause=1,clause=2"), "each once"),
        (step("16@now,fee=1,99USD"), "expected a fee"), (step("16@now,clause"), "expected a clause"),
        (step("16@now,clause=\(String(repeating: "n", count: 64))"), "63 bytes at most"),
        (step("16@now,price=1USD"), "expected fee= and clause="),
        (["lease", "resize", "L1"], "--count"), (["lease", "resize", "L1", "--count", "0"], "1 or more"),
        (["lease", "explain"], "Missing expected argument"),
        (["lease", "show", "1742L"], "expected a lease"), (["lease", "show"], "Missing expected argument"),
        (["lease", "wait", "L1", "--for", "starting"], "expected active or ended"),
        (["tenant", "create", "acme"], "--gpus"), (["tenant", "create", "acme", "--gpus", "many"], "many"),
        (["event", "watch", "--from-index", "x"], "index of a record"),
        (["event", "watch", "--count", "0"], "1 or more"),
        (["batch", "--window", "0"], "1 to 4096"), (["batch", "-o", "yaml"], "batch prints JSON"),
        (["status", "-o", "csv"], "csv"), (["status", "--timeout", "soon"], "expected a duration"),
        (["status", "--principal", "root"], "expected operator/NAME"),
        (["status", "--principal", "agent/a"], "expected operator/NAME"),
        (["status", "--coordinator", "a:b"], "expected HOST:PORT"),
        (["status", "--coordinator", "10.0.0.1:7400"], "loopback only"),
        (["completion", "tcsh"], "tcsh"),
    ]

    private static func step(_ text: String) -> [String] {
        ["lease", "create", "--tenant", "a", "--term", "1h", "--count", "16", "--step", text]
    }

    @Test("every +2h of one command counts from the same instant, however long it takes to read them")
    func oneInstant() async throws {
        let stub = StubCoordinator { _ in [.reply(.refused(Sample.quotaRefusal))] }
        let ticks = Mutex<Int64>(0)
        let address = try await stub.start()
        _ = await Spoken.run(
            [
                "lease", "create", "--tenant", "a", "--count", "4", "--start", "+1h", "--end", "+3h", "--step", "2@+1h",
                "--step", "4@+2h",
            ], environment: ["LEASEHOLD_COORDINATOR": address],
            now: {
                ticks.withLock { $0 += 1 }
                return Spoken.now + .seconds(ticks.withLock { $0 })
            })
        guard case .createLease(let terms)? = stub.asked.first?.envelope.request, case .at(let start) = terms.start
        else {
            Issue.record("\(stub.asked)")
            return
        }
        #expect(terms.end == .at(start + .hours(2)))
        #expect(terms.steps.map(\.at) == [start, start + .hours(1)])
    }

    @Test("a wrong flag, name or value is exit status 2, with what was expected", arguments: mistakes)
    func usage(arguments: [String], word: String) async {
        let spoken = await Spoken.run(arguments)
        #expect(spoken.status == 2)
        #expect(spoken.out.isEmpty)
        #expect(spoken.error.contains(word), "\(spoken.error)")
    }

    @Test("a wrong variable of the environment is named", arguments: ["LEASEHOLD_COORDINATOR", "LEASEHOLD_PRINCIPAL"])
    func environment(variable: String) async {
        let spoken = await Spoken.run(["status"], environment: [variable: ":"])
        #expect(spoken.status == 2)
        #expect(spoken.error.contains(variable))
    }

    @Test("help is help, with examples, for every command", arguments: ["", "lease", "lease create", "batch"])
    func help(command: String) async {
        let spoken = await Spoken.run(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(spoken.status == 0)
        #expect(spoken.out.contains("USAGE: leasectl"))
        #expect(spoken.error.isEmpty)
    }

    @Test("completion scripts are printed for the three shells", arguments: ["bash", "zsh", "fish"])
    func completion(shell: String) async {
        let spoken = await Spoken.run(["completion", shell])
        #expect(spoken.status == 0)
        #expect(spoken.out.contains("leasectl"))
    }

    @Test("the flags of a lease are the terms of the request, and the change carries its id")
    func terms() async throws {
        let stub = StubCoordinator { _ in [.reply(.granted(Sample.grant))] }
        let spoken = try await Spoken.run(
            [
                "lease", "create", "--tenant", "acme", "--unit", "node", "--count", "2", "--kind", "H100,H200",
                "--end", "+2h", "--on-silence", "fence",
            ], on: stub)
        #expect(spoken.status == 0)
        #expect(spoken.out.hasPrefix("L1742 granted to acme"))
        let terms = LeaseTerms(
            tenant: "acme", unit: .node, count: 2, kinds: ["H100", "H200"], end: .at(Spoken.now + .hours(2)),
            onSilence: .fence)
        #expect(stub.asked.map(\.envelope.request) == [.createLease(terms)])
        #expect(stub.asked.map { $0.envelope.key?.id } == [Spoken.id])
    }

    @Test("a step may say fee and clause, in either order or neither")
    func steps() async throws {
        let stub = StubCoordinator { _ in [.reply(.granted(Sample.grant))] }
        let steps = [
            "4@now", "8@+1h,fee=1.99USD,clause=4.2b", "16@+2h,clause=§ 4 = b", "32@+3h,clause=4,fee=0.0425EUR",
        ]
        let arguments =
            ["lease", "create", "--tenant", "acme", "--count", "32", "--term", "2d"] + steps.flatMap { ["--step", $0] }
        #expect(try await Spoken.run(arguments, on: stub).status == 0)
        let terms = LeaseTerms(
            tenant: "acme", unit: .gpu, count: 32, kinds: [], end: .after(.hours(48)), onSilence: .keep,
            steps: [
                LeaseStep(count: 4, at: Spoken.now),
                LeaseStep(count: 8, at: Spoken.now + .hours(1), fee: Money(text: "1.99USD"), clause: "4.2b"),
                LeaseStep(count: 16, at: Spoken.now + .hours(2), clause: "§ 4 = b"),
                LeaseStep(count: 32, at: Spoken.now + .hours(3), fee: Money(text: "0.0425EUR"), clause: "4"),
            ])
        #expect(stub.asked.map(\.envelope.request) == [.createLease(terms)])
    }

    @Test("a lease that is put on the waitlist is exit status 0, and says so")
    func waitlist() async throws {
        let script = { @Sendable (_: StubCoordinator.Asked) -> [StubCoordinator.Act] in
            [.reply(.waitlisted(Sample.waitlisted(estimatedStart: nil)))]
        }
        let stub = StubCoordinator(script: script)
        let arguments = [
            "lease", "create", "--tenant", "acme", "--unit", "node", "--count", "4", "--term", "2h", "--waitlist",
            "1d",
        ]
        let spoken = try await Spoken.run(arguments, on: stub)
        #expect(spoken.status == 0)
        #expect(spoken.out.hasPrefix("L1743 waits at position 3 of the waitlist"))
        #expect(spoken.error.isEmpty)
        let terms = LeaseTerms(
            tenant: "acme", unit: .node, count: 4, kinds: [], end: .after(.hours(2)), onSilence: .keep,
            waitlist: .hours(24))
        #expect(stub.asked.map(\.envelope.request) == [.createLease(terms)])
        let json = try await Spoken.run(arguments + ["-o", "json"], on: StubCoordinator(script: script))
        #expect(json.out.hasPrefix(#"{"id":"L1743","place":{"position":3,"#))
    }

    @Test("a resize is a change with its count and its id")
    func resize() async throws {
        let lease = LeaseID(rawValue: 1742)
        let stub = StubCoordinator { _ in [.reply(.resized(LeaseResized(lease: lease, count: 4)))] }
        let spoken = try await Spoken.run(["lease", "resize", "L1742", "--count", "4"], on: stub)
        #expect(spoken.status == 0)
        #expect(spoken.out == "L1742 has 4 units from here on; the rest is given back\n")
        #expect(stub.asked.map(\.envelope.request) == [.resizeLease(lease, count: 4)])
        #expect(stub.asked.map { $0.envelope.key?.id } == [Spoken.id])
    }

    @Test("an explanation is asked for, and changes nothing")
    func explain() async throws {
        let lease = LeaseID(rawValue: 1742)
        let stub = StubCoordinator { _ in
            [
                .reply(
                    .explained(
                        LeaseExplanation(
                            lease: lease, state: .active, summary: "all is well", waiting: nil, missing: [],
                            missingCount: 0, notes: [], forgottenNoteCount: 0)))
            ]
        }
        let spoken = try await Spoken.run(["lease", "explain", "L1742"], on: stub)
        #expect(spoken.status == 0)
        #expect(spoken.out == "lease    L1742\nstate    active\nsummary  all is well\n")
        #expect(stub.asked.map(\.envelope.request) == [.explainLease(lease)])
        #expect(stub.asked.map { $0.envelope.key?.id } == [nil])
    }

    @Test("a list is asked for page by page and shown as one table")
    func pages() async throws {
        let stub = StubCoordinator { asked in
            guard case .listTenants(let page) = asked.envelope.request else { return [.hangUp] }
            let id = TenantID(rawValue: (page.after?.rawValue ?? 0) + 1)
            let tenant = TenantView(id: id, name: "t\(id)", quota: 8, held: 0, leaseCount: 0)
            return [.reply(.tenants([tenant], next: id.rawValue < 3 ? id : nil))]
        }
        let spoken = try await Spoken.run(["tenant", "list"], on: stub)
        #expect(
            spoken.out == """
                TENANT  QUOTA  HELD  LEASES
                t1          8     0       0
                t2          8     0       0
                t3          8     0       0

                """)
        #expect(stub.asked.count == 3)
    }
}
