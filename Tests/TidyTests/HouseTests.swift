import Testing

/// The laws of the house, held against every file of it.
@Suite("The house")
struct HouseTests {
    @Test("the whole repository is read")
    func theWholeRepositoryIsRead() {
        let paths = Set(House.files.map(\.path))
        #expect(paths.contains("Package.swift"))
        #expect(paths.contains("Tests/TidyTests/House/Lexer.swift"))
        #expect(paths.contains { $0.hasPrefix("Sources/") })
    }

    @Test("the house keeps its laws", arguments: Rule.all)
    func theHouseKeepsItsLaws(_ rule: Rule) {
        let complaints = rule.check(House.files)
        let list = complaints.map { "\n" + $0.description }.joined()
        #expect(complaints.isEmpty, "\(rule.name):\(list)")
    }

    @Test("each law refuses the fault planted for it", arguments: Rule.all)
    func eachLawRefusesItsPlantedFault(_ rule: Rule) {
        #expect(!rule.check(rule.planted).isEmpty)
    }

    @Test("each law accepts what looks like a fault and is none", arguments: Rule.all)
    func eachLawAcceptsSoundText(_ rule: Rule) {
        #expect(rule.check(rule.sound) == [])
    }

    @Test("each complaint names a replacement", arguments: Rule.all)
    func eachComplaintNamesAReplacement(_ rule: Rule) {
        for complaint in rule.check(rule.planted) {
            #expect(complaint.message.contains("→"))
        }
    }

    @Test("no two laws have one name")
    func noTwoLawsHaveOneName() {
        #expect(Set(Rule.all.map(\.name)).count == Rule.all.count)
    }
}
