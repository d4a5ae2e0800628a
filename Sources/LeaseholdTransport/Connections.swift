package import LeaseholdModel
package import NIOCore

/// All connections of a process, servers' and clients', under numbers that are never used twice.
///
/// The owner speaks to them from its own thread; each event loop keeps the connections that live on it, found by the
/// number alone, so that a batch costs one hand-over per loop and no lock.
package final class Connections: Sendable {
    private let loops: [any EventLoop]
    private let shards: [NIOLoopBoundBox<ConnectionShard>]
    private let positions: [ObjectIdentifier: Int]

    /// Connections on the loops of this group.
    package init(group: any EventLoopGroup) {
        var loops: [any EventLoop] = []
        for loop in group.makeIterator() { loops.append(loop) }
        self.loops = loops
        let count = UInt64(loops.count)
        self.shards = loops.enumerated().map { position, loop in
            NIOLoopBoundBox.makeBoxSendingValue(
                ConnectionShard(position: UInt64(position), count: count), eventLoop: loop)
        }
        self.positions = Dictionary(
            uniqueKeysWithValues: loops.enumerated().map { (ObjectIdentifier($1), $0) })
    }

    /// Sends whole frames, in order; those for one connection leave in one write.
    ///
    /// Unknown connections are skipped.
    package func send(_ batch: [(ConnectionID, [UInt8])]) {
        guard let first = batch.first else { return }
        let isOneShard = batch.allSatisfy { position(of: $0.0) == position(of: first.0) }
        if isOneShard {
            run(on: position(of: first.0)) { $0.send(batch) }
            return
        }
        var parts = [[(ConnectionID, [UInt8])]](repeating: [], count: shards.count)
        for entry in batch { parts[position(of: entry.0)].append(entry) }
        for (position, part) in parts.enumerated() where !part.isEmpty {
            run(on: position) { $0.send(part) }
        }
    }

    /// The peer said an acceptable hello: frames up to this payload are let in, and its hello deadline is off.
    package func admit(_ connection: ConnectionID, payloadByteCountMax: Int) {
        run(on: position(of: connection)) {
            $0.handler(of: connection)?.admit(payloadByteCountMax: payloadByteCountMax)
        }
    }

    /// Closes a connection once everything sent to it before, and the complaint, has been written.
    package func close(_ connection: ConnectionID, after complaint: Complaint?) {
        run(on: position(of: connection)) { $0.handler(of: connection)?.leave(after: complaint) }
    }

    /// Closes every connection that stands now.
    package func closeAll(after complaint: Complaint?) {
        for position in shards.indices {
            run(on: position) { shard in
                for handler in shard.all { handler.leave(after: complaint) }
            }
        }
    }

    /// The shard of the loop that the caller is on.
    func shard(on loop: any EventLoop) -> ConnectionShard {
        guard let position = positions[ObjectIdentifier(loop)] else {
            preconditionFailure("a channel on a loop that is not of the \(loops.count) loops of these connections")
        }
        return shards[position].value
    }

    private func position(of connection: ConnectionID) -> Int {
        Int(connection.rawValue % UInt64(shards.count))
    }

    private func run(on position: Int, _ body: @escaping @Sendable (ConnectionShard) -> Void) {
        let shard = shards[position]
        loops[position].execute { body(shard.value) }
    }
}

/// The connections of one event loop; used on that loop only.
final class ConnectionShard {
    private let position: UInt64
    private let count: UInt64
    private var lastNumber: UInt64 = 0
    private var handlers: [ConnectionID: FrameHandler] = [:]

    /// The shard at this position of so many.
    init(position: UInt64, count: UInt64) {
        self.position = position
        self.count = count
    }

    /// A number that was never used: its remainder names the shard.
    func nextID() -> ConnectionID {
        lastNumber += 1
        return ConnectionID(rawValue: lastNumber * count + position)
    }

    var all: [FrameHandler] { Array(handlers.values) }

    func handler(of connection: ConnectionID) -> FrameHandler? { handlers[connection] }

    func add(_ handler: FrameHandler) { handlers[handler.id] = handler }

    func remove(_ handler: FrameHandler) { handlers[handler.id] = nil }

    func send(_ batch: [(ConnectionID, [UInt8])]) {
        var touched: [FrameHandler] = []
        var last: FrameHandler?
        for (connection, bytes) in batch {
            guard let handler = last?.id == connection ? last : handlers[connection] else { continue }
            handler.write(bytes)
            if handler !== last { touched.append(handler) }
            last = handler
        }
        // A handler that was touched twice has nothing left at its second flush.
        for handler in touched { handler.flush() }
    }
}
