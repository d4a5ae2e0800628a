package import LeaseholdModel

/// A lease that waits, with what it asks for.
package struct WaitlistEntry: Equatable, Sendable {
    package let lease: LeaseID
    package let tenant: TenantID
    package let waiting: WaitlistedLease
}

/// The leases that nothing is promised to yet, in the order in which they came: who came first is tried first.
///
/// The list holds nothing. What comes free is offered along it, and an entry that it does not suffice for is passed over
/// (back-fill); what has been confirmed lies in the calendar, so nobody's start is delayed by it.
package struct Waitlist: Equatable, Sendable {
    /// Ascending by lease.
    private(set) package var entries: [WaitlistEntry] = []
    /// When the first of them leaves the list, if nothing comes free; nil where nobody waits.
    private(set) package var nextEnd: CalendarInstant?

    /// Nobody waits.
    package init() {}

    /// The position of the first entry whose lease is at least this one.
    private func place(of lease: LeaseID) -> Int {
        firstPosition(in: entries.count, near: entries.count / 2) { entries[$0].lease < lease }
    }

    /// A lease that waits; nil for one that does not.
    subscript(lease: LeaseID) -> WaitlistEntry? {
        let place = place(of: lease)
        return place < entries.count && entries[place].lease == lease ? entries[place] : nil
    }

    /// Where a lease stands, from 1 on; nil for one that does not wait.
    func standing(of lease: LeaseID) -> WaitlistPlace? {
        let place = place(of: lease)
        guard place < entries.count, entries[place].lease == lease else { return nil }
        return WaitlistPlace(position: place + 1, until: entries[place].waiting.until)
    }

    /// How many leases of a tenant wait.
    func count(of tenant: TenantID) -> Int { entries.count { $0.tenant == tenant } }

    /// Those behind a lease, or from the first on, at most so many.
    func entries(after lease: LeaseID?, countMax: Int) -> ArraySlice<WaitlistEntry> {
        let start = lease.map { place(of: LeaseID(rawValue: $0.rawValue + 1)) } ?? 0
        return entries[start..<min(entries.count, start + countMax)]
    }

    /// Those whose time on the list is over, in the order of the list, at most so many.
    func ends(by instant: CalendarInstant, countMax: Int) -> [LeaseID] {
        guard let nextEnd, nextEnd <= instant else { return [] }
        return entries.lazy.filter { $0.waiting.until <= instant }.prefix(countMax).map(\.lease)
    }

    /// Adds a lease behind all others.
    mutating func add(_ entry: WaitlistEntry) {
        precondition(
            entries.last.map { $0.lease < entry.lease } ?? true, "lease \(entry.lease) waits behind later ones")
        entries.append(entry)
        nextEnd = min(nextEnd ?? .never, entry.waiting.until)
    }

    /// Takes a lease off the list.
    mutating func remove(_ lease: LeaseID) {
        let place = place(of: lease)
        guard place < entries.count, entries[place].lease == lease else {
            preconditionFailure("lease \(lease) does not wait")
        }
        let gone = entries.remove(at: place)
        if gone.waiting.until == nextEnd { nextEnd = entries.lazy.map(\.waiting.until).min() }
    }
}
