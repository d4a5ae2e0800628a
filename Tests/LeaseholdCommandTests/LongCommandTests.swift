import Glibc
import LeaseholdCommand
import LeaseholdModel
import Testing

/// A file of a test's own, gone with it.
final class ScratchFile {
    let path: String

    init(_ name: String, _ text: String) throws {
        path = "/tmp/leasectl-test-\(UInt64.random(in: 0...(.max)))-\(name)"
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    deinit { unlink(path) }
}

@Suite("commands that take more than one request")
struct LongCommandTests {
    private static let lease = LeaseID(rawValue: 1742)
    private static let watching = Reply.watching(from: RecordIndex(rawValue: 10))

    @Test("batch answers line by line in order, whatever the order of the answers")
    func batchOrder() async throws {
        let stub = StubCoordinator { asked in
            switch asked.requestNumber {
            case 1: []
            case 2: [.reply(.refused(Sample.quotaRefusal)), .replyTo(asked.correlation - 1, .granted(Sample.grant))]
            default: [.reply(.refused(.notFound(.lease, name: "L9")))]
            }
        }
        let file = try ScratchFile(
            "batch.jsonl",
            """
            {"createLease":{"tenant":"acme","unit":"gpu","count":9,"term":"2h"}}
            {"createLease":{"tenant":"acme","unit":"node","term":"2h"}}

            {"releaseLease":{"id":"L9"}}
            """)
        let spoken = try await Spoken.run(["batch", file.path, "--summary"], on: stub)
        #expect(spoken.status == 0)
        let lines = spoken.out.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix(#"{"granted":"#))
        #expect(lines[1].contains("quotaExceeded") && lines[2].contains("notFound"))
        #expect(spoken.error == "3  lines\n1  granted\n1  refused notFound\n1  refused quotaExceeded\n")
        #expect(stub.asked.allSatisfy { $0.envelope.key?.id == Spoken.id })
    }

    @Test("a line that is no request is answered with its number, and the others go on")
    func batchMisread() async throws {
        let stub = StubCoordinator { _ in [.reply(.watching(from: .zero))] }
        let words = ["showFleet", "showFlet", "watchEvents", "status"]
        let file = try ScratchFile("batch.jsonl", words.map { "{\"\($0)\":{}}" }.joined(separator: "\n"))
        let spoken = try await Spoken.run(["batch", file.path], on: stub)
        #expect(spoken.status == 2)
        let lines = spoken.out.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[1].hasPrefix(#"{"failure":{"code":"misread","line":2,"message":"#))
        #expect(lines[1].contains("showFlet"))
        #expect(lines[2].contains(#""line":3"#))
        #expect(stub.asked.count == 2)
    }

    @Test("a batch whose coordinator is silent names the lines and ids whose outcome is unknown")
    func batchUnanswered() async throws {
        let stub = StubCoordinator { _ in [] }
        let file = try ScratchFile("batch.jsonl", #"{"releaseLease":{"id":"L9"}}"#)
        let spoken = try await Spoken.run(["batch", file.path, "--timeout", "1s"], on: stub)
        #expect(spoken.status == 7)
        #expect(spoken.out.hasPrefix(#"{"failure":{"code":"noAnswer","line":1,"#))
        #expect(spoken.out.hasSuffix("\"requestId\":\"\(Spoken.id)\"}}\n"))
    }

    @Test("a batch file that is not there is exit status 1")
    func batchMissing() async {
        let spoken = await Spoken.run(["batch", "/nowhere/at-all"])
        #expect(spoken.status == 1)
        #expect(spoken.error == "failed: /nowhere/at-all cannot be opened: No such file or directory\n")
    }

    @Test("waiting ends when an event brings the lease there, and prints it")
    func waits() async throws {
        let stub = StubCoordinator { asked in
            if case .watchEvents = asked.envelope.request { return [.reply(Self.watching)] }
            // Looked at twice: before and after the event, which comes under the watch's number.
            return asked.requestNumber == 2
                ? [.reply(.lease(Sample.lease(.starting))), .replyTo(1, .event(Sample.event(10, "leaseActivated")))]
                : [.reply(.lease(Sample.lease(.active)))]
        }
        let spoken = try await Spoken.run(["lease", "wait", "L1742", "--timeout", "5s"], on: stub)
        #expect(spoken.status == 0)
        #expect(spoken.out.contains("state       active"))
        #expect(spoken.error.isEmpty)
        #expect(stub.asked.count == 3)
    }

    @Test("waiting goes on over a restart of the coordinator, from the index after the last event")
    func waitsOverRestart() async throws {
        let stub = StubCoordinator { asked in
            // Watch, look, an event and the end; look because of the event, watch again, look.
            switch asked.requestNumber {
            case 1, 4: [.reply(Self.watching)]
            case 2: [.reply(.lease(Sample.lease(.starting))), .replyTo(1, .event(Sample.event(10, "x"))), .hangUp]
            case 3: [.reply(.lease(Sample.lease(.starting)))]
            default: [.reply(.lease(Sample.lease(.active)))]
            }
        }
        let spoken = try await Spoken.run(["lease", "wait", "L1742", "--timeout", "5s"], on: stub)
        #expect(spoken.status == 0)
        let watches = stub.asked.compactMap { asked -> EventFilter? in
            if case .watchEvents(let filter) = asked.envelope.request { filter } else { nil }
        }
        #expect(watches.first?.from == nil && watches.first?.lease == Self.lease)
        #expect(watches.last?.from == RecordIndex(rawValue: 11))
    }

    @Test("waiting goes on while the lease is on the waitlist, and ends when it is off the list for good")
    func waitsOnTheWaitlist() async throws {
        let stub = StubCoordinator { asked in
            if case .watchEvents = asked.envelope.request { return [.reply(Self.watching)] }
            return asked.requestNumber == 2
                ? [.reply(.lease(Sample.waiting)), .replyTo(1, .event(Sample.event(10, "leaseEnding")))]
                : [.reply(.lease(Sample.lease(.cancelled, cause: .lapsed)))]
        }
        let spoken = try await Spoken.run(["lease", "wait", "L1742", "--timeout", "5s"], on: stub)
        #expect(spoken.status == 6)
        #expect(spoken.error.hasPrefix("refused: lease L1742 is cancelled; it cannot be active"))
        #expect(stub.asked.count == 3)
    }

    @Test("waiting for what can no longer come is a wrong state")
    func waitsInVain() async throws {
        let stub = StubCoordinator { asked in
            if case .watchEvents = asked.envelope.request { return [.reply(Self.watching)] }
            return [.reply(.lease(Sample.lease(.ending, cause: .lapsed)))]
        }
        let spoken = try await Spoken.run(["lease", "wait", "L1742"], on: stub)
        #expect(spoken.status == 6)
        #expect(spoken.error.hasPrefix("refused: lease L1742 is ending; it cannot be active"))
    }

    @Test("waiting ends at its timeout with exit status 7")
    func waitsTooLong() async throws {
        let stub = StubCoordinator { asked in
            if case .watchEvents = asked.envelope.request { return [.reply(Self.watching)] }
            return [.reply(.lease(Sample.lease(.starting)))]
        }
        let spoken = try await Spoken.run(["lease", "wait", "L1742", "--timeout", "1s"], on: stub)
        #expect(spoken.status == 7)
        #expect(spoken.error.hasPrefix("no answer in time: L1742 is not active after 1s"))
    }

    @Test("a watch shows events as they come and ends after the count that was asked for")
    func watches() async throws {
        let stub = StubCoordinator { _ in
            [.reply(Self.watching)] + (10...14).map { .reply(.event(Sample.event($0, "leaseGranted"))) }
        }
        let spoken = try await Spoken.run(["event", "watch", "--count", "3", "-o", "json"], on: stub)
        #expect(spoken.status == 0)
        #expect(spoken.out.split(separator: "\n").count == 3)
    }

    @Test("watching a lease from its past shows all of it, though it has ended")
    func watchesPast() async throws {
        let stub = StubCoordinator { asked in
            switch asked.envelope.request {
            case .watchEvents(let filter) where filter.lease == nil:
                return [.reply(Self.watching)] + (10...12).map { .reply(.event(Sample.event($0, "past"))) }
            case .watchEvents: return [.reply(Self.watching)]
            case .status:
                var status = StatusView()
                status.head = LogHead(index: RecordIndex(rawValue: 12), chain: .zero)
                return [.reply(.status(status))]
            default: return [.reply(.lease(Sample.lease(.ended, cause: .released)))]
            }
        }
        let spoken = try await Spoken.run(["lease", "watch", "L1742", "--from-index", "10"], on: stub)
        #expect(spoken.status == 0)
        #expect(spoken.out.split(separator: "\n").count == 3)
    }

    @Test("a fleet file becomes parts of one import, under ids that follow from one")
    func importFleet() async throws {
        let stub = StubCoordinator { _ in
            [.reply(.fleetImported(FleetImported(isCommitted: true, nodeCount: 2, gpuCount: 9)))]
        }
        let file = try ScratchFile("nodes.csv", "sn,gpu,model\na,8,H100\nb,1,T4\n")
        let spoken = try await Spoken.run(["fleet", "import", file.path, "--site", "north"], on: stub)
        #expect(spoken.status == 0)
        #expect(spoken.out == "imported 2 nodes with 9 GPUs\n")
        let parts = stub.asked.compactMap { asked -> FleetPart? in
            if case .importFleet(let part) = asked.envelope.request { part } else { nil }
        }
        #expect(parts.map(\.part) == [0, 1])
        #expect(parts.flatMap(\.places).map(\.path) == ["north", "north/all", "north/all/all"])
        #expect(Set(stub.asked.compactMap { $0.envelope.key?.id }).count == 2)
        #expect(stub.asked.allSatisfy { $0.envelope.key?.id.isVersion7 == true })
    }

    @Test("a broken fleet file is exit status 2 with file, line and field, and nothing is asked")
    func brokenFleet() async throws {
        let stub = StubCoordinator { _ in [] }
        let file = try ScratchFile("nodes.csv", "sn,gpu,model\na,99,H100\n")
        let spoken = try await Spoken.run(["fleet", "import", file.path], on: stub)
        #expect(spoken.status == 2)
        #expect(spoken.error.hasPrefix("\(file.path):2: gpu: "))
        #expect(spoken.error.hasSuffix("nothing was imported\n"))
        #expect(stub.asked.isEmpty)
    }
}
