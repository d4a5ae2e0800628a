extension World {
    // MARK: Accidents

    /// How often an accident may still happen.
    func chance(_ chance: Chance) -> Int { Int(chances >> UInt32(4 * chance.rawValue) & 15) }

    mutating func setChance(_ chance: Chance, _ count: Int) {
        let shift = UInt32(4 * chance.rawValue)
        chances = chances & ~(15 << shift) | UInt32(count) << shift
    }

    /// The world in which the accident has one chance less; nil if it has none.
    func spending(_ chance: Chance) -> World? {
        let left = self.chance(chance)
        guard left > 0 else { return nil }
        var world = self
        world.setChance(chance, left - 1)
        return world
    }

    // MARK: Messages

    /// Puts a message on its way.
    ///
    /// - Returns: whether there was room.
    mutating func send(_ message: Message, limit: Int) -> Bool {
        for position in 0..<limit where messages[position] == 0 {
            messages[position] = message.bits
            sortMessages()
            return true
        }
        return false
    }

    /// Descending, so that the order of sending makes no difference: the network reorders as it likes.
    mutating func sortMessages() {
        var end = 1
        while end < messages.count {
            var position = end
            while position > 0, messages[position - 1] < messages[position] {
                messages.swapAt(position - 1, position)
                position -= 1
            }
            end += 1
        }
    }

    // MARK: The work on the GPU

    /// Work that nobody counts any more: its guard is dead.
    static let orphan: UInt8 = 255

    /// Whether a grant runs.
    func runs(_ grant: Int) -> Bool { work[grant - 1] > 0 }

    /// Whether any other grant runs.
    func runs(otherThan grant: Int) -> Bool {
        for other in 1...3 where other != grant && runs(other) { return true }
        return false
    }

    /// In the place of a grant: a record about some other node, later than all grants before it.
    static let laterRecord: UInt8 = 3

    /// The epoch of a grant; 0 for none.
    func epoch(of grant: Int) -> UInt8 { grant == 0 ? 0 : epochs[grant - 1] }

    /// Where a grant stands in its log, from 1; 0 for none.
    func position(of grant: Int) -> UInt8 { epoch(of: grant) & 3 }

    /// Closes an epoch at the agent.
    mutating func close(_ grant: Int) { closed |= 1 << UInt8(grant) }
    func isClosed(_ grant: Int) -> Bool { closed >> UInt8(grant) & 1 == 1 }
    func isFreed(_ grant: Int) -> Bool { freed >> UInt8(grant) & 1 == 1 }
}

extension Message {
    /// What is on its way at a position of a world.
    init(of world: World, at position: Int) { self = Message(raw: world.messages[position]) }
}

extension Desk {
    /// Whether a connection has said hello to this process.
    func hasHeard(_ connection: Int) -> Bool { helloed >> UInt8(connection) & 1 == 1 }

    /// Whether the hello of a connection proves that this log has lost records.
    func suspects(_ connection: Int) -> Bool { helloed >> UInt8(connection + 4) & 1 == 1 }

    /// Whether a reason not to grant on the node stands.
    func has(_ doubt: Doubt) -> Bool { doubts & doubt.rawValue != 0 }
    mutating func set(_ doubt: Doubt, _ isSet: Bool) {
        doubts = isSet ? doubts | doubt.rawValue : doubts & ~doubt.rawValue
    }

    /// Where the transaction that renews the leadership is.
    var renewal: Transaction {
        get { Transaction(rawValue: transaction) ?? .none }
        set { transaction = newValue.rawValue }
    }

    /// What has become of the last grant.
    var state: Standing {
        get { Standing(rawValue: standing) ?? .free }
        set { standing = newValue.rawValue }
    }
}

/// What has become of the last grant of a log.
enum Standing: UInt8 {
    /// There is none, or it is retired.
    case free = 0
    case live = 1
    /// It is being waited for.
    case ending = 2
}

/// Why nothing is granted on a node that has reported.
enum Doubt: UInt8 {
    /// Its witness contradicts the log (L9).
    case diverged = 1
    /// It lists a grant that the log does not have there, and that it has not retired (decision 0008).
    case stranger = 2
}

/// How far the retirement of the live grant is at the node; volatile, a restart begins it again.
enum RetirementStep: UInt8 {
    case none = 0
    case ordered = 1
    case processesGone = 2
    case memoryWiped = 3
}

/// The transaction that renews a leadership.
enum Transaction: UInt8 {
    case none = 0
    case sent = 1
    /// Done at the store; the answer is on its way.
    case done = 2
}
