/// One cell of a table: its text, and the colour that it has on a terminal.
struct Cell: Hashable, Sendable, ExpressibleByStringInterpolation {
    /// What a colour says.
    enum Tint: Hashable, Sendable {
        case plain, good, waiting, bad
    }

    let text: String
    let tint: Tint

    init(_ text: String, tint: Tint = .plain) {
        self.text = text
        self.tint = tint
    }

    init(stringLiteral text: String) {
        self.init(text)
    }
}

/// Rows under headers, aligned; or names beside values, which is a table without headers.
struct Table: Hashable, Sendable {
    /// One column.
    struct Column: Hashable, Sendable {
        let title: String
        let isNumber: Bool

        static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    let columns: [Column]
    var rows: [[Cell]] = []

    init(_ columns: [Column], rows: [[Cell]] = []) {
        self.columns = columns
        self.rows = rows
    }

    /// Names beside values.
    static func facts(_ facts: [(String, Cell)]) -> Table {
        Table([.text(""), .text("")], rows: facts.map { [Cell($0.0), $0.1] })
    }

    /// The lines, each with its end; columns are two spaces apart, nothing trails.
    func text(isColoured: Bool) -> String {
        let hasTitles = columns.contains { !$0.title.isEmpty }
        let all = (hasTitles ? [columns.map { Cell($0.title) }] : []) + rows
        let widths = columns.indices.map { column in all.map { $0[column].text.count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            var gap = 0
            for (column, cell) in row.enumerated() {
                let space = widths[column] - cell.text.count
                let before = columns[column].isNumber ? space : 0
                if !cell.text.isEmpty {
                    line += String(repeating: " ", count: gap + before) + cell.painted(isColoured: isColoured)
                    gap = 0
                }
                gap += cell.text.isEmpty ? widths[column] + 2 : space - before + 2
            }
            return line + "\n"
        }.joined()
    }
}

extension Cell {
    /// The text, in its colour where colours are wanted.
    func painted(isColoured: Bool) -> String {
        guard isColoured else { return text }
        return switch tint {
        case .plain: text
        case .good: "\u{1B}[32m\(text)\u{1B}[0m"
        case .waiting: "\u{1B}[33m\(text)\u{1B}[0m"
        case .bad: "\u{1B}[31m\(text)\u{1B}[0m"
        }
    }
}
