internal import LeaseholdModel

/// Reads a text of the ledger line by line; each line has its end, and nothing stands behind the last.
struct LedgerLines {
    private let lines: [ArraySlice<UInt8>]
    private let isWhole: Bool
    /// Lines that were read.
    private(set) var readCount = 0

    init(_ text: [UInt8]) {
        isWhole = text.last == 0x0A
        lines = text.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
    }

    /// Lines that were not read yet.
    var restCount: Int { lines.count - readCount }

    /// The next line without its end.
    mutating func next(_ expected: @autoclosure () -> String) throws(LedgerRefusal) -> ArraySlice<UInt8> {
        guard isWhole, readCount < lines.count else { throw complaint(expected()) }
        defer { readCount += 1 }
        return lines[readCount]
    }

    /// The next line as words, the first of which is known.
    mutating func words(_ first: String, count: Int, _ form: String) throws(LedgerRefusal) -> [ArraySlice<UInt8>] {
        let line = try next(form)
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == count, words[0].elementsEqual(first.utf8) else {
            readCount -= 1
            throw complaint(form)
        }
        return Array(words.dropFirst())
    }

    /// A number in its one form.
    func number(_ word: ArraySlice<UInt8>, max: Int) throws(LedgerRefusal) -> Int {
        let text = String(decoding: word, as: UTF8.self)
        guard let number = Int(text), (0...max).contains(number), "\(number)" == text else {
            throw .malformed(line: readCount, expected: "a number up to \(max)")
        }
        return number
    }

    /// An index in its one form.
    func index(_ word: ArraySlice<UInt8>) throws(LedgerRefusal) -> RecordIndex {
        let max = Int(LedgerLimits.indexMax.rawValue)
        return RecordIndex(rawValue: UInt64(try number(word, max: max)))
    }

    /// A note of a known number of lines.
    mutating func head(lineCount: Int) throws(LedgerRefusal) -> SignedHead {
        let first = readCount + 1
        var texts: [String] = []
        while texts.count < lineCount {
            let line = try next("a line of a head")
            guard let text = String(validating: line, as: UTF8.self) else {
                throw .malformed(line: readCount, expected: "UTF-8")
            }
            texts.append(text)
        }
        return try SignedHead(lines: texts, first: first)
    }

    /// Complains about anything behind what was read.
    func finish() throws(LedgerRefusal) {
        guard isWhole, restCount == 0 else { throw complaint("the end of the text behind a line end") }
    }

    private func complaint(_ expected: String) -> LedgerRefusal { .malformed(line: readCount + 1, expected: expected) }
}
