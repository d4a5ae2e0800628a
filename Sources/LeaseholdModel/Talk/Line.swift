// Texts of others that are shown on a line: nothing in them moves a terminal's cursor or changes its colours.

extension String {
    /// Whether it stands on one line of at most so many bytes: printable, without line breaks.
    package func isLine(byteCountMax: Int) -> Bool {
        utf8.count <= byteCountMax && unicodeScalars.allSatisfy(\.isPrintable)
    }

    /// It on one line, with a blank for everything that is not printable, up to the last whole character that fits.
    package func line(byteCountMax: Int) -> String {
        if isLine(byteCountMax: byteCountMax) { return self }
        var printable = String.UnicodeScalarView()
        for scalar in unicodeScalars { printable.append(scalar.isPrintable ? scalar : " ") }
        let whole = String(printable)
        var line = ""
        var byteCount = 0
        for character in whole {
            byteCount += character.utf8.count
            guard byteCount <= byteCountMax else { break }
            line.append(character)
        }
        return line
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
