package import LeaseholdModel

/// A trace as it was: every request comes at its time and stays for its time, on fewer nodes than it was made on.
///
/// Three ways to place it, on the same nodes: the lease book, which promises each request the earliest start that it can
/// keep, and two queues as schedulers have them, in which whoever fits goes ahead: onto the first node that fits, or onto
/// the one that has the least left.
package struct TraceReplay: Sendable {
    /// A request of the trace.
    package struct Arrival: Sendable {
        package let ask: TrialAsk
        /// CPU and memory in all, as the queues count them.
        package let cpu: Int64
        package let memory: Int64
        /// Seconds from the start of the trace, and how many it stays.
        package let at: Int
        package let length: Int

        /// A request with what it has of a node in all.
        package init(ask: TrialAsk, cpu: Millicores, memory: Mebibytes, at: Int, length: Int) {
            self.ask = ask
            self.cpu = Int64(cpu.count)
            self.memory = Int64(memory.count)
            self.at = at
            self.length = length
        }
    }

    /// Who places.
    package enum Policy: String, Sendable, CaseIterable {
        case leasehold
        case firstFit = "first-fit"
        case bestFit = "best-fit"
    }

    /// How it went.
    package struct Outcome: Sendable {
        package let policy: Policy
        /// Seconds that each request waited which was placed, in the order of arrival.
        package var waits: [Int] = []
        /// Requests that no node could hold though it were empty, or that would begin too late to be promised.
        package var rejectedCount = 0
        /// GPUs leased at each sample, in percent of all.
        package var leasedPercents: [Double] = []
        /// GPUs at each sample that are free and that a request of the trace, drawn at random, could not use where they
        /// are; in percent of all.
        package var fragmentedPercents: [Double] = []
    }

    package let fleet: FleetDeclaration
    /// Ascending by arrival.
    package let arrivals: [Arrival]
    /// When the samples are taken, in seconds from the start of the trace.
    package let sampleTimes: [Int]
    private let yardstick: Yardstick

    /// A trace on a fleet, looked at so many times from its first arrival to its last end.
    package init(fleet: FleetDeclaration, arrivals: [Arrival], sampleCount: Int) {
        self.fleet = fleet
        self.arrivals = arrivals
        let first = arrivals.first?.at ?? 0
        let last = arrivals.map { $0.at + $0.length }.max() ?? 0
        sampleTimes = (0..<sampleCount).map { first + (last - first) * $0 / max(1, sampleCount - 1) }
        yardstick = Yardstick(arrivals)
    }

    /// The whole trace under one policy.
    package func run(_ policy: Policy) throws(Refusal) -> Outcome {
        switch policy {
        case .leasehold: try book()
        case .firstFit, .bestFit: queue(policy)
        }
    }

    // MARK: The lease book

    private func book() throws(Refusal) -> Outcome {
        var outcome = Outcome(policy: .leasehold)
        var trial = try TrialBook(fleet)
        var samples = sampleTimes[...]
        func instant(_ seconds: Int) -> CalendarInstant { TrialBook.start + .seconds(Int64(seconds)) }
        func sample(until limit: Int) {
            while let next = samples.first, next < limit {
                samples.removeFirst()
                trial.advance(to: instant(next))
                note(trial.rooms, in: &outcome)
            }
        }
        for arrival in arrivals {
            sample(until: arrival.at)
            trial.advance(to: instant(arrival.at))
            let term = Span.seconds(Int64(arrival.length))
            guard let granted = trial.lease(arrival.ask, start: .soonest, for: term) else {
                outcome.rejectedCount += 1
                continue
            }
            outcome.waits.append(Int((granted.first.startsAt - instant(arrival.at)).wholeSeconds))
        }
        sample(until: .max)
        return outcome
    }

    // MARK: A queue

    private func queue(_ policy: Policy) -> Outcome {
        var outcome = Outcome(policy: policy)
        var hosts = QueueHost.all(of: fleet)
        var waiting: [Int] = []
        var ends = Agenda<QueueEnd>()
        var next = 0
        var samples = sampleTimes[...]
        while true {
            let end = ends.next.map { Int($0.nanoseconds) } ?? .max
            let arrival = next < arrivals.count ? arrivals[next].at : .max
            let now = min(end, arrival)
            while let time = samples.first, time < now {
                samples.removeFirst()
                note(hosts.map(\.room), in: &outcome)
            }
            guard now < .max else { break }
            if end <= arrival {
                while ends.next?.nanoseconds == Int64(now), let (_, _, ended) = ends.takeNext() {
                    hosts[ended.host].give(back: ended.stay)
                }
            } else {
                if hosts.contains(where: { $0.couldHold(arrivals[next]) }) {
                    waiting.append(next)
                } else {
                    outcome.rejectedCount += 1
                }
                next += 1
            }
            waiting.removeAll { number in
                let arrival = arrivals[number]
                guard let (host, stay) = QueueHost.choose(among: hosts, for: arrival, policy) else { return false }
                hosts[host].take(stay)
                // The agenda's unit is nothing to it: here seconds of the trace.
                ends.plan(
                    QueueEnd(host: host, stay: stay), at: TrueInstant(nanoseconds: Int64(now + arrival.length)))
                outcome.waits.append(now - arrival.at)
                return true
            }
        }
        return outcome
    }

    /// Takes a sample of what is free.
    private func note(_ rooms: [HostRoom], in outcome: inout Outcome) {
        let all = Double(fleet.gpuCount * 1_000)
        let free = rooms.reduce(0) { $0 + $1.shares.reduce(0, +) }
        outcome.leasedPercents.append(100 * (1 - Double(free) / all))
        outcome.fragmentedPercents.append(100 * yardstick.unusable(of: rooms) / all)
    }
}

/// What comes back to which host when it ends.
private struct QueueEnd {
    let host: Int
    let stay: HostStay
}
