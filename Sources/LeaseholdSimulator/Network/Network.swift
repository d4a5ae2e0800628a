import LeaseholdModel
import LeaseholdWire

/// The connections of the fake world: TCP as it looks from above, with frames cut out of real bytes.
///
/// Bytes of one connection arrive in order or not at all; connections overtake each other. A way that is cut holds
/// everything back until it is mended or the connection is given up. A connection that breaks loses what was on its
/// way from some byte on, and each side hears of it in its own time, which may be long after a newer one stands (N1 to
/// N10).
final class Network {
    private unowned let world: World
    private var links: [Link] = []
    /// The newest connection that was ever opened.
    private(set) var lastLink = ConnectionID(rawValue: 0)

    init(in world: World) { self.world = world }

    /// Connections of which some end is still open.
    var openCount: Int { links.count }

    // MARK: Dialling

    /// Asks for a connection; the dialler is told of it, or that there is none.
    func dial(from client: SimulatedProcess, to server: SimulatedProcess, hasHello: Bool) {
        let way = delay(from: client, to: server)
        client.after(way) { [unowned self] in
            guard server.isUp, server.isListening, !isCut(from: client.host, to: server.host) else {
                client.dialFailed(server)
                return
            }
            let limit = hasHello ? Limits.framePayloadByteCountMaxBeforeHello : Limits.framePayloadByteCountMax
            lastLink = ConnectionID(rawValue: lastLink.rawValue + 1)
            let link = Link(
                lastLink,
                from: Link.End(client, payloadByteCountMax: Limits.framePayloadByteCountMaxReply),
                to: Link.End(server, payloadByteCountMax: limit))
            link.ends[0].isTold = false
            links.append(link)
            server.accepted(link)
            client.after(delay(from: server, to: client)) {
                link.ends[0].isTold = true
                if link.ends[0].isOpen { client.opened(link) } else { client.dialFailed(server) }
            }
        }
    }

    /// Lets longer frames in at an end, once its peer is known.
    func admit(_ link: Link, at process: SimulatedProcess, payloadByteCountMax: Int) {
        guard let side = link.side(of: process) else { return }
        link.ends[side].decoder.payloadByteCountMax = payloadByteCountMax
    }

    // MARK: Sending

    /// Hands bytes to the kernel; what becomes of them is the network's affair.
    func send(_ bytes: [UInt8], on link: Link, from process: SimulatedProcess) {
        guard let side = link.side(of: process), link.ends[side].isOpen else { return }
        world.note(bytes)
        if bytes.count > 64, world.chance.percent(5) {
            let cut = 1 + world.chance.below(bytes.count - 1)
            put(Array(bytes[..<cut]), on: link, to: 1 - side)
            put(Array(bytes[cut...]), on: link, to: 1 - side)
        } else {
            put(bytes, on: link, to: 1 - side)
        }
    }

    private func put(_ bytes: [UInt8]?, on link: Link, to side: Int) {
        let way = delay(from: link.ends[1 - side].process, to: link.ends[side].process)
        let at = max(world.now + way, link.ends[side].lastArrival)
        link.ends[side].lastArrival = at
        link.ends[side].coming.append(Link.Piece(at: at, bytes: bytes))
        pump(link, side)
    }

    /// Brings what comes next to an end when its time has come.
    private func pump(_ link: Link, _ side: Int) {
        guard !link.ends[side].isPumping, let next = link.ends[side].coming.first else { return }
        link.ends[side].isPumping = true
        world.at(max(world.now, next.at)) { [unowned self] in
            link.ends[side].isPumping = false
            arrive(link, side)
        }
    }

    private func arrive(_ link: Link, _ side: Int) {
        guard let piece = link.ends[side].coming.first else { return }
        let from = link.ends[1 - side].process
        let to = link.ends[side].process
        if !link.isLocal, isCut(from: from.host, to: to.host) {
            link.ends[side].lastArrival = max(link.ends[side].lastArrival, world.now)
            world.after(.milliseconds(40)) { [unowned self] in arrive(link, side) }
            link.ends[side].isPumping = true
            return
        }
        link.ends[side].isPumping = false
        link.ends[side].coming.removeFirst()
        if link.ends[side].isOpen {
            if let bytes = piece.bytes { deliver(bytes, link, side) } else { end(link, side) }
        }
        pump(link, side)
    }

    private func deliver(_ bytes: [UInt8], _ link: Link, _ side: Int) {
        let process = link.ends[side].process
        link.ends[side].decoder.receive(bytes)
        while link.ends[side].isOpen, process.isUp {
            do throws(Complaint) {
                guard let (message, correlation) = try link.ends[side].decoder.next() else { return }
                process.heard(message, correlation, on: link)
            } catch {
                world.tell(process.name, "closes link \(link.id): \(error.text)")
                close(link, by: process)
                process.closed(link)
                return
            }
        }
    }

    // MARK: Ends

    /// One side hangs up; the other hears of it after what was sent before.
    func close(_ link: Link, by process: SimulatedProcess) {
        guard let side = link.side(of: process), link.ends[side].isOpen else { return }
        link.ends[side].isOpen = false
        put(nil, on: link, to: 1 - side)
        forget(link)
    }

    /// A process is gone; its kernel hangs up for it, unless that is gone too.
    func abandon(by process: SimulatedProcess, announced: Bool) {
        for link in links {
            guard let side = link.side(of: process), link.ends[side].isOpen else { continue }
            link.ends[side].isOpen = false
            if announced {
                put(nil, on: link, to: 1 - side)
            } else {
                // The next boot answers whatever still arrives with a reset.
                let silence = world.chance.longTailed(.milliseconds(200), .seconds(30))
                world.after(silence) { [unowned self] in end(link, 1 - side) }
            }
        }
        links.removeAll { !$0.ends[0].isOpen && !$0.ends[1].isOpen }
    }

    /// The connection breaks: what is on its way is lost from some piece on, and each side hears of it some time.
    func sever(_ link: Link) {
        for side in 0...1 {
            let kept = world.chance.below(link.ends[side].coming.count + 1)
            link.ends[side].coming.removeSubrange(kept...)
            let silence = world.chance.longTailed(.milliseconds(1), .seconds(20))
            world.after(silence) { [unowned self] in end(link, side) }
        }
        world.tell("network", "link \(link.id) breaks")
    }

    private func end(_ link: Link, _ side: Int) {
        guard link.ends[side].isOpen else { return }
        link.ends[side].isOpen = false
        if link.ends[side].isTold { link.ends[side].process.closed(link) }
        forget(link)
    }

    private func forget(_ link: Link) {
        guard !link.ends[0].isOpen, !link.ends[1].isOpen else { return }
        links.removeAll { $0 === link }
    }

    /// Some connection between machines; nil when there is none.
    func someLink() -> Link? { world.chance.pick(links.filter { !$0.isLocal }) }

    /// A bit of something on its way is flipped; the checksums must see it (N8).
    func flipBit() {
        let busy = links.flatMap { link in (0...1).map { (link, $0) } }
            .filter { link, side in !link.isLocal && link.ends[side].coming.contains { $0.bytes != nil } }
        guard let (link, side) = world.chance.pick(busy),
            let position = link.ends[side].coming.firstIndex(where: { $0.bytes != nil }),
            var bytes = link.ends[side].coming[position].bytes
        else { return }
        bytes[world.chance.below(bytes.count)] ^= 1 << UInt8(world.chance.below(8))
        link.ends[side].coming[position] = Link.Piece(at: link.ends[side].coming[position].at, bytes: bytes)
        world.tell("network", "a bit flips on link \(link.id)")
    }

    // MARK: Ways

    private func isCut(from: Host, to: Host) -> Bool { from.isCutOff.outward || to.isCutOff.inward }

    private func delay(from: SimulatedProcess, to: SimulatedProcess) -> Span {
        if from.host === to.host { return world.chance.span(.microseconds(10), .microseconds(60)) }
        let usual = world.weather.latency
        guard world.isStormy, world.chance.perMillion(world.weather.slowPerMillion) else {
            return world.chance.span(usual, usual * 2)
        }
        return world.chance.longTailed(usual, .seconds(8))
    }
}
