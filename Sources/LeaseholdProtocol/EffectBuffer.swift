package import LeaseholdModel

/// What a machine wants done after an event, in four lanes, so that "durable before visible" is a type (L3).
///
/// | lane | leaves when |
/// |---|---|
/// | `record(_:thenReply:)`, `record(_:thenSend:)` | the record itself is durable |
/// | `observed(_:)` | the last record that the machine had applied is durable |
/// | `now(_:)` | at once: only what rests on nothing that could still be lost |
///
/// Both machines with a log use it: `Entry` is what they log, `Effect` what they order from their shell. The lanes
/// with names are in the extensions beside each machine; here is only the queue behind them.
package struct EffectBuffer<Entry: Sendable, Effect: Sendable>: Sendable {
    /// To be appended to the log, in this order.
    package private(set) var entries: [Entry] = []
    /// To be carried out now, in this order.
    package private(set) var effects: [Effect] = []
    /// What waits for a record, until the machine's gate takes it over.
    fileprivate private(set) var held: [HeldEffect<Effect>] = []

    package init() {}

    /// Appends an entry to the log.
    mutating func append(_ entry: Entry) { entries.append(entry) }

    /// Holds an effect back until the record at this index is durable.
    mutating func hold(_ effect: Effect, behind index: RecordIndex) {
        held.append(HeldEffect(index: index, effect: effect))
    }

    /// Lets an effect go now.
    ///
    /// Lanes call this, nobody else.
    mutating func release(_ effect: Effect) { effects.append(effect) }

    fileprivate mutating func dropHeld() { held.removeAll(keepingCapacity: true) }

    /// Empties the buffer for the next batch and keeps its memory.
    package mutating func removeAll() {
        precondition(held.isEmpty, "\(held.count) effects were never taken over by a gate")
        entries.removeAll(keepingCapacity: true)
        effects.removeAll(keepingCapacity: true)
    }
}

/// An effect and the record that it waits for.
package struct HeldEffect<Effect: Sendable>: Sendable {
    let index: RecordIndex
    let effect: Effect
}

extension HeldEffect: Equatable where Effect: Equatable {}

/// Where effects wait for their records: a queue, because records become durable in the order of their indices.
package struct CommitGate<Effect: Sendable>: Sendable {
    private var waiting: [HeldEffect<Effect>] = []
    /// Effects before this position have left.
    private var first = 0
    /// Everything up to here is durable.
    package private(set) var durable: RecordIndex

    package init(durable: RecordIndex) { self.durable = durable }

    /// How many effects wait.
    package var count: Int { waiting.count - first }

    /// Takes over what a buffer holds back; what rests on durable records only is let go at once, past all that waits.
    mutating func takeOver<Entry>(from out: inout EffectBuffer<Entry, Effect>) {
        // By position: the buffer's memory stays its own, and is used again.
        for position in out.held.indices {
            let held = out.held[position]
            if held.index <= durable {
                out.release(held.effect)
            } else {
                precondition(waiting.last.map { $0.index <= held.index } ?? true, "held effects out of order")
                waiting.append(held)
            }
        }
        out.dropHeld()
    }

    /// Lets go, in order, everything behind records up to this index.
    mutating func open<Entry>(
        through index: RecordIndex, into out: inout EffectBuffer<Entry, Effect>, as stamped: (Effect) -> Effect
    ) {
        precondition(index >= durable, "durable went from \(durable) back to \(index)")
        durable = index
        while first < waiting.count, waiting[first].index <= index {
            out.release(stamped(waiting[first].effect))
            first += 1
        }
        if first == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.count < 4_096)
            first = 0
        } else if first > 4_096, first * 2 > waiting.count {
            waiting.removeFirst(first)
            first = 0
        }
    }
}

extension CommitGate: Equatable where Effect: Equatable {}
