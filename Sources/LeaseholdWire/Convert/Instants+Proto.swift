internal import LeaseholdModel
internal import SwiftProtobuf

// Instants and spans as protobuf's own types, which print as RFC 3339 and as `1.5s`.

extension CalendarInstant {
    /// The instant as seconds and nanoseconds, the second rounded down.
    var proto: Google_Protobuf_Timestamp {
        let (second, nanos) = split(nanoseconds)
        return Google_Protobuf_Timestamp(seconds: second, nanos: nanos)
    }

    /// Reads an instant.
    init(_ proto: Google_Protobuf_Timestamp, _ field: String) throws(FieldFault) {
        self.init(nanoseconds: try joined(proto.seconds, proto.nanos, field))
    }
}

extension Span {
    /// The span as seconds and nanoseconds of the same sign.
    var proto: Google_Protobuf_Duration {
        Google_Protobuf_Duration(
            seconds: nanoseconds / 1_000_000_000, nanos: Int32(nanoseconds % 1_000_000_000))
    }

    /// Reads a span.
    init(_ proto: Google_Protobuf_Duration, _ field: String) throws(FieldFault) {
        self.init(nanoseconds: try joined(proto.seconds, proto.nanos, field))
    }

    /// Reads `2h`.
    init(_ text: String, _ field: String) throws(FieldFault) {
        guard text.utf8.count <= WireLimits.wordByteCountMax, let span = Span(text: text) else {
            throw FieldFault(field: field, value: Field.quoted(text), expected: "a duration such as 90s, 2h or 14d")
        }
        self = span
    }
}

private func split(_ nanoseconds: Int64) -> (seconds: Int64, nanos: Int32) {
    let remainder = nanoseconds % 1_000_000_000
    let second = nanoseconds / 1_000_000_000
    return remainder < 0 ? (second - 1, Int32(remainder + 1_000_000_000)) : (second, Int32(remainder))
}

private func joined(_ seconds: Int64, _ nanos: Int32, _ field: String) throws(FieldFault) -> Int64 {
    // One second early for what lies below zero, so that the smallest instant does not overflow on the way.
    let isBelow = seconds < 0 && nanos > 0
    let (below, above) = isBelow ? (seconds + 1, Int64(nanos) - 1_000_000_000) : (seconds, Int64(nanos))
    let (product, isTooLong) = below.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isOver) = product.addingReportingOverflow(above)
    try require(
        !isTooLong && !isOver && abs(Int64(nanos)) < 1_000_000_000, field, value: "\(seconds) s and \(nanos) ns",
        expected: "1677 to 2262, as nanoseconds of 64 bits")
    return sum
}
