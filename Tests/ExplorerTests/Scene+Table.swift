/// A mistake in a scene that must tell it.
struct Planting: Sendable, CustomStringConvertible {
    let scene: Scene
    let mistake: Mistake

    static let all: [Planting] = Scene.all.flatMap { scene in
        scene.mistakes.map { Planting(scene: scene, mistake: $0) }
    }

    var description: String { "\(mistake.rawValue) in \(scene.name)" }
}

extension Scene: CustomStringConvertible {
    var description: String { name }

    /// The scene's line in the table of bounds.
    func row(_ outcome: Explorer.Outcome, time: Duration) -> String {
        var parts = [
            "messages \(bounds.messages)", "grants \(bounds.grants)", "connections \(bounds.connections)",
        ]
        if bounds.echo == nil { parts.append("T \(bounds.hold), K \(bounds.eviction), W \(bounds.wait)") }
        if bounds.isKeep { parts.append("term \(bounds.term), bound \(bounds.bound(after: bounds.term))") }
        if bounds.hasStandby { parts.append("V \(bounds.validity), a new leader's wait \(bounds.standbyWait)") }
        if let echo = bounds.echo { parts.append("suspect within \(echo.quietMax) ticks") }
        for chance in Chance.allCases {
            if let count = bounds.chances[chance], count > 0 { parts.append("\(chance.text) \(count)") }
        }
        parts.append("pauses and losses any number, horizon none")
        let counts = "\(outcome.stateCount) states, \(outcome.stepCount) steps, depth \(outcome.depth), \(time)"
        return "scene \(name): \(text)\n  bounds: \(parts.joined(separator: "; "))\n  explored: \(counts)"
    }
}

extension Bounds {
    /// The kinds of steps that the scene's chances allow.
    var accidents: [Step.Kind] {
        Chance.allCases.filter { chances[$0, default: 0] > 0 }.compactMap { chance in
            switch chance {
            case .agentDeath: .agentDied
            case .guardDeath: .guardDied
            case .nodeReboot: .nodeRebooted
            case .coordinatorDeath: .coordinatorDied
            case .coordinatorReboot: .coordinatorRebooted
            case .restore: .restored
            case .calendarStep: .calendarStepped
            case .duplicate: nil
            }
        }
    }
}
