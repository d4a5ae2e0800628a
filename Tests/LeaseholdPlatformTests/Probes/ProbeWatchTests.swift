import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

@Suite("The watch of a site's probes")
struct ProbeWatchTests {
    /// A watch, and what it has told.
    private final class Listening: Sendable {
        private let words = Mutex<[ProbeWord]>([])
        private let watch: ProbeWatch

        init(_ settings: ProbeWatch.Settings) {
            watch = ProbeWatch(settings)
            watch.begin(environment: ["LEASEHOLD_NODE": "s/h/r/n", "LEASEHOLD_GPUS": "GPU-1,GPU-2"]) { word in
                self.words.withLock { $0.append(word) }
            }
        }

        deinit { watch.stop() }

        var all: [ProbeWord] { words.withLock { $0 } }

        func outcomes(of name: String) -> [ProbeOutcome] {
            all.compactMap { word in
                if case .ended(name, let outcome) = word { outcome } else { nil }
            }
        }
    }

    private let scratch = Scratch()

    private func probe(_ name: String, _ text: String, mode: String = "755") throws {
        _ = try scratch.program(name, text, mode: mode)
    }

    private func listening(interval: Span = .seconds(600), limit: Span = .seconds(20)) -> Listening {
        Listening(
            ProbeWatch.Settings(
                directory: scratch.path, interval: interval, limit: limit, beat: .milliseconds(5)))
    }

    @Test("each is run with what it needs to know, and its status is its word")
    func run() throws {
        try probe("fan", "echo \"$LEASEHOLD_PROBE $LEASEHOLD_NODE $LEASEHOLD_GPUS\"; echo position=1; exit 2")
        try probe("link", "exit 0")
        try probe(".draft", "exit 2")
        let listening = listening()
        #expect(eventually { listening.all.count == 3 })
        #expect(listening.all.first == .listed(["fan", "link"], complaint: nil))
        #expect(
            listening.outcomes(of: "fan") == [
                .judged(ProbeVerdict(.unhealthy, of: [.position(1)], evidence: "fan s/h/r/n GPU-1,GPU-2"))
            ])
        #expect(listening.outcomes(of: "link") == [.judged(ProbeVerdict(.healthy, of: [], evidence: ""))])
    }

    @Test("one that cannot be run, does not know or is killed says nothing")
    func failing() throws {
        try probe("closed", "exit 0", mode: "644")
        try probe("unknown", "echo who knows; exit 3")
        try probe("killed", "kill -9 $$")
        let listening = listening()
        #expect(eventually { listening.all.count == 4 })
        guard case .failed(let reason)? = listening.outcomes(of: "closed").first else {
            return #expect(Bool(false), "\(listening.all)")
        }
        #expect(reason.contains("closed"))
        #expect(listening.outcomes(of: "unknown") == [.failed(reason: "it does not know: who knows")])
        #expect(listening.outcomes(of: "killed") == [.failed(reason: "exit status 137")])
    }

    @Test("one that hangs is ended at its limit, never runs twice at once, and holds no other up")
    func hanging() throws {
        let started = scratch.path(of: ".started")
        try probe("hung", "echo x >> \(started); exec sleep 600")
        try probe("quick", "exit 0")
        let listening = listening(interval: .milliseconds(20), limit: .milliseconds(500))
        #expect(eventually { listening.outcomes(of: "quick").count > 5 && listening.outcomes(of: "hung").count > 1 })
        // On a machine that is slow it has been ended by now, and one run is under way at most.
        let startCount = try String(contentsOfFile: started, encoding: .utf8).count { $0 == "x" }
        let (hung, quick) = (listening.outcomes(of: "hung").count, listening.outcomes(of: "quick").count)
        #expect(startCount <= hung + 1 && quick > 2 * hung, "\(startCount) starts, \(hung) ended, \(quick) quick")
        #expect(listening.outcomes(of: "hung").first == .failed(reason: "ended after 500ms"))
    }

    @Test("one that is put there or taken away is told, and one too many is named")
    func changes() throws {
        try probe("a", "exit 0")
        let listening = listening()
        #expect(eventually { listening.all.first == .listed(["a"], complaint: nil) })
        try probe("b", "exit 1")
        #expect(eventually { listening.all.contains(.listed(["a", "b"], complaint: nil)) })
        try FileManager.default.removeItem(atPath: scratch.path(of: "a"))
        #expect(eventually { listening.all.contains(.listed(["b"], complaint: nil)) })
        for number in 10...30 { try probe("p\(number)", "exit 0") }
        #expect(
            eventually {
                listening.all.contains { word in
                    if case .listed(let names, let complaint?) = word {
                        names.count == 22 && complaint.hasSuffix("has 22 probes; 16 are run, the first by name")
                    } else {
                        false
                    }
                }
            })
    }

    @Test("a directory that cannot be looked into is told, and says of no probe that it is gone")
    func unreadable() throws {
        try probe("a", "exit 0")
        let listening = listening()
        #expect(eventually { listening.all.contains(.listed(["a"], complaint: nil)) })
        // What is no directory cannot be listed, whoever asks.
        let (path, aside) = (scratch.path, scratch.path + ".aside")
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        try Data().write(to: URL(filePath: path))
        #expect(
            eventually {
                listening.all.contains {
                    if case .unlisted(let complaint) = $0 { complaint.contains(path) } else { false }
                }
            })
        #expect(!listening.all.contains(.listed([], complaint: nil)))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: aside, toPath: path)
        #expect(
            eventually {
                listening.all.last { if case .ended = $0 { false } else { true } } == .listed(["a"], complaint: nil)
            })
    }

    @Test("without a directory there are none, and that is told once")
    func none() {
        let without = Listening(ProbeWatch.Settings(directory: nil))
        #expect(without.all == [.listed([], complaint: nil)])
        let absent = Listening(
            ProbeWatch.Settings(directory: scratch.path(of: "nowhere"), beat: .milliseconds(5)))
        #expect(eventually { absent.all == [.listed([], complaint: nil)] })
    }
}
