import Foundation
import LeaseholdBroker
import Testing

/// Transcripts of the book, which explain; random histories find.
///
/// Commands stand after a dollar sign, and below each what the book said.
///
/// `LEASEHOLD_REWRITE=1` writes them anew; with `CI=true` that is refused.
@Suite("Scenarios")
struct ScenarioTests {
    /// Every row of what the book can do, and the transcript that shows it.
    private static let rows: [(feature: String, file: String)] = [
        ("units gpu, node and site", "units"),
        ("units rack, hall and nvlink-domain", "units-of-place"),
        ("slices by MIG profile", "slices"),
        ("shares of a GPU", "shares"),
        ("CPU and memory, in proportion or as asked; CPU alone", "cpu-and-memory"),
        ("labels of nodes; kinds as good as each other", "labels"),
        ("all within one place; spread over places", "within-and-spread"),
        ("a start at a later instant; confirmed leases are never oversold", "starts"),
        ("as soon as possible", "soonest"),
        ("what a later lease finds: back-fill before a confirmed start", "back-fill"),
        ("ramp: so many units by each date", "ramp"),
        ("recurrence: daily, weekdays, weekly", "recurrence"),
        ("turnaround between tenants", "turnaround"),
        ("waitlist with position and estimated start; back-fill along the list", "waitlist"),
        ("explain: why a lease waits, moved or is interrupted", "explain"),
        ("shrink", "resize"),
        (
            "a node is away long before a start: the promise moves, or the lease is degraded with what is missing",
            "repair"
        ),
        ("extend", "extend"),
        ("cancel, and early release of what has begun", "cancel"),
        ("a node fails before the start: the lease moves, waits, or begins without it", "moved"),
        ("watts and quota over time", "power-over-time"),
        ("gang placement, smallest enclosing topology first", "gang-placement"),
        ("kinds in order of preference, and mixed", "kinds"),
        ("fence and keep", "silence-modes"),
        ("tenant quota in GPUs", "quota"),
        ("watts with GPUs against every power domain", "power"),
        ("node states, and silence", "node-states"),
        ("the cordon flag", "cordon"),
        ("GPU health", "health"),
        ("release, lapse, retirement in steps", "life-of-a-lease"),
        ("reigns", "reigns"),
        ("request ids", "request-ids"),
        ("fleet import in parts", "fleet-import"),
        ("tenants see their own", "own-leases"),
        ("quotes", "quotes"),
        ("quotes that say what binds, and the cheapest relaxations", "quote-relaxations"),
    ]

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Scenarios")

    @Test("every feature has its transcript, and every transcript its feature")
    func rowsAndFiles() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(files.sorted() == Self.rows.map { $0.file + ".txt" }.sorted())
    }

    @Test("a transcript reads as the book answers", arguments: ScenarioTests.rows.map(\.file))
    func transcript(file: String) throws {
        let url = Self.folder.appending(path: file + ".txt")
        let written = try String(contentsOf: url, encoding: .utf8)
        var scenario = Scenario()
        var lines: [String] = []
        for line in written.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("$ ") {
                lines.append(line)
                lines += scenario.run(String(line.dropFirst(2))).map { "  " + $0 }
            } else if !line.hasPrefix("  ") {
                lines.append(line)
            }
        }
        #expect(scenario.registry.book.checkInvariants() == [])
        #expect(scenario.registry.replayed().digest() == scenario.registry.book.digest())
        let played = lines.joined(separator: "\n")
        let environment = ProcessInfo.processInfo.environment
        if environment["LEASEHOLD_REWRITE"] == "1" {
            try #require(environment["CI"] != "true", "transcripts are not rewritten in CI")
            try played.write(to: url, atomically: true, encoding: .utf8)
        } else {
            #expect(played == written, "\(file): run with LEASEHOLD_REWRITE=1, then read the difference")
        }
    }
}
