package import LeaseholdModel
private import SwiftProtobuf

/// Requests and replies in protobuf's JSON mapping, one line each: the face that scripts rely on.
///
/// Names are lowerCamelCase, 64-bit integers are strings, instants are RFC 3339, spans are seconds with an `s`.
package enum WireJSON {
    /// A reply with its case: `{"granted":{…}}`, `{"refused":{…}}`; what `batch` prints.
    package static func text(of reply: Reply) -> String { json(reply.proto) }

    /// What a reply shows, without its case: one object, or one for each element of a list.
    ///
    /// A refusal keeps its case, `{"refused":{…}}`, so that a script can tell it from what it asked for.
    package static func lines(of reply: Reply) -> [String] {
        switch reply {
        case .status(let view): [json(view.proto)]
        case .fleetImported(let imported): [json(imported.proto)]
        case .fleet(let view): [json(view.proto)]
        case .nodes(let views, _): views.map { json($0.proto) }
        case .node(let view): [json(view.proto)]
        case .tenant(let view): [json(view.proto)]
        case .tenants(let views, _): views.map { json($0.proto) }
        case .quote(let view): [json(view.proto)]
        case .declined: [text(of: reply)]
        case .granted(let view): [json(view.proto)]
        case .waitlisted(let waitlisted): [json(waitlisted.proto)]
        case .leases(let views, _): views.map { json($0.proto) }
        case .lease(let view): [json(view.proto)]
        case .released(let released): [json(released.proto)]
        case .cancelled(let cancelled): [json(cancelled.proto)]
        case .extended(let extended): [json(extended.proto)]
        case .resized(let resized): [json(resized.proto)]
        case .explained(let explanation): [json(explanation.proto)]
        case .watching(let index): [json(ProtoWatching.with { $0.from = index.rawValue })]
        case .event(let view): [json(view.proto)]
        case .cordon(let cordon): [json(cordon.proto)]
        case .shown(let shown): [json(shown.proto)]
        case .countersigned(let signed): [json(signed.proto)]
        case .backupPage(let page): [json(page.proto)]
        case .refused(let refusal): [refusalObject(refusal)]
        }
    }

    /// A refusal as a reply: `{"refused":{"code":"noCapacity",…}}`.
    package static func refusalObject(_ refusal: Refusal) -> String { text(of: .refused(refusal)) }

    /// A request as a line of `batch`; without an id where there is none.
    package static func line(for request: Request, id: RequestID?) -> String {
        json(RequestEnvelope(id: id, request: request).proto)
    }

    /// Reads a line of `batch`, stricter than protobuf: a field that it does not know is an error, not noise.
    package static func request(fromLine line: String) throws(JSONComplaint) -> (id: RequestID?, request: Request) {
        try RequestShape.check(line)
        let proto: ProtoRequest
        do {
            proto = try ProtoRequest(jsonString: line)
        } catch {
            throw JSONComplaint(field: "line", value: Field.quoted(line), expected: "a request in JSON")
        }
        do {
            return (try proto.id, try Request(proto))
        } catch {
            throw JSONComplaint(error)
        }
    }

    /// Whether a text is an instant of RFC 3339.
    static func isInstant(_ text: String) -> Bool {
        do {
            _ = try Google_Protobuf_Timestamp(jsonString: "\"\(text)\"")
            return true
        } catch {
            return false
        }
    }

    private static func json(_ proto: some SwiftProtobuf.Message) -> String {
        do {
            return try proto.jsonString()
        } catch {
            preconditionFailure("a message of the house has no JSON: \(error)")
        }
    }
}
