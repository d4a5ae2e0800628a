package import LeaseholdModel

/// A sign with when it was first and last seen.
package struct Evidence: Codable, Hashable, Sendable {
    package let finding: Finding
    package let first: CalendarInstant
    package fileprivate(set) var last: CalendarInstant
    package fileprivate(set) var count: UInt64

    package init(finding: Finding, first: CalendarInstant, last: CalendarInstant, count: UInt64) {
        self.finding = finding
        self.first = first
        self.last = last
        self.count = count
    }
}

/// How one part of a GPU is, and why.
///
/// The picture to have in mind is a stair that is fallen down at once and climbed a step at a time: from unhealthy by
/// the remedy and a reading after it that asks for no more, from suspect by a clean reading after a calm. Nothing but a
/// reading climbs, so a GPU that cannot be read stays where it is.
package struct Condition: Codable, Hashable, Sendable {
    /// How many signs are kept of each part.
    package static let evidenceCountMax = 16
    /// How often its remedy may have failed to help before somebody has to go there.
    package static let relapseCountMax: UInt8 = 2

    package fileprivate(set) var standing: Standing
    /// Since when it stands so; nil while it has always been healthy.
    package fileprivate(set) var since: CalendarInstant?
    /// What it needs to be healthy.
    package fileprivate(set) var remedy: Remedy
    /// When that was seen done, while no sign has come since; nil before.
    package fileprivate(set) var remedied: CalendarInstant?
    /// How often it fell again between its remedy and health.
    package fileprivate(set) var relapseCount: UInt8
    /// The last sign that was not for nothing, or the climb after it, from which its calm is counted.
    package fileprivate(set) var lastTrouble: BootInstant?
    /// What was seen, oldest first.
    package fileprivate(set) var evidence: [Evidence]

    /// A part against which nothing is known, or one as it was kept; of the evidence, the newest that there is room for.
    package init(
        standing: Standing = .healthy, since: CalendarInstant? = nil, remedy: Remedy = .none,
        remedied: CalendarInstant? = nil, relapseCount: UInt8 = 0, lastTrouble: BootInstant? = nil,
        evidence: [Evidence] = []
    ) {
        self.standing = standing
        self.since = since
        self.remedy = remedy
        self.remedied = remedied
        self.relapseCount = relapseCount
        self.lastTrouble = lastTrouble
        self.evidence = evidence.suffix(Condition.evidenceCountMax)
    }

    /// Takes a sign of trouble; one that needs nothing is only kept.
    mutating func take(_ finding: Finding, at now: Now) {
        keep(finding, at: now)
        guard finding.remedy.standing > .healthy else { return }
        lastTrouble = now.boot
        if finding.remedy.standing == .unhealthy { voidRemedy() }
        if standing < finding.remedy.standing { stand(finding.remedy.standing, at: now) }
        remedy = max(remedy, finding.remedy)
    }

    /// What was done did not help, or not for long.
    private mutating func voidRemedy() {
        guard remedied != nil else { return }
        remedied = nil
        relapseCount = min(relapseCount + 1, Condition.relapseCountMax)
        if relapseCount == Condition.relapseCountMax { remedy = .service }
    }

    /// Takes that a remedy was seen done.
    mutating func remedied(by deed: Remedy, at now: Now) {
        guard standing == .unhealthy, deed.helps(remedy) else { return }
        remedied = now.calendar
    }

    /// Takes that a reading has nothing worse to say of it than `worst`.
    mutating func takeReading(worst: Standing, at now: Now, calm: Span) {
        if standing == .unhealthy, worst < .unhealthy, remedied != nil {
            stand(.suspect, at: now)
            lastTrouble = now.boot
        } else if standing == .suspect, worst == .healthy, now.boot >= (lastTrouble ?? now.boot) + calm {
            stand(.healthy, at: now)
            (remedy, remedied, relapseCount) = (.none, nil, 0)
        }
    }

    /// The node was started anew: an instant of its clock was of another boot, and its calm begins anew.
    mutating func boot(at now: Now) {
        lastTrouble = lastTrouble.map { _ in now.boot }
        remedied(by: .restartNode, at: now)
    }

    private mutating func stand(_ new: Standing, at now: Now) {
        standing = new
        since = now.calendar
    }

    private mutating func keep(_ finding: Finding, at now: Now) {
        if let known = evidence.firstIndex(where: { $0.finding == finding }) {
            evidence[known].last = now.calendar
            evidence[known].count = evidence[known].count &+ 1
            return
        }
        if evidence.count == Condition.evidenceCountMax { evidence.removeFirst() }
        evidence.append(Evidence(finding: finding, first: now.calendar, last: now.calendar, count: 1))
    }
}
