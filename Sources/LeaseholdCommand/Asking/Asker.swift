import LeaseholdClient
import LeaseholdModel

/// One command's talk with the coordinator: asks, prints, and turns refusals and failures into endings.
struct Asker: Sendable {
    let client: BrokerClient
    let format: OutputFormat
    let console: Console

    /// Connects with its first request.
    init(_ options: ClientOptions, timeout: Span? = nil, windowCountMax: Int? = nil) throws {
        var settings = ClientSettings()
        settings.timeout = timeout ?? options.timeout ?? settings.timeout
        settings.windowCountMax = windowCountMax ?? settings.windowCountMax
        client = BrokerClient(to: try options.addresses(), as: try options.asker(), settings: settings)
        format = options.output
        console = Console.current
    }

    var style: Rendering.Style { Rendering.Style(isColoured: console.isColoured, now: console.now()) }

    /// Asks; a refusal ends the command.
    func ask(_ request: Request, id: RequestID? = nil) async throws(Ending) -> Reply {
        let reply = try await reply(to: request, id: id)
        if case .refused(let refusal) = reply { throw Ending(refusal, format: format) }
        return reply
    }

    /// Asks; a refusal is an answer too.
    func reply(to request: Request, id: RequestID? = nil) async throws(Ending) -> Reply {
        do { return try await client.send(request, id: id) } catch { throw Ending(error) }
    }

    /// Asks and prints the answer.
    func show(_ request: Request, id: RequestID? = nil) async throws(Ending) {
        print(try await ask(request, id: id))
    }

    /// Prints an answer.
    func print(_ reply: Reply) {
        console.out(Rendering.text(of: reply, as: format, style: style))
    }

    /// Asks for a list page by page until it is whole; scripts get each page as it comes, people one table.
    func list<ID: NumberedID, View>(
        ask page: (Page<ID>) -> Request, take: (Reply) -> (views: [View], next: ID?)?,
        show: ([View]) -> Reply
    ) async throws(Ending) {
        var all: [View] = []
        var after: ID?
        repeat {
            let request = page(Page(after: after, countMax: Limits.pageCountMax))
            let reply = try await ask(request)
            guard let (views, next) = take(reply) else { throw Ending(unexpected: reply, to: request.words) }
            if format.isForScripts { print(show(views)) } else { all += views }
            if let next, let after, next <= after {
                let text = "failed: \(request.words) goes back from \(after) to \(next)"
                throw Ending(status: Ending.failureStatus, text)
            }
            after = next
        } while after != nil
        if !format.isForScripts { print(show(all)) }
    }
}
