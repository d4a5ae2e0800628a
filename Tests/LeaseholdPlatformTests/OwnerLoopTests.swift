import Foundation
import Glibc
import LeaseholdModel
import LeaseholdPlatform
import Testing

/// Two classes, of which the first goes first.
enum TestClass: Int, MailboxClass {
    case urgent
    case plain

    var countMax: Int {
        switch self {
        case .urgent: 3
        case .plain: 100
        }
    }
}

@Suite("Mailbox and owner")
struct OwnerLoopTests {
    private typealias TestMailbox = Mailbox<Int, TestClass>

    /// Runs an owner until it has taken so many events, ten seconds at most; its batches.
    private func batches(
        _ mailbox: TestMailbox, untilCount count: Int, batchCountMax: Int, before each: ([Int]) -> Void = { _ in }
    ) throws -> [[Int]] {
        let loop = try OwnerLoop(mailbox, heedsSignals: false, batchCountMax: batchCountMax)
        let deadline = Clocks.boot() + .seconds(10)
        var batches: [[Int]] = []
        loop.run { batch, _, now in
            each(batch)
            if !batch.isEmpty { batches.append(batch) }
            return batches.joined().count >= count || now.boot >= deadline ? .stop : .wait(until: deadline)
        }
        return batches
    }

    @Test("a class that is full refuses, and the others go on taking")
    func bounds() throws {
        let mailbox = try TestMailbox()
        #expect((1...4).map { mailbox.post($0, .urgent) } == [.admitted, .admitted, .admitted, .full])
        #expect(mailbox.post(5, .plain) == .admitted)
        #expect(mailbox.post(contentsOf: Array(10..<200), .plain) == 99)
        #expect(mailbox.waitingCount(.plain) == 100)
    }

    @Test("what the owner has taken makes room")
    func room() throws {
        let mailbox = try TestMailbox()
        #expect(mailbox.post(contentsOf: [1, 2, 3, 4], .urgent) == 3)
        let taken = try batches(mailbox, untilCount: 7, batchCountMax: 8) { batch in
            // The room is there from the next turn on.
            if batch == [1, 2, 3] { _ = mailbox.post(7, .plain) }
            if batch == [7] { #expect(mailbox.post(contentsOf: [4, 5, 6, 8], .urgent) == 3) }
        }
        #expect(taken == [[1, 2, 3], [7], [4, 5, 6]])
    }

    @Test("a closed mailbox admits nothing and gives up nothing")
    func closed() throws {
        let mailbox = try TestMailbox()
        _ = mailbox.post(1, .plain)
        mailbox.close()
        #expect(mailbox.post(2, .plain) == .closed)
        #expect(mailbox.post(contentsOf: [3], .urgent) == 0)
        #expect(try batches(mailbox, untilCount: 1, batchCountMax: 8) == [[1]])
    }

    @Test("higher classes come first, each class keeps its order, and no batch is over its bound")
    func order() throws {
        let mailbox = try TestMailbox()
        for event in 10..<17 { _ = mailbox.post(event, .plain) }
        for event in 1...3 { _ = mailbox.post(event, .urgent) }
        #expect(
            try batches(mailbox, untilCount: 10, batchCountMax: 4) == [[1, 2, 3, 10], [11, 12, 13, 14], [15, 16]])
    }

    @Test("an urgent event overtakes plain ones that wait already")
    func overtaking() throws {
        let mailbox = try TestMailbox()
        _ = mailbox.post(contentsOf: Array(10..<16), .plain)
        let taken = try batches(mailbox, untilCount: 8, batchCountMax: 3) { batch in
            if batch == [10, 11, 12] { _ = mailbox.post(contentsOf: [1, 2], .urgent) }
        }
        #expect(taken == [[10, 11, 12], [1, 2, 13], [14, 15]])
    }

    @Test("a flood in a higher class leaves a part of every batch to the lower one")
    func shares() throws {
        let mailbox = try TestMailbox()
        _ = mailbox.post(contentsOf: [1, 2, 3], .urgent)
        _ = mailbox.post(contentsOf: Array(10..<16), .plain)
        let taken = try batches(mailbox, untilCount: 9, batchCountMax: 4) { batch in
            // As many again as were taken, so that the flood does not end.
            if batch.first == 1 { _ = mailbox.post(contentsOf: [4, 5, 6], .urgent) }
        }
        #expect(taken.first == [1, 2, 3, 10])
        #expect(taken.dropFirst().first?.contains(11) == true)
    }

    @Test("the owner is told when more waits than a batch takes")
    func behind() throws {
        let mailbox = try TestMailbox()
        _ = mailbox.post(contentsOf: Array(10..<16), .plain)
        let loop = try OwnerLoop(mailbox, heedsSignals: false, batchCountMax: 4)
        let deadline = Clocks.boot() + .seconds(10)
        var told: [Bool] = []
        loop.run { batch, wake, _ in
            if !batch.isEmpty { told.append(wake.mayMoreWait) }
            return told.count == 2 ? .stop : .wait(until: deadline)
        }
        #expect(told == [true, false])
    }

    @Test("the clocks are read after the batch was taken: what arrives while they are read belongs to the next turn")
    func clocksAfterBatch() throws {
        let mailbox = try TestMailbox()
        var turn = 0
        let clocks: () -> Now = {
            turn += 1
            _ = mailbox.post(turn, .plain)
            return Clocks.now()
        }
        let loop = try OwnerLoop(mailbox, heedsSignals: false, clocks: clocks)
        let deadline = Clocks.boot() + .seconds(10)
        var seen: [Int] = []
        loop.run { batch, _, now in
            #expect(batch.allSatisfy { $0 < turn })
            seen += batch
            return seen.count == 20 || now.boot >= deadline ? .stop : .wait(until: deadline)
        }
        #expect(seen == Array(1...20))
    }

    @Test("a deadline is never early and comes without any event")
    func timer() throws {
        let loop = try OwnerLoop(try TestMailbox(), heedsSignals: false)
        var deadlines: [BootInstant] = []
        loop.run { batch, wake, now in
            #expect(batch.isEmpty && wake.isDue)
            if let deadline = deadlines.last { #expect(now.boot >= deadline) }
            deadlines.append(now.boot + .milliseconds(7))
            return deadlines.count == 6 ? .stop : .wait(until: deadlines[deadlines.count - 1])
        }
        #expect(deadlines.count == 6)
    }

    @Test("an owner that waits for an instant that has passed takes its next turn at once, each time")
    func past() throws {
        let mailbox = try TestMailbox()
        let loop = try OwnerLoop(mailbox, heedsSignals: false)
        // One that sleeps instead is woken after all, and says so.
        DispatchQueue.global().asyncAfter(deadline: .now() + 10) { _ = mailbox.post(1, .plain) }
        var turnCount = 0
        loop.run { batch, _, now in
            #expect(batch.isEmpty)
            turnCount += 1
            return turnCount == 6 || !batch.isEmpty ? .stop : .wait(until: .zero + .milliseconds(1))
        }
        #expect(turnCount == 6)
    }

    @Test("an event that comes before the deadline does not make it due, and it still comes")
    func eventBeforeDeadline() throws {
        let mailbox = try TestMailbox()
        let loop = try OwnerLoop(mailbox, heedsSignals: false)
        var deadline = BootInstant.never
        var eventTurns: [Bool] = []
        loop.run { batch, wake, now in
            if deadline == .never {
                deadline = now.boot + .milliseconds(200)
                _ = mailbox.post(1, .plain)
            } else if !batch.isEmpty {
                eventTurns.append(wake.isDue)
            } else if wake.isDue {
                #expect(now.boot >= deadline)
                return .stop
            }
            return .wait(until: deadline)
        }
        #expect(eventTurns == [false])
    }

    @Test("posts of other threads wake a sleeping owner, none is lost and each thread's order is kept")
    func threads() throws {
        let mailbox = try TestMailbox()
        let perThread = 2_000
        for thread in 0..<3 {
            Thread.detachNewThread {
                for number in 0..<perThread {
                    while mailbox.post(thread * perThread + number, .plain) == .full { sched_yield() }
                }
            }
        }
        let taken = try batches(mailbox, untilCount: 3 * perThread, batchCountMax: 64).flatMap { $0 }
        // Where some are missing their posters must not go on for ever.
        mailbox.close()
        #expect(taken.count == 3 * perThread)
        for thread in 0..<3 {
            let own = taken.filter { $0 / perThread == thread }
            #expect(own == Array(thread * perThread..<(thread + 1) * perThread))
        }
    }

    @Test("the first SIGTERM asks the owner to drain, whatever thread it hits")
    func drain() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let loop = try OwnerLoop(try TestMailbox(), heedsSignals: true)
            var deadline = BootInstant.zero
            loop.run { _, wake, now in
                if wake.isDrainRequested { exit(7) }
                guard deadline == .zero else { return .stop }
                deadline = now.boot + .seconds(10)
                kill(getpid(), SIGTERM)
                return .wait(until: deadline)
            }
        }
    }

    @Test("a request to stop that comes before there is an owner is seen, and left for the owner")
    func earlyDrain() async {
        await #expect(processExitsWith: .exitCode(7)) {
            ProcessSignals.heed()
            guard !ProcessSignals.isStopRequested(within: .milliseconds(1)) else { exit(1) }
            kill(getpid(), SIGTERM)
            guard ProcessSignals.isStopRequested(within: .seconds(10)) else { exit(2) }
            let loop = try OwnerLoop(try TestMailbox(), heedsSignals: true)
            loop.run { _, wake, _ in exit(wake.isDrainRequested ? 7 : 3) }
        }
    }

    @Test("the second SIGTERM ends the process at once, though its owner hangs")
    func secondSignal() async {
        await #expect(processExitsWith: .signal(SIGTERM)) {
            let loop = try OwnerLoop(try TestMailbox(), heedsSignals: true)
            var deadline = BootInstant.zero
            loop.run { _, wake, now in
                if wake.isDrainRequested {
                    kill(getpid(), SIGTERM)
                    // An owner that never looks again, for ten seconds.
                    _ = eventually { false }
                }
                guard deadline == .zero else { return .stop }
                deadline = now.boot + .seconds(10)
                kill(getpid(), SIGINT)
                return .wait(until: deadline)
            }
        }
    }

    @Test("children that end are reaped and reported with their status")
    func children() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let loop = try OwnerLoop(try TestMailbox(), heedsSignals: true)
            var deadline = BootInstant.zero
            var running: [ProcessIdentity] = []
            var exited: [ExitedProcess] = []
            try loop.run { _, wake, now throws(StartFailure) in
                if running.isEmpty {
                    deadline = now.boot + .seconds(10)
                    running = [
                        try TenantProcesses.start(executable: "/bin/sh", arguments: ["-c", "exit 3"]),
                        try TenantProcesses.start(executable: "/bin/sleep", arguments: ["1000"]),
                    ]
                    TenantProcesses.kill(pid: running[1].pid)
                } else if wake.isDue {
                    return .stop
                }
                if wake.hasChildEnded { exited += TenantProcesses.reap() }
                return exited.count == 2 ? .stop : .wait(until: deadline)
            }
            let expected = zip(running, [3, 128 + SIGKILL]).map { ExitedProcess(pid: $0.pid, status: $1) }
            exit(Set(exited) == Set(expected) ? 7 : 1)
        }
    }
}
