private import LeaseholdModel

/// The bounds that only the bytes need; the rest are in `Limits` (L10).
package enum WireLimits {
    /// A path of four names: what a name may be long before anybody reads it; whether it is a good one, the book says.
    package static let nameByteCountMax = 4 * Limits.nameByteCountMax + 3
    /// An instant, a span, a word or an id as text.
    package static let wordByteCountMax = 64
    /// How much of a wrong value a complaint repeats, in characters.
    package static let repeatedValueCountMax = 80
    /// Messages within messages, such as reply, list, lease, part, instant; deeper input is refused unread.
    package static let messageDepthMax = 5
    /// Objects and lists within each other on a line of JSON: one more than a request has.
    package static let jsonDepthMax = 8
}
