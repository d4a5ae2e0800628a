extension CalendarInstant {
    /// RFC 3339 in UTC, in whole seconds, rounded down: `2026-11-21T04:32:52Z`.
    package var rfc3339: String {
        let seconds = nanoseconds.quotientDown(by: 1_000_000_000)
        let days = seconds.quotientDown(by: 86_400)
        let second = seconds - days * 86_400
        let date = CivilDate(daysSince1970: days)
        let two = { (number: Int64) in number < 10 ? "0\(number)" : "\(number)" }
        let year = String(repeating: "0", count: max(0, 4 - "\(date.year)".count)) + "\(date.year)"
        return "\(year)-\(two(date.month))-\(two(date.day))T"
            + "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
    }

    /// The first whole second that is not before it.
    package var roundedUpToSecond: CalendarInstant {
        let rest = nanoseconds - nanoseconds.quotientDown(by: 1_000_000_000) * 1_000_000_000
        return rest == 0 ? self : self + Span(nanoseconds: 1_000_000_000 - rest)
    }

    /// Reads RFC 3339, `now`, or `+2h` from now; nil for anything else.
    package init?(text: String, now: CalendarInstant) {
        if text == "now" {
            self = now
        } else if text.hasPrefix("+") {
            guard let span = Span(text: String(text.dropFirst())) else { return nil }
            self = now + span
        } else {
            self.init(rfc3339: text)
        }
    }

    /// Reads what `rfc3339` writes and nothing else: one text for each second.
    package init?(rfc3339Second text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 20, bytes[19] == UInt8(ascii: "Z") else { return nil }
        for (place, mark) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)] {
            guard bytes[place] == UInt8(ascii: mark) else { return nil }
        }
        func number(_ range: Range<Int>) -> Int64? {
            var number: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                number = number * 10 + Int64(byte - 0x30)
            }
            return number
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), (1678...2261).contains(year), hour < 24,
            minute < 60, second < 60, let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        let seconds = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(nanoseconds: seconds * 1_000_000_000)
    }

    private init?(rfc3339 text: String) {
        guard
            let match = text.wholeMatch(
                of: /(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))/)
        else { return nil }
        let (year, month, day) = (Int64(match.1), Int64(match.2), Int64(match.3))
        let (hour, minute, second) = (Int64(match.4), Int64(match.5), Int64(match.6))
        guard let year, let month, let day, let hour, let minute, let second, (1678...2261).contains(year),
            let date = CivilDate(year: year, month: month, day: day), hour < 24, minute < 60, second < 60
        else { return nil }
        var offset: Int64 = 0
        if let sign = match.9 {
            guard let hours = match.10.flatMap({ Int64($0) }), let minutes = match.11.flatMap({ Int64($0) }),
                hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 3_600 + minutes * 60) * (sign == "-" ? -1 : 1)
        }
        var fraction: Int64 = 0
        if let digits = match.7 {
            let padded = digits + String(repeating: "0", count: 9 - digits.count)
            guard let read = Int64(padded) else { return nil }
            fraction = read
        }
        let seconds = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset
        self.init(nanoseconds: seconds * 1_000_000_000 + fraction)
    }
}

/// A day of the Gregorian calendar.
struct CivilDate: Hashable {
    let year: Int64
    let month: Int64
    let day: Int64

    /// The day so many days after 1970-01-01; years are counted from March, so that the leap day ends one.
    init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = shifted.quotientDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * fromMarch + 2) / 5 + 1
        month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The day with this date; nil where there is none, as for 30 February.
    init?(year: Int64, month: Int64, day: Int64) {
        guard (1...12).contains(month), day >= 1 else { return nil }
        let fromMarchYear = month <= 2 ? year - 1 : year
        let era = fromMarchYear.quotientDown(by: 400)
        let yearOfEra = fromMarchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let date = CivilDate(daysSince1970: era * 146_097 + dayOfEra - 719_468)
        guard date.year == year, date.month == month, date.day == day else { return nil }
        self = date
    }

    var daysSince1970: Int64 {
        let fromMarchYear = month <= 2 ? year - 1 : year
        let era = fromMarchYear.quotientDown(by: 400)
        let yearOfEra = fromMarchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Int64 {
    /// Division that rounds towards minus infinity.
    fileprivate func quotientDown(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
