/// Every message that differs from a protobuf message in one place, without knowing what the message says.
///
/// A field is left out, sent twice, or has another value; what may be a message, a packed array or a text is changed as
/// each of them. Of like fields only the first few are changed, so that a long list costs no more than a short one.
struct MessageMutations {
    /// Fields of one kind that are changed.
    private static let siteCountMax = 2

    private var siteCounts: [[UInt64]: Int] = [:]

    /// Hands out the mutations of a message.
    mutating func forEach(of message: [UInt8], _ body: ([UInt8]) -> Void) { mutate(message, path: [], body) }

    private mutating func mutate(_ message: [UInt8], path: [UInt64], _ body: ([UInt8]) -> Void) {
        guard let fields = Self.fields(of: message) else { return }
        for field in fields {
            let before = message[..<field.range.lowerBound]
            let after = message[field.range.upperBound...]
            let path = path + [field.tag]
            func put(_ bytes: [UInt8]) { body(before + bytes + after) }
            if case .bytes(let payload) = field.value {
                mutate(payload, path: path) { put(Self.field(field.tag, $0)) }
            }
            siteCounts[path, default: 0] += 1
            guard siteCounts[path, default: 0] <= Self.siteCountMax else { continue }
            let same = Array(message[field.range])
            put([])
            put(same + same)
            switch field.value {
            case .number(let number):
                for other in Self.others(number) { put(Self.varint(field.tag) + Self.varint(other)) }
            case .fixed(let width, let number):
                for other in Self.others(number) { put(Self.varint(field.tag) + Self.fixed(other, width)) }
            case .bytes(let payload): for other in Self.others(payload) { put(Self.field(field.tag, other)) }
            }
        }
    }

    // MARK: Other values

    private static func others(_ number: UInt64) -> [UInt64] {
        let some: Set<UInt64> = [
            0, 1, 2, 15, 17, number &+ 1, number &- 1, 1_001, UInt64(UInt16.max), UInt64(UInt32.max), 1 << 48 - 1,
            UInt64(Int64.max), 1 << 63, .max,
        ]
        return some.subtracting([number]).sorted()
    }

    private static func others(_ payload: [UInt8]) -> [[UInt8]] {
        var found: [[UInt8]] = [[], payload + [0x61], Array(payload.dropLast())]
        if let first = payload.first { found.append([first ^ 1] + payload.dropFirst()) }
        // As an array of numbers: the first and the last is another one, or there is one more or less.
        if let numbers = varints(in: payload), let last = numbers.indices.last {
            for place in [0, last] {
                for other in others(numbers[place]) {
                    var changed = numbers
                    changed[place] = other
                    found.append(changed.flatMap(varint))
                }
            }
            found.append((numbers + numbers.suffix(1)).flatMap(varint))
            found.append(numbers.dropLast().flatMap(varint))
        }
        if payload.count % 8 == 0, !payload.isEmpty {
            for other in [0, 1, UInt64(Int64.max), 1 << 63, .max] as [UInt64] {
                found.append(fixed(other, 8) + payload.dropFirst(8))
                found.append(payload.dropLast(8) + fixed(other, 8))
            }
            found.append(payload + payload.suffix(8))
            found.append(Array(payload.dropLast(8)))
        }
        return found
    }

    // MARK: The wire's form

    private enum Value {
        case number(UInt64)
        case fixed(width: Int, UInt64)
        case bytes([UInt8])
    }

    private struct Field {
        let tag: UInt64
        let value: Value
        let range: Range<Int>
    }

    /// The fields of a message; nil where the bytes are none.
    private static func fields(of message: [UInt8]) -> [Field]? {
        var found: [Field] = []
        var place = 0
        while place < message.count {
            let start = place
            guard let tag = varint(in: message, at: &place), tag >> 3 > 0 else { return nil }
            let value: Value
            switch tag & 7 {
            case 0:
                guard let number = varint(in: message, at: &place) else { return nil }
                value = .number(number)
            case 1, 5:
                let width = tag & 7 == 1 ? 8 : 4
                guard place + width <= message.count else { return nil }
                let bytes = message[place..<place + width]
                value = .fixed(width: width, bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
                place += width
            case 2:
                guard let count = varint(in: message, at: &place), count <= UInt64(message.count - place) else {
                    return nil
                }
                value = .bytes(Array(message[place..<place + Int(count)]))
                place += Int(count)
            default: return nil
            }
            found.append(Field(tag: tag, value: value, range: start..<place))
        }
        return found
    }

    private static func varint(in bytes: [UInt8], at place: inout Int) -> UInt64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while place < bytes.count, shift < 64 {
            let byte = bytes[place]
            place += 1
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
        return nil
    }

    private static func varints(in bytes: [UInt8]) -> [UInt64]? {
        var found: [UInt64] = []
        var place = 0
        while place < bytes.count {
            guard let number = varint(in: bytes, at: &place) else { return nil }
            found.append(number)
        }
        return found
    }

    private static func varint(_ number: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var left = number
        while left >= 0x80 {
            bytes.append(UInt8(left & 0x7F) | 0x80)
            left >>= 7
        }
        return bytes + [UInt8(left)]
    }

    private static func fixed(_ number: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
    }

    private static func field(_ tag: UInt64, _ payload: [UInt8]) -> [UInt8] {
        varint(tag) + varint(UInt64(payload.count)) + payload
    }
}
