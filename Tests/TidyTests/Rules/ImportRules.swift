/// One import as it stands in a file.
struct Import: Equatable, Sendable {
    /// The module, without submodules and symbols.
    let module: String
    /// The access level as written; nothing means `internal`.
    let access: String?
    /// Whether it hands the module on to whoever imports this target.
    let isExported: Bool
    /// The line.
    let line: Int

    /// All imports of a file.
    static func all(in file: SourceFile) -> [Import] {
        guard file.isSwift else { return [] }
        return file.code.indices.compactMap { parse(file.code, at: $0) }
    }

    private static func parse(_ code: [Token], at index: Int) -> Import? {
        guard code[index].reads("import"), code.at(index - 1)?.reads(".") != true else { return nil }
        var name = index + 1
        let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        if code.at(name)?.reads(oneOf: kinds) == true { name += 1 }
        guard let module = code.at(name), module.kind == .word else { return nil }
        let before = code[..<index].reversed().prefix { $0.line == code[index].line }
        return Import(
            module: module.text,
            access: before.first { $0.reads(oneOf: [Token].accessLevels) }?.text,
            isExported: before.contains { $0.reads("_exported") },
            line: code[index].line
        )
    }
}

extension Rule {
    /// Who may import whom.
    static let imports: [Rule] = [everyTargetHasARow, importsFollowTheTable, nothingIsReexported]

    private static let everyTargetHasARow = Rule(
        "every target under Sources has a row in the table of the house",
        planted: SourceFile(path: "Sources/LeaseholdExtras/Extra.swift", text: "struct Extra {}\n"),
        sound: SourceFile(path: "Sources/LeaseholdModel/Watts.swift", text: "struct Watts {}\n")
    ) { file in
        guard let target = file.target, file.room == nil else { return [] }
        return [
            file.complain(at: 1, "\(target) has no row in HouseTable.swift → decide its floor and its arrows there")
        ]
    }

    private static let importsFollowTheTable = Rule(
        "imports follow the table of the house",
        planted: SourceFile(path: "Sources/LeaseholdBroker/Book.swift", text: "package import NIOCore\n"),
        sound: SourceFile(
            path: "Sources/LeaseholdBroker/Book.swift",
            text: """
                package import LeaseholdModel
                private import struct OrderedCollections.OrderedDictionary
                """
        )
    ) { file in
        guard let room = file.room, !file.isGenerated else { return [] }
        return Import.all(in: file).compactMap { found in
            refusal(of: found, in: file, room).map { file.complain(at: found.line, $0) }
        }
    }

    private static func refusal(of found: Import, in file: SourceFile, _ room: Room) -> String? {
        if room.rooms.contains(found.module) || room.modules.contains(found.module) || found.module == "Swift" {
            return nil
        }
        guard HouseTable.toolchain.contains(found.module) else {
            let allowed = room.rooms.union(room.modules).sorted().joined(separator: ", ")
            return "\(room.name) may not import \(found.module) → name what it needs in a room that both see; "
                + "it may import \(allowed.isEmpty ? "nothing" : allowed)"
        }
        guard room.isPure else { return nil }
        if found.module == "FoundationEssentials" && room.nature == .pureWithProtobuf && file.isConversion {
            return found.access == "private" || found.access == "fileprivate"
                ? nil : "FoundationEssentials leaks out of a conversion → private import FoundationEssentials"
        }
        return "\(room.name) is pure and may not import \(found.module) → take the value as an argument; "
            + "work on the world belongs to LeaseholdPlatform"
    }

    private static let nothingIsReexported = Rule(
        "no import is handed on",
        planted: SourceFile(
            path: "Sources/LeaseholdClient/Client.swift",
            text: "@_exported import LeaseholdModel\n"
        ),
        sound: SourceFile(path: "Sources/LeaseholdClient/Client.swift", text: "package import LeaseholdModel\n")
    ) { file in
        guard file.isOurSwift else { return [] }
        return Import.all(in: file).filter(\.isExported).map {
            file.complain(at: $0.line, "@_exported hides an arrow → import \($0.module) in each file that uses it")
        }
    }
}

extension SourceFile {
    /// Whether the file turns values into protobuf messages or back.
    var isConversion: Bool {
        name.hasSuffix("+Proto.swift") || components.dropLast().contains("Conversion")
    }
}
