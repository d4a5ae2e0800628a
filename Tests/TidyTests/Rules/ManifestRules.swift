/// What the manifest says about one target.
struct ManifestTarget: Equatable, Sendable {
    /// One arrow of the manifest.
    struct Dependency: Equatable, Sendable {
        /// The target or product at its tip; the identifier as written if it could not be read.
        let name: String
        /// Whether the manifest names it in a way that can be read without running it.
        let isReadable: Bool
        /// The line.
        let line: Int
    }

    /// The target's name.
    let name: String
    /// The line of its declaration.
    let line: Int
    /// Its arrows.
    let dependencies: [Dependency]

    /// The targets of a manifest without the test targets, which may import upward.
    static func all(in manifest: SourceFile) -> [ManifestTarget] {
        let code = manifest.code
        let constants = constants(in: code)
        return [".target(", ".executableTarget("].flatMap(code.places(of:)).compactMap { place in
            let open = place + 2
            let arguments = code[open...code.closing(of: open)]
            guard let name = string(labelled: "name", in: Array(arguments)), !isArrow(place, in: code) else {
                return nil
            }
            let list = arguments.indices.first {
                code[$0].reads("dependencies") && code.at($0 + 1)?.reads(":") == true
            }
            let arrows = list.map { dependencies(in: code, listAt: $0 + 2, constants) } ?? []
            return ManifestTarget(name: name, line: code[place].line, dependencies: arrows)
        }
    }

    /// Whether `.target(name:)` stands in a list of dependencies rather than of targets.
    private static func isArrow(_ place: Int, in code: [Token]) -> Bool {
        var depth = 0
        for index in stride(from: place - 1, through: 0, by: -1) {
            if code[index].reads(oneOf: [")", "]"]) { depth += 1 }
            if code[index].reads("(") { depth -= 1 }
            guard code[index].reads("[") else { continue }
            if depth == 0 { return code.at(index - 2)?.reads("dependencies") == true }
            depth -= 1
        }
        return false
    }

    private static func dependencies(
        in code: [Token],
        listAt open: Int,
        _ constants: [String: String]
    ) -> [Dependency] {
        guard code.at(open)?.reads("[") == true else {
            let line = code.at(open)?.line ?? 1
            return [Dependency(name: code.at(open)?.text ?? "", isReadable: false, line: line)]
        }
        var found: [Dependency] = []
        var index = open + 1
        let end = code.closing(of: open)
        while index < end {
            let token = code[index]
            if token.kind == .string {
                found.append(Dependency(name: token.text, isReadable: true, line: token.line))
            } else if token.reads("("), let name = string(labelled: "name", in: Array(code[index...])) {
                found.append(Dependency(name: name, isReadable: true, line: token.line))
                index = code.closing(of: index)
            } else if token.kind == .word, code[index - 1].reads(".") == false {
                let name = constants[token.text]
                found.append(Dependency(name: name ?? token.text, isReadable: name != nil, line: token.line))
            }
            index += 1
        }
        return found
    }

    /// `let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", …)` as `protobuf` → `SwiftProtobuf`.
    private static func constants(in code: [Token]) -> [String: String] {
        let pairs = code.places(of: ": Target.Dependency =").compactMap { place -> (String, String)? in
            guard let constant = code.at(place - 1), constant.kind == .word else { return nil }
            guard let name = string(labelled: "name", in: Array(code[place...])) else { return nil }
            return (constant.text, name)
        }
        return Dictionary(pairs) { first, _ in first }
    }

    private static func string(labelled label: String, in code: [Token]) -> String? {
        guard let place = code.places(of: label + ":").first, let value = code.at(place + 2) else { return nil }
        return value.kind == .string ? value.text : nil
    }
}

extension Rule {
    /// The manifest's arrows.
    static let manifest: [Rule] = [
        Rule(
            "the manifest's arrows follow the table of the house",
            planted: SourceFile(
                path: "Package.swift",
                text:
                    #".target(name: "LeaseholdModel", dependencies: [.product(name: "NIOCore", package: "swift-nio")])"#
            ),
            sound: SourceFile(
                path: "Package.swift",
                text: """
                    let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
                    .target(name: "LeaseholdWire", dependencies: ["LeaseholdModel", protobuf])
                    """
            )
        ) { file in
            guard file.path == "Package.swift" else { return [] }
            return ManifestTarget.all(in: file).flatMap { refusals(of: $0, in: file) }
        }
    ]

    private static func refusals(of target: ManifestTarget, in manifest: SourceFile) -> [Complaint] {
        guard let room = HouseTable.room(named: target.name) else {
            let message = "\(target.name) has no row in HouseTable.swift → decide its floor and its arrows there"
            return [manifest.complain(at: target.line, message)]
        }
        return target.dependencies.compactMap { arrow in
            guard arrow.isReadable else {
                let message =
                    "\(arrow.name) cannot be read → write the dependency, or a constant of type Target.Dependency"
                return manifest.complain(at: arrow.line, message)
            }
            guard !room.rooms.contains(arrow.name) && !room.modules.contains(arrow.name) else { return nil }
            let message =
                "\(target.name) may not depend on \(arrow.name) → follow HouseTable.swift, or change it with a reason"
            return manifest.complain(at: arrow.line, message)
        }
    }
}
