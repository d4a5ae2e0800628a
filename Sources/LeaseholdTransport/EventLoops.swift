package import LeaseholdModel
import NIOCore
package import NIOPosix

/// The threads that connections live on, for callers that know nothing of NIO.
package struct EventLoops: Sendable {
    /// The threads themselves.
    package let group: MultiThreadedEventLoopGroup
    /// The loop that runs alarms.
    private let loop: any EventLoop

    /// One set for the whole process, as many threads as cores; never shut down.
    package static let shared = EventLoops(.singleton)

    /// The loops of this group.
    package init(_ group: MultiThreadedEventLoopGroup) {
        self.group = group
        self.loop = group.next()
    }

    /// Runs the body on an event loop after so long; it must not block.
    @discardableResult
    package func schedule(after span: Span, _ body: @escaping @Sendable () -> Void) -> Alarm {
        Alarm(scheduled: loop.scheduleTask(in: TimeAmount(span), body))
    }

    /// Runs the body on an event loop, soon and after all that was asked for before; it must not block.
    package func soon(_ body: @escaping @Sendable () -> Void) {
        loop.execute(body)
    }
}

/// Something that will run later, unless it is cancelled.
package struct Alarm: Sendable {
    fileprivate let scheduled: Scheduled<Void>

    /// It will not run; nothing happens where it has run already.
    package func cancel() {
        scheduled.cancel()
    }
}
