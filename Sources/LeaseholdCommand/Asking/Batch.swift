import LeaseholdClient
import LeaseholdModel
import LeaseholdWire

/// Lines in, replies out: one task reads and asks, one waits and prints, a short queue between them.
struct Batch: Sendable {
    let client: BrokerClient
    let console: Console
    let windowCountMax: Int

    /// What came of a batch.
    struct Outcome: Sendable {
        /// Replies and failures by their words.
        var counts: [String: Int] = [:]
        var isMisread = false
        var isUnanswered = false

        /// 7 where a line got no reply, 2 where one was no request.
        var status: Int32 { isUnanswered ? Ending.noAnswerStatus : isMisread ? Ending.usageStatus : 0 }

        /// A line for each outcome, the most frequent first.
        var summary: String {
            let total = counts.values.reduce(0, +)
            let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            return Table(
                [.number(""), .text("")],
                rows: [["\(total)", "lines"]] + sorted.map { ["\($0.value)", Cell($0.key)] }
            ).text(isColoured: false)
        }
    }

    /// One line on its way.
    private enum Item: Sendable {
        case asked(Exchange, line: Int)
        case misread(String, line: Int)
    }

    /// Runs the batch to the end of its input.
    func run(_ source: ByteSource) async throws(Ending) -> Outcome {
        let queue = BoundedQueue<Item>(countMax: windowCountMax)
        async let printed = printReplies(of: queue)
        var lines = LineReader(source)
        var trouble: Ending?
        do {
            while let line = try await lines.next() {
                if let item = ask(line) { await queue.put(item) }
            }
        } catch {
            trouble = error
        }
        await queue.finish()
        let outcome = await printed
        if let trouble { throw trouble }
        return outcome
    }

    /// Sends a line's request; nil for an empty line.
    private func ask(_ line: LineReader.Line) -> Item? {
        guard !line.text.allSatisfy(\.isWhitespace) else { return nil }
        do {
            let (id, request) = try WireJSON.request(fromLine: line.text)
            if case .watchEvents = request {
                return .misread("a watch has no single reply; use leasectl event watch", line: line.number)
            }
            return .asked(client.begin(request, id: request.isChange ? id ?? .fresh() : id), line: line.number)
        } catch {
            return .misread("\(error)", line: line.number)
        }
    }

    private func printReplies(of queue: BoundedQueue<Item>) async -> Outcome {
        var outcome = Outcome()
        while let item = await queue.take() {
            switch item {
            case .misread(let text, let line):
                outcome.isMisread = true
                outcome.counts["misread", default: 0] += 1
                console.out(Batch.failure("misread", text, line: line, id: nil))
            case .asked(let exchange, let line):
                do {
                    let reply = try await exchange.reply()
                    outcome.counts[reply.word, default: 0] += 1
                    console.out(WireJSON.text(of: reply) + "\n")
                } catch {
                    outcome.isUnanswered = true
                    outcome.counts["failed \(error.word)", default: 0] += 1
                    console.out(Batch.failure(error.word, "\(error)", line: line, id: exchange.id))
                }
            }
        }
        return outcome
    }

    /// The object that stands for a reply that there is none of.
    static func failure(_ word: String, _ text: String, line: Int, id: RequestID?) -> String {
        let members =
            ["\"code\":\(JSONValue.quoted(word))", "\"line\":\(line)", "\"message\":\(JSONValue.quoted(text))"]
            + (id.map { ["\"requestId\":\"\($0)\""] } ?? [])
        return "{\"failure\":{\(members.joined(separator: ","))}}\n"
    }
}

/// A queue between one task that puts and one that takes; who is too fast waits (L10).
actor BoundedQueue<Element: Sendable> {
    private let countMax: Int
    private var elements: [Element] = []
    private var isFinished = false
    private var putter: CheckedContinuation<Void, Never>?
    private var taker: CheckedContinuation<Void, Never>?

    init(countMax: Int) {
        self.countMax = countMax
    }

    /// Adds at the end, once there is room.
    func put(_ element: Element) async {
        while elements.count >= countMax {
            await withCheckedContinuation { putter = $0 }
        }
        elements.append(element)
        taker?.resume()
        taker = nil
    }

    /// Takes from the front, once there is something; nil when it is finished and empty.
    func take() async -> Element? {
        while elements.isEmpty {
            if isFinished { return nil }
            await withCheckedContinuation { taker = $0 }
        }
        let first = elements.removeFirst()
        putter?.resume()
        putter = nil
        return first
    }

    /// Nothing more will be put.
    func finish() {
        isFinished = true
        taker?.resume()
        taker = nil
    }
}
