import LeaseholdClient
import LeaseholdModel
import LeaseholdTransport
import Testing

@Suite("a client of the coordinator")
struct BrokerClientTests {
    private static let change = Request.releaseLease(LeaseID(rawValue: 7))
    private static let id = RequestID(at: CalendarInstant(nanoseconds: 1), chance: (1, 2))
    private static let released = Reply.released(
        LeaseReleased(lease: LeaseID(rawValue: 7), at: CalendarInstant(nanoseconds: 5)))

    private func client(
        _ address: String, timeout: Span = .seconds(60), windowCountMax: Int = 256, eventCountMax: Int = 100
    ) throws -> BrokerClient {
        var settings = ClientSettings()
        settings.timeout = timeout
        settings.windowCountMax = windowCountMax
        settings.eventCountMax = eventCountMax
        settings.reconnectMin = .milliseconds(1)
        let addresses = try #require(CoordinatorAddresses(text: address))
        return BrokerClient(to: addresses, as: Principal(role: .operator, name: "a"), settings: settings)
    }

    private func cordon(_ number: Int) -> Reply { .cordon(CordonSet(node: "n\(number)", isCordoned: true)) }

    @Test("requests leave in the order of asking, and each gets its own answer, whatever the order of those")
    func pipelining() async throws {
        let stub = StubCoordinator { asked in
            guard asked.requestNumber == 3 else { return [] }
            return [3, 2, 1].map { number in
                .replyTo(number, .cordon(CordonSet(node: "n\(number)", isCordoned: true)))
            }
        }
        let client = try client(try await stub.start())
        let exchanges = (1...3).map { client.begin(.showNode(name: "n\($0)"), id: nil) }
        for (position, exchange) in exchanges.enumerated() {
            #expect(try await exchange.reply() == cordon(position + 1))
        }
        #expect(stub.asked.map(\.envelope.request) == (1...3).map { .showNode(name: "n\($0)") })
        client.close()
    }

    @Test("no more requests are in flight than the window has room for")
    func window() async throws {
        let stub = StubCoordinator { asked in
            guard asked.requestNumber.isMultiple(of: 2) else { return [] }
            let reply = Reply.watching(from: .zero)
            return [.replyTo(asked.correlation - 1, reply), .reply(reply)]
        }
        let client = try client(try await stub.start(), windowCountMax: 2)
        let exchanges = (0..<10).map { _ in client.begin(.status, id: nil) }
        for exchange in exchanges { _ = try await exchange.reply() }
        // All of them waited for the connection, so without a window they would come in one burst.
        #expect(stub.asked.map(\.burstCount).max() ?? 0 <= 2)
        #expect(stub.asked.count == 10)
        client.close()
    }

    @Test("an overloaded coordinator is asked again under the same id")
    func overloaded() async throws {
        let stub = StubCoordinator { asked in
            [.reply(asked.requestNumber < 3 ? .refused(.overloaded(retryAfter: .milliseconds(1))) : Self.released)]
        }
        let client = try client(try await stub.start())
        #expect(try await client.send(Self.change, id: Self.id) == Self.released)
        #expect(stub.asked.map { $0.envelope.key?.id } == [Self.id, Self.id, Self.id])
        client.close()
    }

    @Test("a coordinator that stays overloaded has refused, which is an answer")
    func stillOverloaded() async throws {
        let refusal = Refusal.overloaded(retryAfter: .seconds(60))
        let stub = StubCoordinator { _ in [.reply(.refused(refusal))] }
        let client = try client(try await stub.start(), timeout: .seconds(1))
        #expect(try await client.send(Self.change, id: Self.id) == .refused(refusal))
        client.close()
    }

    @Test("a change on a connection that is lost is asked again over the next one, under the same id")
    func lostOnce() async throws {
        let stub = StubCoordinator { asked in asked.connectionNumber == 1 ? [.hangUp] : [.reply(Self.released)] }
        let client = try client(try await stub.start())
        #expect(try await client.send(Self.change, id: Self.id) == Self.released)
        #expect(stub.asked.map(\.connectionNumber) == [1, 2])
        #expect(stub.asked.map { $0.envelope.key } == [stub.asked[0].envelope.key, stub.asked[0].envelope.key])
        client.close()
    }

    @Test("what was in flight when the connection was lost is asked again in the order of asking")
    func orderAfterLoss() async throws {
        let stub = StubCoordinator { asked in
            if asked.connectionNumber == 1 { return asked.requestNumber == 5 ? [.hangUp] : [] }
            return [.reply(.watching(from: .zero))]
        }
        let client = try client(try await stub.start())
        let exchanges = (1...5).map { client.begin(.showNode(name: "n\($0)"), id: nil) }
        for exchange in exchanges { _ = try await exchange.reply() }
        #expect(stub.asked.filter { $0.connectionNumber == 2 }.map(\.correlation) == [1, 2, 3, 4, 5])
        client.close()
    }

    @Test("a change whose coordinator died has an unknown outcome, and says under which id to ask again")
    func outcomeUnknown() async throws {
        let stub = StubCoordinator { _ in [.die] }
        let client = try client(try await stub.start(), timeout: .seconds(1))
        let failure = await #expect(throws: ClientFailure.self) { try await client.send(Self.change, id: Self.id) }
        #expect(failure == .noAnswer(after: .seconds(1), request: Self.id))
        #expect(failure?.isOutcomeUnknown == true)
        #expect(failure?.exitStatus == 7)
        #expect(failure?.advice.contains("--request-id \(Self.id)") == true)
        client.close()
    }

    @Test("a coordinator that says nothing is given up at the timeout")
    func silent() async throws {
        let stub = StubCoordinator { _ in [] }
        let client = try client(try await stub.start(), timeout: .seconds(1))
        await #expect(throws: ClientFailure.noAnswer(after: .seconds(1), request: nil)) {
            try await client.send(.status, id: nil)
        }
        client.close()
    }

    @Test("an address where nobody ever was fails at once, and says that nothing was sent")
    func notReachable() async throws {
        let gone = StubCoordinator { _ in [.die] }
        let address = try await gone.start()
        let first = try client(address, timeout: .seconds(1))
        _ = await #expect(throws: ClientFailure.self) { try await first.send(.status, id: nil) }
        let second = try client(address, timeout: .hours(1))
        let failure = await #expect(throws: ClientFailure.self) { try await second.send(Self.change, id: Self.id) }
        let endpoint = try #require(Endpoint(text: address))
        #expect(failure == .notReachable([endpoint], reason: "Connection refused"))
        #expect(failure?.isOutcomeUnknown == false)
    }

    @Test("the second address is used where the first one does not answer")
    func secondAddress() async throws {
        let gone = StubCoordinator { _ in [.die] }
        let goneAddress = try await gone.start()
        let first = try client(goneAddress, timeout: .seconds(1))
        _ = await #expect(throws: ClientFailure.self) { try await first.send(.status, id: nil) }
        let stub = StubCoordinator { _ in [.reply(Self.released)] }
        let client = try client("\(goneAddress),\(try await stub.start())")
        #expect(try await client.send(Self.change, id: Self.id) == Self.released)
        client.close()
    }

    @Test("what the coordinator complained about is not sent again")
    func complaint() async throws {
        let complaint = Complaint(.frameTooLong, "too long")
        let stub = StubCoordinator { _ in [.complain(complaint)] }
        let client = try client(try await stub.start())
        await #expect(throws: ClientFailure.closed(complaint)) { try await client.send(Self.change, id: Self.id) }
        #expect(stub.asked.count == 1)
        client.close()
    }

    @Test("a closed client answers everything that is open")
    func closed() async throws {
        let stub = StubCoordinator { _ in [] }
        let client = try client(try await stub.start())
        let exchange = client.begin(.status, id: nil)
        client.close()
        await #expect(throws: ClientFailure.ended) { try await exchange.reply() }
        await #expect(throws: ClientFailure.ended) { try await client.send(.status, id: nil) }
    }
}

@Suite("a watch")
struct WatchTests {
    private static func event(_ index: UInt64) -> EventView {
        EventView(
            index: RecordIndex(rawValue: index), at: CalendarInstant(nanoseconds: 0), principal: .coordinator,
            word: "leaseGranted", lease: nil, text: "a lease")
    }

    private static let filter = EventFilter(from: nil, leasesOnly: false, lease: nil)

    private func watch(
        eventCountMax: Int = 100, script: @escaping @Sendable (StubCoordinator.Asked) -> [StubCoordinator.Act]
    ) async throws -> (BrokerClient, BrokerClient.WatchStart) {
        let stub = StubCoordinator(script: script)
        var settings = ClientSettings()
        settings.eventCountMax = eventCountMax
        let addresses = try #require(CoordinatorAddresses(text: try await stub.start()))
        let client = BrokerClient(to: addresses, as: Principal(role: .operator, name: "a"), settings: settings)
        return (client, try await client.watch(Self.filter))
    }

    @Test("shows events in order, and says where to go on when the connection is lost")
    func lost() async throws {
        let (client, start) = try await watch { _ in
            [.reply(.watching(from: RecordIndex(rawValue: 4)))]
                + (4...6).map { .reply(.event(Self.event($0))) } + [.hangUp]
        }
        guard case .events(let events, RecordIndex(rawValue: 4)) = start else {
            Issue.record("\(start)")
            return
        }
        var seen: [UInt64] = []
        let failure = await #expect(throws: ClientFailure.self) {
            for try await event in events { seen.append(event.index.rawValue) }
        }
        #expect(seen == [4, 5, 6])
        #expect(failure == .watchLost(next: RecordIndex(rawValue: 7)))
        client.close()
    }

    @Test("that is not read falls behind, and says from where")
    func behind() async throws {
        let (client, start) = try await watch(eventCountMax: 2) { asked in
            guard case .watchEvents = asked.envelope.request else { return [.reply(.watching(from: .zero))] }
            return [.reply(.watching(from: .zero))] + (1...5).map { .reply(.event(Self.event($0))) }
        }
        guard case .events(let events, _) = start else {
            Issue.record("\(start)")
            return
        }
        // Answered after the events, so they are all there when it is.
        _ = try await client.send(.status, id: nil)
        var seen: [UInt64] = []
        let failure = await #expect(throws: ClientFailure.self) {
            for try await event in events { seen.append(event.index.rawValue) }
        }
        #expect(seen == [1, 2])
        #expect(failure == .watchBehind(next: RecordIndex(rawValue: 3)))
        client.close()
    }

    @Test("that is refused is a refusal, not a failure")
    func refused() async throws {
        let refusal = Refusal.historyTrimmed(oldest: RecordIndex(rawValue: 9))
        let (client, start) = try await watch { _ in [.reply(.refused(refusal))] }
        guard case .refused(refusal) = start else {
            Issue.record("\(start)")
            return
        }
        client.close()
    }
}
