import LeaseholdModel
import Testing

@Suite("spans")
struct SpanTests {
    @Test("a span reads back as it is written", arguments: ["90s", "15m", "2h", "13d", "4w", "250ms", "0s"])
    func roundTrip(text: String) { #expect(Span(text: text)?.description == text) }

    @Test("a text that is no span is refused", arguments: ["", "s", "5", "5x", "-5s", "1.2.3s", "99999999999w"])
    func refused(text: String) { #expect(Span(text: text) == nil) }
}
