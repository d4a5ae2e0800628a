/// Finds the word that somebody meant.
enum NearMiss {
    /// More slips than this make another word.
    private static let distanceMax = 2

    /// What follows "is not a key": the near miss, or where there is none the words to choose from.
    static func hint(for word: String, among words: [String]) -> String {
        if let meant = nearest(to: word, among: words) { return "; did you mean \(meant)?" }
        return "; expected one of \(words.joined(separator: ", "))"
    }

    /// The first of the nearest words within two slips, where at least one letter agrees.
    static func nearest(to word: String, among words: [String]) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let distances = words.map { (word: $0, distance: distance($0, word)) }
        let near = distances.filter { $0.distance <= distanceMax && $0.distance < $0.word.utf8.count }
        return near.min { $0.distance < $1.distance }?.word
    }

    /// How many letters must be put in, taken out or changed to turn one word into the other.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.lowercased().utf8)
        var row = Array(0...right.count)
        for (line, letter) in left.lowercased().utf8.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in right.enumerated() {
                let changed = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
