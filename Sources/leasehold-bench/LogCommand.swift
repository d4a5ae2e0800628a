import ArgumentParser
import Foundation
import LeaseholdModel
import ProcessHarness

/// `leasehold-bench log`: what durability costs, and how fast a log is read back.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "The log alone, one thread, on a real disk: durable appends, scanning, recovery.",
        discussion: """
            `append.N`: N appenders, each with one record of 200 bytes outstanding, served in groups as the coordinator's \
            owner does: all that wait are handed over at once, and hand over their next record when the last is durable. \
            p50 and p99 are one append from hand-over to durable. The reference is a bare loop of one write and one \
            fdatasync of as many bytes as the log's frame has, into a file of zeros in the same directory; log and loop \
            take turns, a pair a run. Reading is of a log of whole lives of leases: `scan` checks checksums and chain, \
            `recover` opens the log as a coordinator does, and its parts are timed alone. `restart` opens a log with as \
            many leases on the calendar from a snapshot of it.
            """)

    @Option(help: "Pairs of log and bare loop; medians are printed.") var runs = 9
    @Option(help: "Groups of one half of a pair.") var groups = 2_000
    @Option(help: "The fleet file, for the log that is read back.") var fleet = "deploy/fleets/colossus-1.yaml"
    @Option(help: "Leases whose lives that log holds, five records each; and those on the calendar of the snapshot.")
    var leases = 100_000
    @Option(help: "How often it is read back.") var reads = 3

    func validate() throws {
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("--runs", runs, 1...999), ("--groups", groups, 10...100_000), ("--leases", leases, 10...1_000_000),
            ("--reads", reads, 1...99),
        ]
        for (flag, value, range) in ranges where !range.contains(value) {
            throw ValidationError("\(flag) is \(value); expected \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func run() throws {
        let declaration = try FleetOption.read(fleet)
        print(try Machine.line(bench: "log"))
        let directory = try LocalCluster.makeDirectory()
        defer {
            do { try FileManager.default.removeItem(at: directory) } catch { print("left behind: \(directory.path)") }
        }
        var appended: [Figures] = []
        let appends = try AppendRun(in: directory, groupCount: groups)
        for number in 1...runs {
            Progress.say("pair \(number) of \(runs)")
            appended.append(try appends.measure())
        }
        for line in try Figures.lines(of: appended) { print(line) }
        var read: [Figures] = []
        Progress.say("writing the log of \(leases) leases")
        let recovery = try RecoveryRun(declaration, leaseCount: leases, in: directory)
        for number in 1...reads {
            Progress.say("reading \(number) of \(reads)")
            read.append(try recovery.measure())
        }
        for line in try Figures.lines(of: read) { print(line) }
        var restarted: [Figures] = []
        Progress.say("writing a log of \(leases) leases on the calendar")
        let restart = try RestartRun(declaration, leaseCount: leases, in: directory)
        for number in 1...reads {
            Progress.say("restart \(number) of \(reads)")
            restarted.append(try restart.measure())
        }
        for line in try Figures.lines(of: restarted) { print(line) }
    }
}
