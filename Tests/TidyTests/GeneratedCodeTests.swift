import Foundation
import Testing

/// Generated code is what the schemas give, to the byte.
@Suite("Generated code")
struct GeneratedCodeTests {
    @Test(
        "the committed code is what its schemas give today",
        .enabled(if: GeneratedCode.canRun, "needs protoc, and LEASEHOLD_PROTOC_GEN_SWIFT as Tests/run sets it"),
        arguments: GeneratedCode.all
    )
    func theCommittedCodeIsUpToDate(_ code: GeneratedCode) throws {
        let complaints = code.complaints(committed: code.committed(), regenerated: try code.regenerated())
        let list = complaints.map { "\n" + $0.description }.joined()
        #expect(complaints.isEmpty, "\(list)")
    }

    @Test("a changed byte, a missing file and a file without a schema are refused", arguments: GeneratedCode.all)
    func aDifferenceIsRefused(_ code: GeneratedCode) {
        let good = ["a.pb.swift": Data("let a = 1\n".utf8)]
        let changed = ["a.pb.swift": Data("let a = 2\n".utf8)]
        #expect(code.complaints(committed: good, regenerated: good) == [])
        #expect(code.complaints(committed: changed, regenerated: good).map(\.path) == ["\(code.folder)/a.pb.swift"])
        #expect(code.complaints(committed: [:], regenerated: good).count == 1)
        #expect(code.complaints(committed: good, regenerated: [:]).map(\.message.isEmpty) == [false])
    }
}
