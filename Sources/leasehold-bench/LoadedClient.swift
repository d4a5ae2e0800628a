import LeaseholdModel
import LeaseholdPlatform
import LeaseholdWire

/// What the clients of one leg have measured together, in nanoseconds.
struct LegTimes {
    /// What counts begins and ends here.
    var window: Range<UInt64> = 0..<0
    var grants: [UInt64] = []
    var releases: [UInt64] = []
    /// Operations before the window as well.
    var totalCount = 0
}

/// A client with one request outstanding.
protocol LoadedClient: AnyObject {
    var socket: LoopbackSocket { get }
    /// Whether it has nothing outstanding and begins nothing more.
    var isDone: Bool { get }
    /// Sends the first request.
    func begin(at now: UInt64) throws
    /// Takes what has arrived and sends the next request, unless it is to stop.
    func take(_ bytes: UnsafeRawBufferPointer, at now: UInt64, stops: Bool, into times: inout LegTimes) throws
}

/// Asks for a GPU of any kind, gives it back when the grant has been answered, and begins anew.
final class GrantClient: LoadedClient {
    let socket: LoopbackSocket
    private(set) var isDone = false
    private(set) var isWelcome = false
    private let number: UInt64
    private var askedCount: UInt64 = 0
    private var askedAt: UInt64 = 0
    private var decoder = FrameDecoder(payloadByteCountMax: Limits.framePayloadByteCountMaxReply)
    private var outgoing: [UInt8] = []
    private static let terms = LeaseTerms(
        tenant: "bench", unit: .gpu, count: 1, kinds: [], end: .after(.hours(1)), onSilence: .fence)
    static let request = Request.createLease(terms)

    /// Connects and says hello; each client is somebody else, with answers of its own to be remembered.
    init(port: UInt16, number: UInt64) throws {
        self.number = number
        socket = try LoopbackSocket(port: port)
        try send(.hello(.ofBench(Principal(role: .operator, name: "bench-\(number)"))))
    }

    func begin(at now: UInt64) throws { try ask(GrantClient.request, at: now) }

    func take(_ bytes: UnsafeRawBufferPointer, at now: UInt64, stops: Bool, into times: inout LegTimes) throws {
        decoder.receive(bytes)
        while let (message, _) = try decoder.next() {
            switch message {
            case .welcome: isWelcome = true
            case .reply(.granted(let view)):
                if times.window.contains(askedAt), times.window.contains(now) { times.grants.append(now - askedAt) }
                times.totalCount += 1
                try ask(.releaseLease(view.lease), at: now)
            case .reply(.released):
                if times.window.contains(askedAt), times.window.contains(now) { times.releases.append(now - askedAt) }
                times.totalCount += 1
                if stops { isDone = true } else { try ask(GrantClient.request, at: now) }
            default: throw CountFailure("a client was told \(message)")
            }
        }
    }

    private func ask(_ request: Request, at now: UInt64) throws {
        askedAt = now
        askedCount += 1
        let id = RequestID(at: Clocks.now().calendar, chance: (number, number << 32 | askedCount))
        try send(.request(RequestEnvelope(id: id, request: request)))
    }

    private func send(_ message: Message) throws {
        outgoing.removeAll(keepingCapacity: true)
        WireCodec.encode(message, correlation: askedCount, into: &outgoing)
        try socket.send(outgoing)
    }
}

/// Sends so many bytes, waits for so many, and begins anew.
final class FloorClient: LoadedClient {
    let socket: LoopbackSocket
    private(set) var isDone = false
    private let request: [UInt8]
    private let replyByteCount: Int
    private var arrivedByteCount = 0
    private var askedAt: UInt64 = 0

    init(port: UInt16, requestByteCount: Int, replyByteCount: Int) throws {
        socket = try LoopbackSocket(port: port)
        request = [UInt8](repeating: 1, count: requestByteCount)
        self.replyByteCount = replyByteCount
    }

    func begin(at now: UInt64) throws {
        askedAt = now
        try socket.send(request)
    }

    func take(_ bytes: UnsafeRawBufferPointer, at now: UInt64, stops: Bool, into times: inout LegTimes) throws {
        arrivedByteCount += bytes.count
        guard arrivedByteCount >= replyByteCount else { return }
        arrivedByteCount -= replyByteCount
        if times.window.contains(askedAt), times.window.contains(now) { times.grants.append(now - askedAt) }
        times.totalCount += 1
        if stops { isDone = true } else { try begin(at: now) }
    }
}
