import Foundation
import LeaseholdSimulator

/// Leased GPUs over time, and how many requests waited longer than so long, as SVG.
struct TracePlot {
    let svg: String

    private static let width = 960.0
    private static let panelHeight = 240.0
    private static let left = 70.0
    private static let colours = ["#1b6ca8", "#c8553d", "#588157"]

    init(_ replay: TraceReplay, _ outcomes: [TraceReplay.Outcome]) {
        let last = Double(replay.sampleTimes.last ?? 1)
        let first = Double(replay.sampleTimes.first ?? 0)
        let leased = outcomes.map { outcome in
            zip(replay.sampleTimes, outcome.leasedPercents).map { (Double($0) / 86_400, $1) }
        }
        let longest = Double(outcomes.flatMap(\.waits).max() ?? 1)
        let waiting = outcomes.map { outcome -> [(Double, Double)] in
            let waits = outcome.waits.sorted()
            return (0...200).map { step in
                let seconds = pow(max(2, longest), Double(step) / 200)
                let longer = waits.count - TracePlot.position(of: Int(seconds), in: waits)
                return (log10(seconds), 100 * Double(longer) / Double(max(1, waits.count)))
            }
        }
        let most = max(1, waiting.flatMap { $0.map(\.1) }.max() ?? 1)
        var body = TracePlot.panel(
            top: 50, title: "GPUs leased, in percent", across: first / 86_400...max(last / 86_400, first / 86_400 + 1),
            up: 0...100, unit: "day of the trace", lines: leased
        ) { String(format: "%.0f", $0) }
        body += TracePlot.panel(
            top: 380, title: "Requests that waited longer, in percent", across: 0...log10(max(2, longest)),
            up: 0...most,
            unit: "seconds", lines: waiting
        ) { String(format: "%.0f", pow(10, $0)) }
        let legend = outcomes.enumerated().map { number, outcome in
            let x = TracePlot.left + Double(number) * 140
            return "<rect x=\"\(x)\" y=\"14\" width=\"18\" height=\"4\" fill=\"\(TracePlot.colours[number])\"/>"
                + "<text x=\"\(x + 24)\" y=\"20\">\(outcome.policy.rawValue)</text>"
        }
        svg = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(TracePlot.width)) 680" \
            font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            \(legend.joined(separator: "\n"))
            \(body)
            </svg>

            """
    }

    /// How many of ascending numbers are at most so much.
    private static func position(of value: Int, in sorted: [Int]) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func panel(
        top: Double, title: String, across: ClosedRange<Double>, up: ClosedRange<Double>, unit: String,
        lines: [[(Double, Double)]], label: (Double) -> String
    ) -> String {
        let inner = width - left - 20
        func x(_ value: Double) -> Double {
            left + inner * (value - across.lowerBound) / max(1e-9, across.upperBound - across.lowerBound)
        }
        func y(_ value: Double) -> Double {
            top + panelHeight * (1 - (value - up.lowerBound) / max(1e-9, up.upperBound - up.lowerBound))
        }
        func number(_ value: Double) -> String { String(format: "%.1f", value) }
        var found = ["<text x=\"\(left)\" y=\"\(number(top - 8))\" font-weight=\"bold\">\(title)</text>"]
        for step in 0...4 {
            let value = up.lowerBound + (up.upperBound - up.lowerBound) * Double(step) / 4
            found.append(
                "<line x1=\"\(left)\" x2=\"\(number(width - 20))\" y1=\"\(number(y(value)))\" y2=\"\(number(y(value)))\" "
                    + "stroke=\"#ddd\"/><text x=\"\(left - 8)\" y=\"\(number(y(value) + 4))\" text-anchor=\"end\">"
                    + "\(String(format: up.upperBound < 10 ? "%.1f" : "%.0f", value))</text>")
        }
        for step in 0...6 {
            let value = across.lowerBound + (across.upperBound - across.lowerBound) * Double(step) / 6
            found.append(
                "<text x=\"\(number(x(value)))\" y=\"\(number(top + panelHeight + 18))\" text-anchor=\"middle\">"
                    + "\(label(value))</text>")
        }
        found.append(
            "<text x=\"\(number(width / 2))\" y=\"\(number(top + panelHeight + 36))\" text-anchor=\"middle\">\(unit)</text>"
        )
        for (line, colour) in zip(lines, colours) {
            let points = line.map { "\(number(x($0.0))),\(number(y($0.1)))" }.joined(separator: " ")
            found.append("<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\" points=\"\(points)\"/>")
        }
        return found.joined(separator: "\n") + "\n"
    }
}
