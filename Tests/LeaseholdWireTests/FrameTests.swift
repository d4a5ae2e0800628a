import LeaseholdChecksum
import LeaseholdModel
import LeaseholdWire
import Testing

@Suite("Frames")
struct FrameTests {
    @Test("every message comes back from its frame, with its correlation number")
    func everyMessageComesBack() throws {
        for (position, message) in Samples.all.enumerated() {
            let correlation = UInt64.max - UInt64(position)
            let back = try WireCodec.decode(WireCodec.encode(message, correlation: correlation))
            #expect(back.message == message)
            #expect(back.correlation == correlation)
        }
    }

    @Test("a request's hash is that of its bytes, so that a repetition has it too and another request has not")
    func aRequestsHashIsThatOfItsBytes() throws {
        let change = Message.request(RequestEnvelope(id: Samples.id, request: .releaseLease(Samples.lease)))
        let frame = WireCodec.encode(change, correlation: 1)
        var hash = FNV1a()
        hash.combine(frame[32...])
        let key = RequestKey(id: Samples.id, bodyHash: hash.value)
        let expected = Message.request(RequestEnvelope(key: key, request: .releaseLease(Samples.lease)))
        #expect(try WireCodec.decode(frame).message == expected)
        #expect(try WireCodec.decode(WireCodec.encode(expected, correlation: 2)).message == expected)
        let other = RequestEnvelope(id: Samples.id, request: .releaseLease(LeaseID(rawValue: 1)))
        #expect(try WireCodec.decode(WireCodec.encode(.request(other), correlation: 1)).message != expected)
    }

    @Test("a change without an id is a message; refusing it is for the machine")
    func aChangeWithoutAnIdIsAMessage() throws {
        let bare = Message.request(RequestEnvelope(key: nil, request: .releaseLease(Samples.lease)))
        #expect(try WireCodec.decode(WireCodec.encode(bare, correlation: 1)).message == bare)
    }

    @Test("a stream may be cut at any byte")
    func aStreamMayBeCutAtAnyByte() throws {
        for message in Samples.all {
            let frame = WireCodec.encode(message, correlation: 7)
            var decoder = FrameDecoder(payloadByteCountMax: Limits.framePayloadByteCountMax)
            #expect(!decoder.isMidFrame)
            for byte in frame.dropLast() {
                decoder.receive([byte])
                #expect(try decoder.next() == nil)
                #expect(decoder.isMidFrame)
            }
            decoder.receive(Array(frame.suffix(1)))
            #expect(try decoder.next()?.message == message)
            #expect(!decoder.isMidFrame && decoder.heldByteCount == 0)
        }
    }

    @Test("frames that arrive together are taken one by one, wherever the bytes were cut")
    func framesThatArriveTogetherAreTakenOneByOne() throws {
        let messages = [Samples.all[0], .agent(.heartbeat(Samples.heartbeat)), Samples.all[0]]
        let stream = messages.enumerated().flatMap { WireCodec.encode($1, correlation: UInt64($0)) }
        for cut in 0...stream.count {
            var decoder = FrameDecoder(payloadByteCountMax: Limits.framePayloadByteCountMax)
            var taken: [Message] = []
            for piece in [stream[..<cut], stream[cut...]] {
                decoder.receive(Array(piece))
                while let (message, _) = try decoder.next() { taken.append(message) }
            }
            #expect(taken == messages)
        }
    }

    @Test("a flipped bit is a complaint, never another message")
    func aFlippedBitIsAComplaint() {
        for message in Samples.all {
            let frame = WireCodec.encode(message, correlation: 7)
            for bit in 0..<frame.count * 8 {
                var damaged = frame
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                let outcome = decoded(damaged)
                if outcome.complaint == nil { Issue.record("bit \(bit) of \(message)") }
                if !outcome.messages.isEmpty { Issue.record("bit \(bit) gave \(outcome.messages)") }
            }
        }
    }

    @Test("a frame that is too long is refused when its header is here, before any of its payload")
    func aFrameThatIsTooLongIsRefusedAtItsHeader() throws {
        let header = HandmadeFrame(kind: 1, claimedByteCount: 4_097).bytes
        var decoder = FrameDecoder()
        decoder.receive(header)
        #expect(
            throws: Complaint(.frameTooLong, "frame payload: 4097 bytes, expected at most 4096"),
            performing: { try decoder.next() })
        #expect(decoder.heldByteCount == 0)
        #expect(decoded(HandmadeFrame(kind: 1, claimedByteCount: .max).bytes).complaint?.code == .frameTooLong)
    }

    @Test("the cap follows what the peer has proved")
    func theCapFollowsWhatThePeerHasProved() throws {
        let large = WireCodec.encode(.request(RequestEnvelope(key: nil, request: .showNode(name: "n"))), correlation: 1)
        var decoder = FrameDecoder(payloadByteCountMax: 4)
        decoder.payloadByteCountMax = Limits.framePayloadByteCountMax
        decoder.receive(large)
        #expect(try decoder.next() != nil)
    }

    @Test("a length alone takes no memory: the decoder holds what has arrived")
    func aLengthAloneTakesNoMemory() throws {
        var decoder = FrameDecoder(payloadByteCountMax: Limits.framePayloadByteCountMax)
        decoder.receive(HandmadeFrame(kind: 5, claimedByteCount: 1_048_576, payload: [1, 2, 3]).bytes)
        #expect(try decoder.next() == nil)
        #expect(decoder.heldByteCount == 35)
    }

    @Test("a complaint is final")
    func aComplaintIsFinal() throws {
        var decoder = FrameDecoder()
        decoder.receive(Array("GET / HTTP/1.1\r\n".utf8))
        let complaint = Complaint(.frameBroken, "frame magic, byte 0: value 71, expected 76")
        #expect(throws: complaint) { try decoder.next() }
        decoder.receive(WireCodec.encode(Samples.all[0], correlation: 1))
        #expect(throws: complaint) { try decoder.next() }
        #expect(decoder.heldByteCount == 0)
    }

    @Test(
        "what this version does not know is named",
        arguments: [
            (HandmadeFrame(kind: 200), Complaint.Code.messageUnknown, "frame kind: value 200"),
            (HandmadeFrame(kind: 0), .messageUnknown, "frame kind: value 0"),
            (HandmadeFrame(version: 2, kind: 1), .versionUnknown, "frame version: value 2, expected 1"),
            (HandmadeFrame(kind: 1, flags: 1), .frameBroken, "frame flags: value 1, expected 0"),
            (HandmadeFrame(kind: 1, unused: 1), .frameBroken, "unused frame bytes: value 1, expected 0"),
            (HandmadeFrame(kind: 4), .messageUnknown, "request, field body: value none that is known"),
            (HandmadeFrame(kind: 5), .messageUnknown, "reply, field body: value none that is known"),
            (HandmadeFrame(kind: 1), .frameBroken, "hello, field role: value 0"),
            (HandmadeFrame(kind: 3), .frameBroken, "complaint, field code: value 0"),
            (HandmadeFrame(kind: 19), .frameBroken, "grantRefused, field reason: value 0"),
            (HandmadeFrame(kind: 1, payload: [0xFF]), .frameBroken, "hello, field payload: value 1 bytes"),
            // A lease without an epoch beside it.
            (
                HandmadeFrame(kind: 17, payload: [0x2A, 1, 9]), .frameBroken,
                "heartbeat, field epochReign: value 0 entries, expected 1"
            ),
            // A mask of 17 bits.
            (
                HandmadeFrame(kind: 35, payload: [0x30, 0x80, 0x80, 0x04]), .frameBroken,
                "grantOrder, field gpuMask: value 65536, expected at most 65535"
            ),
            // More leases on one node than it has memory slices.
            (
                HandmadeFrame(kind: 17, payload: [0x2A, 0x81, 1] + Array(repeating: 1, count: 129)), .frameBroken,
                "heartbeat, field lease: value 129 entries, expected at most 128"
            ),
        ])
    func whatThisVersionDoesNotKnowIsNamed(
        _ frame: HandmadeFrame, _ code: Complaint.Code, _ text: String
    ) throws {
        let complaint = try #require(decoded(frame.bytes).complaint)
        #expect(complaint.code == code)
        #expect(complaint.text.hasPrefix(text), "\(complaint.text)")
    }

    @Test("an answer about the waitlist that cannot be is refused with the field")
    func anAnswerAboutTheWaitlistThatCannotBeIsRefused() throws {
        let explanation = { (missingCount: Int, noteCount: Int) in
            Reply.explained(
                LeaseExplanation(
                    lease: Samples.lease, state: .active, summary: "", waiting: nil,
                    missing: Array(
                        repeating: MissingPlacement(node: "n", gpus: .none, reason: ""), count: missingCount),
                    missingCount: missingCount,
                    notes: Array(
                        repeating: EventView(
                            index: .zero, at: Samples.noon, principal: .coordinator, word: "w", lease: nil, text: ""),
                        count: noteCount),
                    forgottenNoteCount: 0))
        }
        let waitlisted = { (position: Int) in
            Reply.waitlisted(
                LeaseWaitlisted(
                    lease: Samples.lease, place: WaitlistPlace(position: position, until: Samples.noon),
                    estimatedStart: nil, refusal: .noCapacity(asked: 1, grantable: 0, inventory: 0)))
        }
        let expected = [
            (waitlisted(0), "reply, field waitlisted.place.position: value 0, expected 1 to 4096"),
            (waitlisted(4_097), "reply, field waitlisted.place.position: value 4097, expected 1 to 4096"),
            (explanation(65, 0), "reply, field explained.missing: value 65 entries, expected at most 64"),
            (explanation(0, 17), "reply, field explained.notes: value 17 entries, expected at most 16"),
        ]
        for (reply, text) in expected {
            let complaint = try #require(decoded(WireCodec.encode(.reply(reply), correlation: 1)).complaint)
            #expect(complaint == Complaint(.frameBroken, text))
        }
    }

    @Test("messages within messages are refused below the depth of the schema")
    func messagesWithinMessagesAreRefused() {
        // Groups of a field that nobody knows, one in the other: the depth counts though they would be dropped.
        let shallow = Array(repeating: UInt8(0x9B), count: 1) + [0x06] + [0x9C, 0x06]
        #expect(decoded(HandmadeFrame(kind: 48, payload: shallow).bytes).messages == [.guardOrder(.list)])
        let start: [UInt8] = [0x9B, 0x06]
        let end: [UInt8] = [0x9C, 0x06]
        let deep = (0..<40).flatMap { _ in start } + (0..<40).flatMap { _ in end }
        #expect(decoded(HandmadeFrame(kind: 48, payload: deep).bytes).complaint?.code == .frameBroken)
    }

    @Test("an answer longer than any frame becomes a refusal that says so")
    func anAnswerLongerThanAnyFrameBecomesARefusal() throws {
        let tenants = Array(
            repeating: TenantView(
                id: TenantID(rawValue: 0), name: String(repeating: "x", count: 5_000), quota: 0, held: 0,
                leaseCount: 0), count: 1_000)
        let frame = WireCodec.encode(.reply(.tenants(tenants, next: nil)), correlation: 9)
        let back = try WireCodec.decode(frame)
        guard case .reply(.refused(.invalid(let field, _, _))) = back.message else {
            Issue.record("\(back.message)")
            return
        }
        #expect(field == "page" && back.correlation == 9)
    }
}
