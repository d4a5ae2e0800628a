/// Every bound of the house by name, with its reason; relations between them are tested (L10).
package enum Limits {
    // Fleet

    /// Ten times the largest planned site: a lease over all of it, whatever it takes of each node, is one record.
    package static let nodeCountMax = 320_000
    /// Places in one part of an import; a part must fit a frame and a record.
    package static let fleetPartPlaceCountMax = 2_000
    /// Node runs in one part of an import.
    package static let fleetPartRunCountMax = 4_000
    /// Parts of one import: more than the largest fleet needs with a run for every node.
    package static let fleetPartCountMax = 256
    package static let kindCountMax = 256
    /// What one node may draw: more is a typing error, and sums over the largest fleet stay far from overflow.
    package static let nodeEnvelopeMax = Watts(1_000_000)

    /// Labels of a node.
    package static let labelCountMax = 16
    /// Different sets of labels in one fleet.
    package static let labelSetCountMax = 4_096
    /// Ways to cut a kind of GPU.
    package static let profileCountMax = 16
    /// Leases, now and later, that have parts of one node's GPUs, or CPU as asked for.
    package static let usesPerNodeCountMax = 4_096

    /// Bytes of a log in one page of a backup: a quarter of what an answer may be long.
    package static let backupPageByteCountMax = 1_048_576
    /// Restores of one log that the book remembers: heads from before the oldest of them prove nothing any more.
    package static let restoreCountMax = 64

    // Tenants and leases

    package static let tenantCountMax = 10_000
    /// A term longer than this is a typing error.
    package static let termMax = Span.hours(24 * 366 * 10)
    /// Shorter than this the orders could not reach the nodes in time.
    package static let termMin = Span.seconds(1)
    package static let kindPreferenceCountMax = 16
    /// How far ahead a lease may begin: what is further is a typing error.
    package static let leadMax = Span.hours(24 * 366 * 5)
    /// Confirmed parts of leases in all: twenty for each node of the largest fleet that is planned, and as many again.
    package static let confirmedCountMax = 2_000_000
    /// Steps of a lease that arrives in steps: each is placed beside those before.
    package static let leaseStepCountMax = 64
    /// Where in a contract a step is agreed.
    package static let clauseByteCountMax = 63
    /// A million millions of any currency: nothing costs that for an hour, and sums of hundreds fit 64 bits.
    package static let moneyTenThousandthsMax: Int64 = 10_000_000_000_000_000
    /// Units of a lease of parts of GPUs: each is placed by itself.
    package static let partCountMax = 1_024
    /// Placements of a lease that say what they take of their nodes: all of it is one record.
    package static let usedPlacementCountMax = 32_768
    /// Demands on labels in one lease.
    package static let labelRuleCountMax = 16
    /// More time than anything takes to be made clean.
    package static let turnaroundMax = Span.hours(24 * 31)
    /// Leases that should begin and cannot, for which another place is looked for in one sweep.
    package static let movesPerSweepCountMax = 16
    /// How long a lease that should begin waits for a node that is silent or broken, before it begins without it.
    package static let beginPatience = Span.seconds(180)
    /// Parts of a lease: one that comes again daily for nearly three years.
    package static let leasePartCountMax = 1_024
    /// Searches over the whole fleet in one decision, each for one kind or several that may be mixed: enough for the 128
    /// starts of a lease that is to begin as soon as possible and names no kinds in order; one that does tries fewer.
    package static let fleetWalkCountMax = 136

    /// Leases on the waitlist: each is tried again and again.
    package static let waitlistCountMax = 4_096
    /// Those of one tenant, so that nobody fills the list.
    package static let waitlistPerTenantCountMax = 256
    /// Leases of the waitlist that are tried in one sweep.
    package static let waitlistTriesPerSweepCountMax = 16
    /// Searches over the fleet that these tries may take together: one that is to begin as soon as possible takes many.
    package static let waitlistWalksPerSweepCountMax = 32
    /// How long a node must have been away before what is promised there is moved elsewhere.
    package static let repairPatience = Span.seconds(180)
    /// How long before its start a lease is moved off such a node: what is further off has time.
    package static let repairHorizon = Span.hours(24 * 7)
    /// Nodes that are looked at for such leases in one sweep.
    package static let repairNodesPerSweepCountMax = 8_192
    /// Between two walks over the whole fleet for such leases.
    package static let repairPause = Span.seconds(30)
    /// Between two walks over the waitlist while nothing comes free: time alone opens windows too.
    package static let waitlistPause = Span.seconds(30)

    /// Calendar seconds per second in a test: a century and a half a day, far from where instants end; and a leasectl
    /// takes less than the day of the calendar, 0.86 s, after which its request would be too old.
    package static let calendarSpeedMax: Int64 = 100_000

    // Requests (L2)

    /// How long an answer is kept, and how old a request id may be.
    package static let requestWindow = Span.hours(24)
    /// How far a client's clock may be ahead.
    package static let requestAheadMax = Span.seconds(600)
    /// Answers kept for one principal; a full table refuses.
    package static let rememberedPerPrincipalCountMax = 1_000_000
    /// Refusals recorded a second for one principal, and how many at once; more are answered `overloaded`, unrecorded.
    package static let recordedRefusalsPerSecond = 2_000
    package static let recordedRefusalBurst = 10_000

    // Frames

    /// Payload before hello: enough for a hello.
    package static let framePayloadByteCountMaxBeforeHello = 4_096
    /// Payload of an agent after hello.
    package static let framePayloadByteCountMaxAgent = 262_144
    /// Payload of a client after hello, and of what the coordinator tells an agent.
    package static let framePayloadByteCountMax = 1_048_576
    /// Payload of what the coordinator answers a client: a lease over the largest fleet, or a full page of any list.
    package static let framePayloadByteCountMaxReply = 4_194_304
    /// From the connection to a finished hello.
    package static let helloDeadline = Span.seconds(5)
    /// From the first byte of a frame to its last.
    package static let frameDeadline = Span.seconds(10)
    /// Connections of one coordinator; below what descriptors allow.
    package static let connectionCountMax = 16_384
    /// Connections that have not said hello yet.
    package static let unhelloedConnectionCountMax = 256
    /// Bytes that wait to be written to one connection; above it the connection is closed.
    package static let outputByteCountMax = 16_777_216

    // The owner's inbox, by class

    /// Retirements and answers to orders: they free capacity, so they are never shed before the rest.
    package static let inboxRetirementCountMax = 65_536
    /// Reports and heartbeats of all nodes, twice over.
    package static let inboxHeartbeatCountMax = 131_072
    package static let inboxChangeCountMax = 16_384
    package static let inboxQueryCountMax = 4_096
    /// Events that the owner takes at once.
    package static let batchCountMax = 1_024
    /// Groups that may wait for the book that follows the log, and their bytes; it reads the rest from the log itself.
    package static let followedGroupCountMax = 65_536
    package static let followedByteCountMax = 67_108_864
    /// Questions that may wait for who reads the log, and clients' words about heads.
    package static let logQuestionCountMax = 256
    /// Those of them that one principal may have waiting: some walk the whole log.
    package static let logQuestionsOfOneCountMax = 8
    /// What is kept of a step at a grant's devices: a sentence or two, or some counters and a hash.
    package static let stepTextByteCountMax = 1_024
    /// Certificates that a node keeps until a coordinator has taken them.
    package static let certificatesPerNodeCountMax = 256
    /// A signed head with all its signatures.
    package static let headTextByteCountMax = 8_192
    /// A signed head with the log's signature alone, as agents keep it: it fits into a hello.
    package static let keptHeadByteCountMax = 1_024
    /// The text of one answer from the log: a proof of the largest record fits, and a frame holds it.
    package static let shownTextByteCountMax = 3_145_728
    /// A public key as text.
    package static let keyTextByteCountMax = 256
    /// What a client waits before it asks an overloaded coordinator again.
    package static let overloadedRetry = Span.milliseconds(250)

    // Sessions

    /// Stamps that an agent remembers per node; older heartbeats can no longer be named.
    package static let rememberedStampCountMax = 64
    /// Nodes that one connection may carry.
    package static let nodesPerConnectionCountMax = 40_000
    /// Holds in one answer of a guard, so that it fits a frame.
    package static let holdsPerAnswerCountMax = 8_192
    /// Leases that can lie on one node: one for each memory slice.
    package static let grantsPerNodeCountMax = GPUSet.countMax * SliceSet.perGPU
    /// Heartbeats that may pass without an echo of a renewal before the node is suspect.
    package static let heartbeatsWithoutEchoCountMax: UInt64 = 3

    // What agents say of devices, for people

    /// What a device calls itself, or a part of it is called: as much as vendors' names have.
    package static let deviceTextByteCountMax = 64
    /// What is wrong with a device, or what to do: a sentence.
    package static let troubleTextByteCountMax = 200
    /// Troubles of one node that are told, worst first: two for each GPU.
    package static let troublesPerNodeCountMax = 32
    /// All that an agent says of one node's devices, as it is encoded; it follows from the bounds of its parts.
    package static let nodeDetailByteCountMax = 57_344
    /// Open tickets of one node that are told, and that a log has: four for each GPU of a usual node; more wait.
    package static let ticketsPerNodeCountMax = 32
    /// The last closed ones, which are told beside them: a log that was away meanwhile learns of them.
    package static let closedTicketsPerNodeCountMax = 32
    /// Leases for which one ticket is written down; whoever has some of that GPU beyond is not told.
    package static let leasesPerTicketCountMax = 64
    /// From one writing down of a node's tickets to the next, at least.
    package static let ticketPause = Span.seconds(10)
    /// After which it is said again, though it be the same: a word that was lost at a full inbox is not lost for good,
    /// and what a GPU has used is not older than that.
    package static let detailPause = Span.seconds(300)
    /// Such words that may wait for the coordinator's owner: served last, shed first, 84 MiB at the most.
    package static let inboxDetailCountMax = 1_536

    // Lists and streams

    package static let pageCountMax = 1_000
    /// Placements on one page of leases, unless one lease alone has more: each can have a node's name, of four names.
    package static let pagePlacementCountMax = 8_192
    /// Places that one answer shows; in a larger fleet racks are left out, then halls.
    package static let shownPlaceCountMax = 8_000
    /// Records that a watch can resume over.
    package static let eventHistoryCountMax = 16_384
    package static let watchCountMax = 256

    // Names

    package static let nameByteCountMax = 63
}
