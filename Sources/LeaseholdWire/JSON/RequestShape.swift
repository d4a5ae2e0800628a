internal import LeaseholdModel

/// What may stand in a request's JSON: `request.proto` seen from a line of text, so that complaints can name fields.
///
/// A request that the schema gains and this table does not is caught by the test that reads back each request's line.
indirect enum RequestShape: Sendable {
    case text
    /// A UUID.
    case id
    /// RFC 3339.
    case instant
    /// A whole number from 0, of 32 bits.
    case count
    /// A whole number from 0, of 64 bits, as digits or as text.
    case index
    /// Whole watts, as digits or as text.
    case watts
    case flag
    case list(RequestShape)
    case object([(name: String, shape: RequestShape)])

    private static let byName = RequestShape.object([("name", .text)])
    private static let byLease = RequestShape.object([("id", .text)])
    private static let tenantQuota = RequestShape.object([("name", .text), ("quota", .count)])
    private static let page = RequestShape.object([("after", .count), ("countMax", .count)])
    private static let terms = RequestShape.object([
        ("tenant", .text), ("unit", .text), ("count", .count), ("kinds", .list(.text)), ("term", .text),
        ("endsAt", .instant), ("onSilence", .text), ("startsAt", .instant), ("soonest", .object([])),
        ("within", .text), ("spread", .text),
        ("steps", .list(.object([("count", .count), ("at", .instant), ("fee", .text), ("clause", .text)]))),
        ("recurrence", .object([("rhythm", .text), ("count", .count)])), ("profile", .text),
        ("shareThousandths", .count), ("cpuMillicores", .count), ("memoryMib", .count), ("labels", .list(.text)),
        ("waitlist", .text),
    ])
    private static let fleetPart = RequestShape.object([
        ("importHash", .text), ("part", .count), ("partCount", .count),
        (
            "kinds",
            .list(
                .object([
                    ("name", .text), ("memoryGib", .count), ("envelopeWatts", .watts), ("idleFloorWatts", .watts),
                    ("rackScale", .flag),
                    (
                        "profiles",
                        .list(.object([("name", .text), ("memorySlices", .count), ("starts", .list(.count))]))
                    ),
                ]))
        ),
        ("places", .list(.object([("path", .text), ("limitWatts", .watts)]))),
        (
            "runs",
            .list(
                .object([
                    ("rack", .count), ("namePrefix", .text), ("firstNumber", .count), ("count", .count),
                    ("kind", .text), ("gpusPerNode", .count), ("envelopeWatts", .watts), ("cpuMillicores", .count),
                    ("memoryMib", .count), ("labels", .list(.text)),
                ]))
        ),
    ])
    private static let bodies: [(name: String, shape: RequestShape)] = [
        ("status", .object([])), ("importFleet", fleetPart), ("showFleet", .object([])), ("listNodes", page),
        ("showNode", byName), ("cordonNode", byName), ("uncordonNode", byName), ("createTenant", tenantQuota),
        ("listTenants", page), ("showTenant", byName), ("setQuota", tenantQuota), ("quoteLease", terms),
        ("createLease", terms),
        (
            "listLeases",
            .object([("after", .text), ("countMax", .count), ("tenant", .text), ("includesEnded", .flag)])
        ),
        ("showLease", byLease), ("releaseLease", byLease), ("cancelLease", byLease),
        ("extendLease", .object([("id", .text), ("by", .text), ("endsAt", .instant)])),
        ("resizeLease", .object([("id", .text), ("count", .count)])), ("explainLease", byLease),
        ("watchEvents", .object([("from", .index), ("leasesOnly", .flag), ("lease", .text)])),
        ("ledgerHead", .object([])), ("proveRecord", .object([("record", .index), ("head", .text)])),
        ("proveHead", .object([("from", .text), ("to", .text)])),
        ("exportRecords", .object([("tenant", .text), ("from", .index), ("head", .text), ("fleet", .flag)])),
        ("countersignHead", .object([("head", .text), ("key", .text)])),
        ("saveBackup", .object([("segment", .index), ("offset", .index)])),
    ]
    private static let request = RequestShape.object([("requestId", .id)] + bodies)

    /// Complains about a line that is not JSON, or that holds something that no request has.
    static func check(_ line: String) throws(JSONComplaint) {
        guard line.utf8.count <= Limits.framePayloadByteCountMax else {
            throw JSONComplaint(
                field: "line", value: "\(line.utf8.count) bytes",
                expected: "at most \(Limits.framePayloadByteCountMax)")
        }
        var reader = JSONReader(line)
        let value = try reader.read()
        guard case .object(let members) = value else {
            throw JSONComplaint(field: "line", value: value.shown, expected: "an object")
        }
        try request.check(value, at: "")
        let asked = members.filter { $0.value != .null && camelCased($0.name) != "requestId" }
        guard asked.count == 1 else {
            let names = asked.map(\.name).joined(separator: " and ")
            let expected = "exactly one request, such as createLease or releaseLease"
            throw JSONComplaint(field: "line", value: names.isEmpty ? "without a request" : names, expected: expected)
        }
    }

    private func check(_ value: JSONValue, at path: String) throws(JSONComplaint) {
        if value == .null { return }
        switch self {
        case .text: try expect(value.isText, value, at: path, "a text")
        case .id:
            try expect(
                value.digits.map { RequestID(text: $0) != nil } ?? false, value, at: path,
                "a UUID of 32 hexadecimal digits")
        case .instant:
            guard case .text(let text) = value, WireJSON.isInstant(text) else {
                throw JSONComplaint(
                    field: path, value: value.shown, expected: "an instant such as 2026-05-01T12:00:00Z")
            }
        case .count:
            try expect(value.digits.flatMap(UInt32.init) != nil, value, at: path, "a whole number up to \(UInt32.max)")
        case .index:
            try expect(value.digits.flatMap(UInt64.init) != nil, value, at: path, "a whole number up to \(UInt64.max)")
        case .watts: try expect(value.digits.flatMap(Int64.init) != nil, value, at: path, "whole watts")
        case .flag:
            guard case .flag = value else {
                throw JSONComplaint(field: path, value: value.shown, expected: "true or false")
            }
        case .list(let element):
            guard case .list(let elements) = value else {
                throw JSONComplaint(field: path, value: value.shown, expected: "a list")
            }
            for (position, inner) in elements.enumerated() {
                try expect(inner != .null, inner, at: "\(path)[\(position)]", "a value")
                try element.check(inner, at: "\(path)[\(position)]")
            }
        case .object(let fields): try RequestShape.check(fields, in: value, at: path)
        }
    }

    private static func check(
        _ fields: [(name: String, shape: RequestShape)], in value: JSONValue, at path: String
    ) throws(JSONComplaint) {
        guard case .object(let members) = value else {
            throw JSONComplaint(field: path, value: value.shown, expected: "an object")
        }
        var seen: [String] = []
        for member in members {
            let name = camelCased(member.name)
            let here = path.isEmpty ? name : "\(path).\(name)"
            guard let field = fields.first(where: { $0.name == name }) else {
                let near = nearest(to: name, among: fields.map(\.name))
                let known = fields.isEmpty ? "an empty object" : fields.map(\.name).joined(separator: ", ")
                throw JSONComplaint(field: here, value: "unknown", expected: near ?? known)
            }
            guard !seen.contains(name) else {
                throw JSONComplaint(field: here, value: "twice", expected: "each field once")
            }
            seen.append(name)
            try field.shape.check(member.value, at: here)
        }
        for (one, other) in [("term", "endsAt"), ("by", "endsAt"), ("startsAt", "soonest")]
        where seen.contains(one) && seen.contains(other) {
            throw JSONComplaint(field: "\(path).\(one)", value: "beside \(other)", expected: "one of the two")
        }
    }

    private func expect(
        _ holds: Bool, _ value: JSONValue, at path: String, _ expected: String
    ) throws(JSONComplaint) {
        if !holds { throw JSONComplaint(field: path, value: value.shown, expected: expected) }
    }
}

extension JSONValue {
    fileprivate var isText: Bool {
        if case .text = self { true } else { false }
    }

    /// The digits of a number, whether or not it stands in quotes.
    fileprivate var digits: String? {
        switch self {
        case .number(let digits), .text(let digits): digits
        case .null, .flag, .list, .object: nil
        }
    }
}

/// The JSON name of a field that was spelled as in the schema: protobuf takes both.
private func camelCased(_ name: String) -> String {
    guard name.contains("_") else { return name }
    let parts = name.split(separator: "_")
    return parts.dropFirst().reduce(String(parts.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
}

/// The known name that a misspelling is at most two changes away from, if there is one.
private func nearest(to name: String, among known: [String]) -> String? {
    guard name.utf8.count <= WireLimits.wordByteCountMax else { return nil }
    let ranked = known.map { (name: $0, distance: changes(from: name.lowercased(), to: $0.lowercased())) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= 2 else { return nil }
    return best.name
}

/// How many letters must be put in, left out or replaced to turn one word into the other.
private func changes(from: String, to: String) -> Int {
    let (left, right) = (Array(from.utf8), Array(to.utf8))
    var row = Array(0...right.count)
    for (position, letter) in left.enumerated() {
        var diagonal = row[0]
        row[0] = position + 1
        for column in right.indices {
            let replaced = diagonal + (letter == right[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
        }
    }
    return row[right.count]
}
