import ArgumentParser
import Foundation
import LeaseholdModel
import LeaseholdSimulator

/// `leasehold-sim torture`: everything that can happen to a small log.
struct TortureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture",
        abstract: "Damage and interrupt small logs in every way there is, and check what recovery makes of each.",
        discussion: """
            Prints, for each class of mishap, how many states were tried; how many were refused, cut and declared, or
            harmless; how many nobody can tell from an earlier moment of the same log; silent losses and false
            refusals, of which there must be none; how many records were compared with those appended; and the
            smallest case, which is the first counter-example where there is one.

            Exit status: 0 all clean, 1 a counter-example was found, 2 usage.
            """)

    @Option(
        help: ArgumentHelp("Try the one state that is told in a file, and say what becomes of it.", valueName: "file"))
    var replay: String?

    @Option(help: ArgumentHelp("Where the first counter-example is written, for --replay.", valueName: "file"))
    var counterExample: String?

    @Flag(help: "Stop after the first class that has a counter-example.")
    var stopAtBreach = false

    @OptionGroup var plant: PlantOption

    func run() throws {
        if let replay { return try replayCase(at: replay) }
        var work = Torture()
        var total = TortureTally()
        print(TortureTable.heading)
        for kind in TortureClass.allCases {
            let parts = work.parts(of: kind)
            let tallies = try Parallel.map(parts.indices, progress: "parts of \(kind.rawValue)") { [work] in
                work.run(parts[$0])
            }
            let tally = tallies.reduce(into: TortureTally()) { $0.add($1) }
            print(TortureTable.row(kind.rawValue, tally, smallest: tally.breach?.state ?? tally.smallest))
            total.add(tally)
            if stopAtBreach, !tally.isClean { break }
        }
        print(TortureTable.row("all", total, smallest: nil))
        print("states: \(total.stateCount)")
        guard let breach = total.breach else { return }
        tell(breach)
        if let counterExample {
            try breach.state.text.write(toFile: counterExample, atomically: true, encoding: .utf8)
            let planting = plant.plant.map { " --plant \($0)" } ?? ""
            print("replay: leasehold-sim torture --replay \(counterExample)\(planting)")
        }
        throw ExitCode(1)
    }

    private func replayCase(at path: String) throws {
        let state: TortureCase
        do {
            state = try TortureCase(text: try String(contentsOfFile: path, encoding: .utf8))
        } catch let complaint as TortureComplaint {
            throw ValidationError("\(path): \(complaint.reason)")
        } catch {
            throw ValidationError("\(path): \(error.localizedDescription)")
        }
        let tally = Torture.replay(state)
        guard tally.stateCount > 0 else { throw ValidationError("\(path): no such state: \(state)") }
        print(TortureTable.heading)
        print(TortureTable.row(state.kind.rawValue, tally, smallest: state))
        guard let breach = tally.breach else { return }
        tell(breach)
        throw ExitCode(1)
    }

    private func tell(_ breach: TortureTally.Breach) {
        print("\(breach.kind.rawValue) in \(breach.state.kind.rawValue), \(breach.state)")
        print("  \(breach.words)")
    }
}

/// What the torture prints: a line for each class.
private enum TortureTable {
    private static let columns = [
        ("STATES", 9), ("REFUSED", 9), ("CUT", 8), ("HARMLESS", 9), ("UNTOLD", 7), ("SILENT", 7), ("FALSE", 6),
        ("COMPARED", 10),
    ]

    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    static var heading: String {
        left("CLASS", 17) + columns.map { right($0.0, $0.1) }.joined() + "  SMALLEST CASE"
    }

    static func row(_ name: String, _ tally: TortureTally, smallest: TortureCase?) -> String {
        let counts = [
            tally.stateCount, tally.refusedCount, tally.cutCount, tally.harmlessCount, tally.untoldCount,
            tally.silentLossCount, tally.falseRefusalCount, tally.comparisonCount,
        ]
        let numbers = zip(counts, columns).map { right("\($0)", $1.1) }.joined()
        return left(name, 17) + numbers + (smallest.map { "  \($0)" } ?? "")
    }
}
