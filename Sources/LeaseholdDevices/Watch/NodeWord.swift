/// What is told of a node by whoever looks after a part of it.
package enum NodeWord: Hashable, Sendable {
    case driver(DriverWord)
    case power(PowerRound)
    case probes(ProbeWord)
}
