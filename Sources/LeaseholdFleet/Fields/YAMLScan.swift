/// Walks over a text once and finds what the house does not read.
struct YAMLScan {
    /// Where a scalar value of the text stands.
    private enum Place {
        /// A value or a key may begin here.
        case start
        case plain
        case single
        case double
        /// Right behind a closing quote or bracket.
        case closed
        case comment
    }

    /// Deeper than any file of the house.
    private static let bracketDepthMax = 16

    /// How many lines were walked over, a last one without an end counted.
    private(set) var lineCount = 1
    private var place = Place.start
    private var depth = 0

    /// The first strange thing with its line; nil where there is none.
    mutating func firstStrange(in text: String) -> (line: Int, text: String)? {
        var before: Unicode.Scalar = "\n"
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if let control = YAMLScan.control(scalar) {
                return (lineCount, "holds the control character \(control); expected text")
            }
            if scalar == "\n" && before != "\r" || scalar == "\r" { lineCount += 1 }
            before = scalar
            if isEscaped {
                isEscaped = false
            } else if scalar == "\\" && place == .double {
                isEscaped = true
            } else if let strange = step(over: scalar) {
                return (lineCount, strange)
            }
        }
        return nil
    }

    private mutating func step(over scalar: Unicode.Scalar) -> String? {
        switch place {
        case .comment:
            if scalar == "\n" || scalar == "\r" { place = .start }
        case .single:
            if scalar == "'" { place = .closed }
        case .double:
            if scalar == "\"" { place = .closed }
        case .start:
            return begin(with: scalar)
        case .closed, .plain:
            switch scalar {
            case " ", "\t", "\n", "\r": place = .start
            case "'" where place == .closed: place = .single
            case ":" where place == .closed: place = .start
            case ",", "[", "]", "{", "}": if depth > 0 { return begin(with: scalar) }
            default: place = .plain
            }
        }
        return nil
    }

    private mutating func begin(with scalar: Unicode.Scalar) -> String? {
        place = .start
        switch scalar {
        case " ", "\t", "\n", "\r", ",": return nil
        case "#": place = .comment
        case "'": place = .single
        case "\"": place = .double
        case "[", "{":
            depth += 1
            if depth > YAMLScan.bracketDepthMax { return "more than \(YAMLScan.bracketDepthMax) brackets are open" }
        case "]", "}":
            depth = max(0, depth - 1)
            place = .closed
        case "&", "*", "!", "|", ">":
            return "begins a value with \(scalar), which has no meaning here; put it in quotes where it is text"
        default: place = .plain
        }
        return nil
    }

    /// Names a character that no text file holds, or that parsers disagree about.
    private static func control(_ scalar: Unicode.Scalar) -> String? {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: return nil
        case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        default: return nil
        }
    }
}
