/// The names that are taken in one place; counted names are kept as ranges, so that a file can count to thousands.
struct NameBook {
    private struct Entry {
        let numbers: ClosedRange<Int>
        let line: Int
    }

    /// By what stands before the number: disjoint, ascending.
    private var entries: [String: [Entry]] = [:]

    /// Takes the names of a label, or says which of them is taken already and in which line.
    mutating func take(_ label: Label, line: Int) -> (name: String, line: Int)? {
        let (prefix, numbers) = NameBook.split(label)
        var taken = entries[prefix, default: []]
        var low = 0
        var high = taken.count
        while low < high {
            let middle = (low + high) / 2
            if taken[middle].numbers.upperBound < numbers.lowerBound { low = middle + 1 } else { high = middle }
        }
        if low < taken.count, taken[low].numbers.overlaps(numbers) {
            let number = max(taken[low].numbers.lowerBound, numbers.lowerBound)
            return (number < 0 ? prefix : "\(prefix)\(number)", taken[low].line)
        }
        // Out of the table while it changes: it would be copied otherwise.
        entries[prefix] = nil
        taken.insert(Entry(numbers: numbers, line: line), at: low)
        entries[prefix] = taken
        return nil
    }

    /// A single name that looks counted is the same name as a counted one, such as `rack-7`; −1 stands for no number.
    private static func split(_ label: Label) -> (prefix: String, numbers: ClosedRange<Int>) {
        if let numbers = label.numbers { return (label.prefix, numbers) }
        let bytes = Array(label.prefix.utf8)
        var start = bytes.count
        while start > 0, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[start - 1]) { start -= 1 }
        while start < bytes.count - 1, bytes[start] == UInt8(ascii: "0") { start += 1 }
        guard let number = Int(String(decoding: bytes[start...], as: UTF8.self)) else {
            return (label.prefix, -1 ... -1)
        }
        return (String(decoding: bytes[..<start], as: UTF8.self), number...number)
    }
}
