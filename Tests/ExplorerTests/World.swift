/// The whole abstract world at one instant: a node, one partition of it, one or two coordinators, what is on its way.
///
/// The picture to keep in mind: a table with an hour-glass on every machine. Nothing holds a time of day; every field
/// that measures time counts down to something or up from something, so that two worlds that can do the same from here
/// on are the same bytes. Real time passes in ticks. In a tick every clock moves on by one unit or stands still, and no
/// clock stands still twice in a row: the fastest makes one unit a tick, the slowest one in two. That is ρ = 1/3 with a
/// tick of 3/4 of a unit, and every reading of a clock whose rate stays within the band is such a row of units.
///
/// A world is 96 bytes without gaps, compared and hashed as twelve words.
struct World {
    /// What may still happen, four bits each; see `Chance`.
    var chances: UInt32 = 0
    /// What is on its way, in descending order; no message last.
    var messages = InlineArray<5, UInt32>(repeating: 0)
    /// The leading coordinator and, in one scene, its standby.
    var desks = InlineArray<2, Desk>(repeating: Desk())

    // MARK: Clocks

    /// Which clocks stood still in the last tick: bit 0 the node's, bits 1 and 2 the coordinators'.
    var stalled: UInt8 = 0

    // MARK: The node

    /// The highest epoch that the agent knows, and what of it is in its journal (L4).
    var highest: UInt8 = 0
    var highestSafe: UInt8 = 0
    /// The reign and the start of the coordinator that the agent has journaled.
    var seenReign: UInt8 = 1
    var seenIncarnation: UInt8 = 1
    /// The grant that the agent has journaled and not retired; 0 for none.
    var live: UInt8 = 0
    /// How far the retirement of `live` is; see `RetirementStep`.
    var retirement: UInt8 = 0
    /// The grant that the agent has told the guard to start, and the units until its deadline.
    var pending: UInt8 = 0
    var pendingLeft: UInt8 = 0
    /// What runs on the GPU, by grant from 1: see `Work`.
    var work = InlineArray<3, UInt8>(repeating: 0)
    /// The grant whose tenant's data lies in the memory; 0 where it is wiped.
    var dirtied: UInt8 = 0
    /// The connection that the agent listens to, and the last one that it dialled; 0 for none.
    var link: UInt8 = 1
    var dialled: UInt8 = 1
    /// The last grant of the longest log that the agent was shown, and the start of who showed it (L9).
    var witnessHead: UInt8 = 0
    var witnessIncarnation: UInt8 = 0
    /// How many heartbeats ago the last one was sent whose renewal has arrived.
    var lag: UInt8 = 0
    /// Units since the last heartbeat; only where heartbeats are regular.
    var sinceBeat: UInt8 = 0
    /// Ticks since a renewal reached the agent; only where heartbeats are regular.
    var quiet: UInt8 = 0

    // MARK: The truth, which nobody in the model reads

    /// Grants whose epoch the agent has closed, one bit each.
    var closed: UInt8 = 0
    /// Grants that the coordinator has given free, one bit each.
    var freed: UInt8 = 0

    // MARK: The log

    /// How many grants were ever decided, in any history of the log.
    var grantCount: UInt8 = 0
    /// The epoch of each grant: four times the reign, plus the position in the log.
    var epochs = InlineArray<3, UInt8>(repeating: 0)
    /// Which coordinator leads.
    var leader: UInt8 = 0
    /// How often a coordinator was started.
    var startCount: UInt8 = 1

    /// The same bytes as words.
    var words: InlineArray<12, UInt64> { unsafeBitCast(self, to: InlineArray<12, UInt64>.self) }
}

/// One coordinator: the process, and its view of the log.
struct Desk {
    /// A time that never comes, in the fields that count down.
    static let never: UInt8 = 255
    /// In `lastAge`: no heartbeat that a grant could name.
    static let noHeartbeat: UInt8 = 15

    var reign: UInt8 = 1
    /// Which start it is.
    var incarnation: UInt8 = 1
    /// The last grant of its log; 0 for none.
    var last: UInt8 = 0
    /// What has become of the last grant; see `Standing`.
    var standing: UInt8 = 0
    /// The head of the log that it recovered (L9).
    var recovered: UInt8 = 0
    /// The connection of the newest report; 0 while nobody has reported to this process.
    var session: UInt8 = 0
    /// Connections that have said hello to this process, bits 1 to 3; and bits 5 to 7, those whose hello proves that
    /// this log has lost records.
    var helloed: UInt8 = 0
    /// Why nothing is granted on the node; see `Doubt`.
    var doubts: UInt8 = 0
    /// The last record of its log that tells one history from another: a grant, or `World.laterRecord`.
    var head: UInt8 = 0
    /// The age of the stamp of the last heartbeat, on the node's clock.
    var lastAge: UInt8 = Desk.noHeartbeat
    /// Units since that heartbeat was received, or since the process began.
    var since: UInt8 = 0
    /// Units until silence frees an ending grant.
    var waitLeft: UInt8 = 0
    /// Units until the bound of a `keep` grant; `never` after a reboot.
    var keepLeft: UInt8 = 0
    /// What the calendar says is left of the term.
    var termLeft: UInt8 = 0
    /// How far the calendar was stepped since the last heartbeat was received, 8 for not at all.
    var calendarSince: UInt8 = 8
    /// Units for which the leadership is still valid.
    var validLeft: UInt8 = 0
    /// The transaction that renews it; see `Transaction`.
    var transaction: UInt8 = 0
    /// Units since it was sent.
    var transactionAge: UInt8 = 0
    /// Units until a new leader may grant again what silence frees.
    var holdOff: UInt8 = 0
    /// With a mistake: units since the clock was read, or whether the leadership was looked at.
    var early: UInt8 = 0
    /// Units since a heartbeat showed that renewals arrive, and whether the node is ready; only with regular heartbeats.
    var sinceEvidence: UInt8 = 0
    var isReady: UInt8 = 1
}
