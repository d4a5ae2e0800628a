import Foundation
import Glibc
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

@Suite("The service manager")
struct SupervisorTests {
    private func supervisor(_ variables: [String: String]) -> Supervisor? {
        Supervisor(process: 7, taking: { variables[$0] }, onFailure: { _ in })
    }

    @Test("who is named by nobody, or by what no socket is called, is none")
    func none() {
        #expect(supervisor([:]) == nil)
        for name in ["", "@", "/", "notify", "vsock:2:1", "/" + String(repeating: "x", count: 107)] {
            #expect(supervisor(["NOTIFY_SOCKET": name]) == nil, "\(name)")
        }
        for name in ["/x", "@x", "/" + String(repeating: "x", count: 106)] {
            #expect(supervisor(["NOTIFY_SOCKET": name]) != nil, "\(name)")
        }
    }

    @Test("patience counts for the process that it is meant for, and for what can be a time")
    func patience() {
        let cases: [(time: String?, process: String?, patience: Span?)] = [
            (nil, nil, nil), ("5000000", nil, .seconds(5)), ("5000000", "7", .seconds(5)), ("5000000", "8", nil),
            ("5000000", "x", nil), ("0", nil, nil), ("-1", nil, nil), ("soon", nil, nil),
            ("9223372036854775807", nil, nil),
            ("1", nil, Span(nanoseconds: 1_000)),
        ]
        for (time, process, patience) in cases {
            var variables = ["NOTIFY_SOCKET": "@x"]
            variables["WATCHDOG_USEC"] = time
            variables["WATCHDOG_PID"] = process
            #expect(supervisor(variables)?.patience == patience, "\(time ?? "-") of \(process ?? "-")")
        }
    }

    @Test("its names are taken out of the environment, whatever they say, so that no child speaks for its parent")
    func taken() {
        for name in ["@x", "nowhere"] {
            var variables = ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1", "WATCHDOG_PID": "7", "PATH": "/bin"]
            let supervisor = Supervisor(process: 7, taking: { variables.removeValue(forKey: $0) }, onFailure: { _ in })
            #expect((supervisor == nil) == (name == "nowhere"))
            #expect(variables == ["PATH": "/bin"])
        }
    }

    @Test("news are one assignment a line, whatever their words are")
    func words() {
        #expect(Supervisor.News.ready("serving\non 1").text == "READY=1\nSTATUS=serving on 1\n")
        #expect(Supervisor.News.status("a\r\nREADY=1").text == "STATUS=a READY=1\n")
        #expect(Supervisor.News.alive.text == "WATCHDOG=1\n")
        #expect(Supervisor.News.stopping.text == "STOPPING=1\n")
    }

    @Test("a manager that is not there is told of once, and tried again soon")
    func absent() throws {
        let failures = Mutex<[SystemFailure]>([])
        let name = "@leasehold-\(getpid())-nobody"
        let variables = ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "8000000"]
        let supervisor = Supervisor(process: getpid(), taking: { variables[$0] }) { failure in
            failures.withLock { $0.append(failure) }
        }
        var pulse = try #require(Pulse(supervisor))
        let began = BootInstant.zero + .seconds(100)
        pulse.tell(.ready("serving"), at: began)
        for turn in 1...5 {
            #expect(pulse.due == began + .milliseconds(100 * Int64(turn)))
            pulse.beat(at: pulse.due)
        }
        #expect(failures.withLock { $0 } == [SystemFailure(operation: "send to", subject: name, code: ECONNREFUSED)])
    }

    @Test("what finds no room is told again, in order, and a beat that was not heard does not count")
    func noRoom() throws {
        let heard = try PlayedManager()
        var pulse = try #require(Pulse(heard.supervisor(patience: .seconds(8))))
        var now = BootInstant.zero + .seconds(100)
        pulse.beat(at: now)
        #expect(heard.takeAll() == ["WATCHDOG=1\n"] && pulse.due == now + .seconds(2))
        heard.fill()
        pulse.tell(.ready("serving"), at: now)
        pulse.tell(.stopping, at: now)
        #expect(pulse.due == now + .milliseconds(100))
        pulse.beat(at: now + .milliseconds(99))
        heard.empty()
        #expect(heard.takeAll() == [])
        now = pulse.due
        pulse.beat(at: now)
        #expect(heard.takeAll() == ["READY=1\nSTATUS=serving\n", "STOPPING=1\n", "WATCHDOG=1\n"])
        // On a turn after an eighth of its patience, and for a turn of its own after a quarter.
        #expect(pulse.due == now + .seconds(2))
        pulse.beat(at: now + .milliseconds(999))
        #expect(heard.takeAll() == [])
        pulse.beat(at: now + .seconds(1))
        #expect(heard.takeAll() == ["WATCHDOG=1\n"] && pulse.due == now + .seconds(3))
    }

    @Test("who is not watched has no beats, and hears the news all the same, however late")
    func unwatched() throws {
        let heard = try PlayedManager()
        var pulse = try #require(Pulse(heard.supervisor(patience: nil)))
        let now = BootInstant.zero + .seconds(100)
        pulse.beat(at: now)
        #expect(pulse.due == .never)
        heard.fill()
        pulse.tell(.ready("serving"), at: now)
        #expect(pulse.due == now + .milliseconds(100))
        heard.empty()
        pulse.beat(at: pulse.due)
        #expect(heard.takeAll() == ["READY=1\nSTATUS=serving\n"] && pulse.due == .never)
        #expect(Pulse(nil) == nil)
    }

    @Test("an owner that waits for nothing is heard, and one whose turn does not end is not")
    func owner() throws {
        let heard = try PlayedManager()
        let mailbox = try Mailbox<Int, OneClass>()
        let (inTurn, goOn, ended) = (
            DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)
        )
        let pulse = Pulse(heard.supervisor(patience: .milliseconds(200)))
        Thread.detachNewThread {
            do throws(SystemFailure) {
                let loop = try OwnerLoop(mailbox, heedsSignals: false, pulse: pulse)
                loop.run { batch, _, _ in
                    guard let event = batch.first else { return .wait(until: .never) }
                    inTurn.signal()
                    return goOn.wait(timeout: .now() + 20) == .success && event == 1 ? .wait(until: .never) : .stop
                }
            } catch {
                Issue.record("\(error)")
            }
            ended.signal()
        }
        // Its deadline never comes: it takes turns for nobody but the manager.
        for _ in 0..<5 { #expect(heard.next(within: .seconds(10)) == "WATCHDOG=1\n") }
        #expect(mailbox.post(1, .only) == .admitted)
        #expect(inTurn.wait(timeout: .now() + 10) == .success)
        _ = heard.takeAll()
        // The turn lasts beyond its patience, five times over.
        #expect(heard.next(within: .seconds(1)) == nil)
        goOn.signal()
        for _ in 0..<5 { #expect(heard.next(within: .seconds(10)) == "WATCHDOG=1\n") }
        #expect(mailbox.post(2, .only) == .admitted)
        goOn.signal()
        #expect(ended.wait(timeout: .now() + 10) == .success)
    }
}

private enum OneClass: Int, MailboxClass {
    case only

    var countMax: Int { 8 }
}

/// A manager's socket, in the abstract namespace, of which a test decides when it has room.
private final class PlayedManager {
    private static let made = Mutex(0)
    private let name: String
    private let descriptor: Int32
    private let filler = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    private var address = sockaddr_un()
    private let byteCount: socklen_t

    init() throws {
        let number = Self.made.withLock { count in
            count += 1
            return count
        }
        name = "@leasehold-\(getpid())-manager-\(number)"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        address.sun_family = sa_family_t(AF_UNIX)
        let path = [0] + Array(name.utf8.dropFirst())
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        byteCount = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let status = withAddress { bind(descriptor, $0, byteCount) }
        try #require(descriptor >= 0 && filler >= 0 && status == 0, "errno \(errno)")
    }

    deinit {
        close(descriptor)
        close(filler)
    }

    private func withAddress<Value>(_ body: (UnsafePointer<sockaddr>) -> Value) -> Value {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
        }
    }

    func supervisor(patience: Span?) -> Supervisor? {
        var variables = ["NOTIFY_SOCKET": name]
        variables["WATCHDOG_USEC"] = patience.map { "\($0.nanoseconds / 1_000)" }
        return Supervisor(process: getpid(), taking: { variables[$0] }, onFailure: { _ in })
    }

    /// Leaves no room for another datagram.
    func fill() {
        while withAddress({ sendto(filler, "x", 1, Int32(MSG_DONTWAIT), $0, byteCount) }) == 1 {}
    }

    /// Takes what `fill` has put in.
    func empty() {
        for text in takeAll() { #expect(text == "x") }
    }

    /// The datagrams that have come so far.
    func takeAll() -> [String] {
        var found: [String] = []
        while let text = next(within: .zero) { found.append(text) }
        return found
    }

    /// The next datagram; nil when none comes in time.
    func next(within span: Span) -> String? {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&watched, 1, Int32(span.wholeMilliseconds)) == 1 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
