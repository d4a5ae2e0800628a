/// A way through the worlds, told in numbered lines with the readings of the clocks.
struct Story {
    let bounds: Bounds
    let mistake: Mistake?
    /// Real time in ticks.
    private var time = 0
    /// The readings of the clocks: the node's, then the coordinators'.
    private(set) var readings = [0, 0, 0]
    private var lines: [String] = []

    private init(_ bounds: Bounds, _ mistake: Mistake?) {
        self.bounds = bounds
        self.mistake = mistake
    }

    /// The story of a search that found something.
    static func tell(_ outcome: Explorer.Outcome, _ bounds: Bounds, _ mistake: Mistake?) -> [String] {
        var story = Story(bounds, mistake)
        var fan = Fan(bounds: bounds, mistake: mistake)
        for (before, after) in zip(outcome.path, outcome.path.dropFirst()) {
            fan.spread(from: before)
            guard let position = fan.worlds.firstIndex(where: { $0.isEqual(to: after) }) else {
                preconditionFailure("a step that the rules do not know")
            }
            story.tell(fan.steps[position], before, after)
        }
        if let law = outcome.law, let last = outcome.path.last {
            let running = (1...3).filter { last.runs($0) }.map { "epoch \(story.epoch($0, last))" }
            let now = running.isEmpty ? "nothing runs on the GPU" : "on the GPU: \(running.joined(separator: ", "))"
            story.lines.append("\(law.rawValue) is broken: \(law.text); \(now)")
        }
        return story.lines
    }

    /// Which clocks moved in each tick, as bits, since the last heartbeat was stamped before the first grant was started.
    static func ticks(of path: [World], _ bounds: Bounds, _ mistake: Mistake) -> [Int] {
        var fan = Fan(bounds: bounds, mistake: mistake)
        var ticks: [Int] = []
        var hasStarted = false
        for (before, after) in zip(path, path.dropFirst()) {
            fan.spread(from: before)
            guard let position = fan.worlds.firstIndex(where: { $0.isEqual(to: after) }) else {
                preconditionFailure("a step that the rules do not know")
            }
            let step = fan.steps[position]
            if step.kind == .ticked { ticks.append(step.place) }
            if step.kind == .beat, !hasStarted { ticks.removeAll() }
            if step.kind == .started { hasStarted = true }
        }
        return ticks
    }

    private mutating func tell(_ step: Step, _ before: World, _ after: World) {
        if step.kind == .ticked {
            time += 1
            for clock in readings.indices where step.place >> clock & 1 == 1 { readings[clock] += 1 }
            return
        }
        var clocks = "node clock \(readings[0]), coordinator clock \(readings[1])"
        if bounds.hasStandby { clocks += ", standby clock \(readings[2])" }
        let number = lines.count + 1
        lines.append("\(number < 10 ? " " : "")\(number). t=\(time)  \(clocks): \(words(step, before, after))")
    }
}
