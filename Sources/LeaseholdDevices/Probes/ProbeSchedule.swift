package import LeaseholdModel

/// When which of a site's probes is run: each once in every interval, and never while it still runs.
///
/// One that takes longer than the interval is run again as soon as it has ended and somebody looks.
package struct ProbeSchedule: Hashable, Sendable {
    /// More probes than anybody needs; the rest, by name, is not run.
    package static let probeCountMax = 16

    private struct Course: Hashable {
        var due: BootInstant
        var isRunning = false
    }

    private let interval: Span
    private var courses: [String: Course] = [:]

    /// A schedule of probes that are not known yet.
    package init(interval: Span) {
        precondition(interval > .zero, "probes every \(interval)")
        self.interval = interval
    }

    /// The probes to start at this moment, of those that there are; the caller says when each has ended.
    ///
    /// A new one is due at once. One that is gone is forgotten when it has ended.
    package mutating func start(of names: [String], at now: BootInstant) -> [String] {
        courses = courses.filter { names.contains($0.key) || $0.value.isRunning }
        let due = names.filter { name in courses[name].map { !$0.isRunning && $0.due <= now } ?? true }
        for name in due { courses[name] = Course(due: now + interval, isRunning: true) }
        return due
    }

    /// A probe that was started has ended.
    package mutating func end(_ name: String) { courses[name]?.isRunning = false }
}
