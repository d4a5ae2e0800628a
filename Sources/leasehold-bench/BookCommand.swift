import ArgumentParser
import Foundation
import LeaseholdFleet
import LeaseholdModel

/// `leasehold-bench book`: decisions on a full calendar.
struct BookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "book",
        abstract: "The lease book alone, one thread: decisions and quotes on a calendar of many future leases.",
        discussion: """
            Fills 18 months of the fleet with leases of 1 to 512 GPUs, at a mean load of 90 %, and then 99 % of what can be \
            leased now. Beside each figure stands a floor of the same run: one random read over an array as large as the \
            calendar. `evolve` is bookings alone; `evolve.lives` is those and the rest of the lives of all leases, in the \
            order of time: begun, activated, ending, retired. Then the same on a tenth of the fleet and on ten times as \
            much of it, with the exponent of growth.
            """)

    @Option(help: "The fleet file.") var fleet = "deploy/fleets/colossus-1.yaml"
    @Option(help: "Leases on the calendar.") var leases = 100_000
    @Option(help: "How often everything is measured; medians are printed.") var runs = 3
    @Flag(name: .customLong("no-growth"), help: "Leave the smaller and the larger fleet out.") var isSingle = false
    @Flag(name: .customLong("only-evolve"), help: "Leave decisions out.") var isEvolveOnly = false

    func validate() throws {
        guard (1...99).contains(runs) else { throw ValidationError("--runs is \(runs); expected 1 to 99") }
        guard (10...1_000_000).contains(leases) else {
            throw ValidationError("--leases is \(leases); expected 10 to 1000000")
        }
    }

    func run() throws {
        let declaration = try FleetOption.read(fleet)
        print(try Machine.line(bench: "book"))
        var measured: [Figures] = []
        for number in 1...runs {
            Progress.say("run \(number) of \(runs)")
            var figures = Figures()
            var book = FullBook(declaration, leaseCount: leases)
            book.measure("book", isEvolveOnly: isEvolveOnly, into: &figures)
            measured.append(figures)
        }
        for line in try Figures.lines(of: measured) { print(line) }
        if !isSingle { try growth(of: declaration) }
    }

    /// The same costs for a tenth, one and ten times the racks, and how they grow with the fleet.
    private func growth(of fleet: FleetDeclaration) throws {
        var sizes: [(gpuCount: Int, figures: Figures)] = []
        for scale in FleetScale.allCases {
            let scaled = fleet.scaled(scale)
            guard scaled.nodeCount <= Limits.nodeCountMax else { continue }
            Progress.say("\(scaled.gpuCount) GPUs")
            var figures = Figures()
            var book = FullBook(scaled, leaseCount: scale.times(leases))
            book.measure("book.\(scaled.gpuCount)", isEvolveOnly: isEvolveOnly, into: &figures)
            sizes.append((scaled.gpuCount, figures))
        }
        for size in sizes { for line in try Figures.lines(of: [size.figures]) { print(line) } }
        guard let least = sizes.first, let most = sizes.last, least.gpuCount < most.gpuCount else { return }
        for (low, high) in zip(least.figures.all, most.figures.all) where low.unit == "s" && low.value > 0 {
            let exponent = log(high.value / low.value) / log(Double(most.gpuCount) / Double(least.gpuCount))
            let name = low.name.split(separator: ".").dropFirst(2).joined(separator: ".")
            print(
                try Figures.json([
                    "figure": "book.growth.\(name)", "value": Figures.rounded(exponent), "unit": "exponent",
                    "from": least.gpuCount, "to": most.gpuCount,
                ]))
        }
    }
}

/// The file of a fleet, as every benchmark takes it.
enum FleetOption {
    /// Reads it, or says what is wrong with it.
    static func read(_ path: String) throws -> FleetDeclaration {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ValidationError("--fleet \(path): \(error.localizedDescription)")
        }
        do throws(FleetComplaint) {
            return try FleetFile.read(text: text, name: path)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

/// Sizes of the same fleet.
enum FleetScale: CaseIterable {
    case tenth
    case whole
    case tenfold

    /// So much of a number.
    func times(_ number: Int) -> Int {
        switch self {
        case .tenth: max(1, number / 10)
        case .whole: number
        case .tenfold: number * 10
        }
    }
}

extension FleetDeclaration {
    /// Every tenth rack, all of them, or each of them ten times; limits that its places have are left out.
    func scaled(_ scale: FleetScale) -> FleetDeclaration {
        var fleet = FleetDeclaration(kinds: kinds)
        var racksSeen = 0
        var positions: [Int: [Int]] = [:]
        for (position, place) in places.enumerated() {
            guard place.level == .rack else {
                fleet.places.append(PlaceDeclaration(path: place.path, limit: nil))
                continue
            }
            racksSeen += 1
            let copyCount = scale == .tenfold ? 10 : scale == .tenth && racksSeen % 10 != 1 ? 0 : 1
            for copy in 0..<copyCount {
                positions[position, default: []].append(fleet.places.count)
                let path = copy == 0 ? place.path : "\(place.path)-copy-\(copy)"
                fleet.places.append(PlaceDeclaration(path: path, limit: nil))
            }
        }
        for run in runs {
            for position in positions[Int(run.rack)] ?? [] {
                fleet.runs.append(
                    NodeRun(
                        rack: UInt32(position), namePrefix: run.namePrefix, firstNumber: run.firstNumber,
                        count: run.count, kind: run.kind, gpusPerNode: run.gpusPerNode, envelope: run.envelope))
            }
        }
        return fleet
    }
}
