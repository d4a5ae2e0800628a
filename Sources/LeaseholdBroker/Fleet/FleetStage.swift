package import LeaseholdModel

/// The parts of an import that have come so far; the last part takes them all into the fleet.
package struct FleetStage: Equatable, Sendable {
    /// Of which import.
    package let importHash: UInt64
    /// How many parts it has.
    package let partCount: UInt32
    /// The part that is awaited.
    package var nextPart: UInt32 = 0
    /// What has come.
    package var fleet = FleetDeclaration()

    /// Begins an import; the part itself is added apart.
    init(_ part: FleetPart) {
        importHash = part.importHash
        partCount = part.partCount
    }

    /// Adds the awaited part.
    mutating func add(_ part: FleetPart) {
        precondition(part.part == nextPart, "part \(part.part) came where \(nextPart) was awaited")
        nextPart += 1
        fleet.kinds += part.kinds
        fleet.places += part.places
        fleet.runs += part.runs
    }

    /// The stage that a part belongs to: a new one for part 0, else the one at hand; nil where the part does not follow.
    static func following(_ stage: FleetStage?, _ part: FleetPart) -> FleetStage? {
        if part.part == 0 { return FleetStage(part) }
        guard let stage, stage.importHash == part.importHash, stage.partCount == part.partCount,
            stage.nextPart == part.part
        else { return nil }
        return stage
    }
}
