import LeaseholdModel
import LeaseholdWire
import NIOCore

/// One connection: bytes in, whole messages out to the owner, and the peer's manners enforced.
///
/// Lives on one event loop. Frames are decoded as they arrive and handed over once per burst of reading; what goes
/// out is gathered and written once per batch. A peer that breaks a rule hears one complaint; then this side says no
/// more, reads nothing more, and hangs up when the peer has or after the farewell deadline: closing at once would let
/// the kernel throw the complaint away together with what was not read.
final class FrameHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Where the connection is in its life.
    private enum Phase {
        /// Not active yet.
        case arriving(ConnectionCensus.Standing)
        /// Reported to the owner.
        case talking
        /// Nothing is read or said any more. Leaves for `gone` when the peer hangs up or is too slow to.
        case leaving
        case gone
    }

    let id: ConnectionID
    private let settings: FrameSettings
    private let events: ConnectionEvents
    private let shard: ConnectionShard
    private let census: ConnectionCensus?

    private var phase: Phase
    private let isTurnedAway: Bool
    private var isReported = false
    private var isAdmitted = false
    /// Messages that have arrived so far, while the peer is not admitted.
    private var unadmittedCount = 0
    private var cause: Complaint?
    private var context: ChannelHandlerContext?
    private var decoder: FrameDecoder
    private var batch: [Arrival] = []
    private var outgoing = ByteBuffer()
    private var isPaused = false

    private var helloTimer: Scheduled<Void>?
    private var frameTimer: Scheduled<Void>?
    private var frameBegan: NIODeadline?

    init(
        shard: ConnectionShard, settings: FrameSettings, events: ConnectionEvents, census: ConnectionCensus?,
        standing: ConnectionCensus.Standing
    ) {
        self.id = shard.nextID()
        self.shard = shard
        self.settings = settings
        self.events = events
        self.census = census
        self.phase = .arriving(standing)
        if case .turnedAway = standing { self.isTurnedAway = true } else { self.isTurnedAway = false }
        self.decoder = FrameDecoder(payloadByteCountMax: settings.payloadByteCountMax)
    }

    // MARK: life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard case .arriving(let standing) = phase else { return }
        if case .turnedAway(let complaint) = standing {
            leave(after: complaint)
            return
        }
        phase = .talking
        isReported = true
        shard.add(self)
        if let deadline = settings.helloDeadline {
            helloTimer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(deadline)) {
                self.leave(after: Complaint(.tooSlow, "no hello within \(deadline) of connecting"))
            }
        } else {
            enroll()
        }
        events.opened(id, context.remoteAddress.map(describe) ?? "a peer without an address")
    }

    private func finish() {
        if case .gone = phase { return }
        phase = .gone
        helloTimer?.cancel()
        frameTimer?.cancel()
        if isTurnedAway { census?.leaveTurnedAway() } else { census?.leave(wasAdmitted: isAdmitted) }
        guard isReported else { return }
        shard.remove(self)
        events.closed(id, cause)
    }

    // MARK: reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .talking = phase else { return }
        unwrapInboundIn(data).withUnsafeReadableBytes { decoder.receive($0) }
        let completeBefore = batch.count
        var complaint: Complaint?
        do throws(Complaint) {
            while let (message, correlation) = try decoder.next() {
                if !isAdmitted {
                    guard unadmittedCount < settings.messageCountMaxBeforeAdmission else {
                        throw Complaint(.notHello, "a message before the welcome; say hello and wait for the answer")
                    }
                    unadmittedCount += 1
                }
                batch.append((message: message, correlation: correlation))
            }
        } catch {
            complaint = error
        }
        if let complaint {
            deliver()
            leave(after: complaint)
            return
        }
        watchFrame(context, hasAdvanced: batch.count > completeBefore)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        deliver()
    }

    /// Hands the burst over, and answers for the owner what it had no room for.
    private func deliver() {
        guard case .talking = phase, !batch.isEmpty else { return }
        let burst = batch
        batch.removeAll(keepingCapacity: burst.count <= Limits.batchCountMax)
        switch events.arrived(id, burst) {
        case .taken: break
        case .shed(let correlations, let retryAfter):
            var bytes: [UInt8] = []
            for correlation in correlations {
                WireCodec.encode(
                    .reply(.refused(.overloaded(retryAfter: retryAfter))), correlation: correlation, into: &bytes)
            }
            write(bytes)
            flush()
        case .complained(let complaint): leave(after: complaint)
        }
    }

    /// Keeps the deadline of the frame that is arriving; one timer a connection, moved only when it fires.
    private func watchFrame(_ context: ChannelHandlerContext, hasAdvanced: Bool) {
        guard decoder.isMidFrame else {
            frameBegan = nil
            return
        }
        if frameBegan == nil || hasAdvanced { frameBegan = .now() }
        if frameTimer == nil { armFrameTimer(context, at: .now() + TimeAmount(settings.frameDeadline)) }
    }

    private func armFrameTimer(_ context: ChannelHandlerContext, at deadline: NIODeadline) {
        frameTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.frameTimer = nil
            guard case .talking = self.phase, let context = self.context, let began = self.frameBegan else { return }
            // A connection that this side does not read cannot finish its frame.
            if self.isPaused { self.frameBegan = .now() }
            let due = (self.isPaused ? .now() : began) + TimeAmount(self.settings.frameDeadline)
            if due <= .now() {
                self.leave(after: Complaint(.tooSlow, "a frame took longer than \(self.settings.frameDeadline)"))
            } else {
                self.armFrameTimer(context, at: due)
            }
        }
    }

    // MARK: writing

    /// The owner knows the peer: larger frames are let in and the hello is no longer waited for.
    func admit(payloadByteCountMax: Int) {
        decoder.payloadByteCountMax = payloadByteCountMax
        helloTimer?.cancel()
        helloTimer = nil
        enroll()
    }

    private func enroll() {
        guard !isAdmitted else { return }
        isAdmitted = true
        census?.admit()
    }

    /// Gathers bytes of whole frames for the next flush.
    func write(_ bytes: [UInt8]) {
        guard case .talking = phase else { return }
        outgoing.writeBytes(bytes)
    }

    /// Sends what was gathered; closes a connection whose peer has let too much pile up.
    func flush() {
        guard case .talking = phase, let context, outgoing.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        outgoing = ByteBuffer()
        // A channel that cannot tell has closed meanwhile.
        let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        guard waiting > settings.outputByteCountMax else { return }
        // The peer does not read, so a complaint would wait behind all the rest.
        cause = Complaint(.tooSlow, "\(waiting) bytes wait to be read; at most \(settings.outputByteCountMax) may")
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard case .talking = phase else { return }
        isPaused = !context.channel.isWritable
        setReading(!isPaused, context)
        // What the peer could not send meanwhile is not its fault.
        if !isPaused, frameBegan != nil { frameBegan = .now() }
    }

    private func setReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        do {
            try context.channel.syncOptions?.setOption(.autoRead, value: isOn)
        } catch {
            context.close(promise: nil)
        }
    }

    /// Says why, if there is a reason, then no more, and waits a little for the peer to hang up.
    func leave(after complaint: Complaint?) {
        switch phase {
        case .leaving, .gone: return
        case .arriving, .talking: break
        }
        phase = .leaving
        cause = complaint
        batch = []
        helloTimer?.cancel()
        frameTimer?.cancel()
        guard let context else { return }
        if let complaint {
            var bytes: [UInt8] = []
            WireCodec.encode(.complaint(complaint), correlation: 0, into: &bytes)
            outgoing.writeBytes(bytes)
        }
        if outgoing.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil) }
        outgoing = ByteBuffer()
        setReading(true, context)
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: TimeAmount(settings.farewellDeadline)) { channel.close(promise: nil) }
    }
}

extension TimeAmount {
    /// A span as the event loops count time.
    init(_ span: Span) {
        self = .nanoseconds(span.nanoseconds)
    }
}

/// An address as people write it.
func describe(_ address: SocketAddress) -> String {
    switch address {
    case .v4, .v6: Endpoint.tcp(host: address.ipAddress ?? "?", port: UInt16(address.port ?? 0)).description
    case .unixDomainSocket: "a process of this machine"
    }
}
