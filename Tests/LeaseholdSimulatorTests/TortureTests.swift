import LeaseholdSimulator
import Testing

@Suite("The torture of the log")
struct TortureTests {
    /// The first part of a class on each of its logs, counted together; the whole has a part of `Tests/run` to itself.
    private func beginning(of kind: TortureClass) -> TortureTally {
        var torture = Torture()
        let parts = torture.parts(of: kind).filter(\.isFirst)
        return parts.reduce(into: TortureTally()) { $0.add(torture.run($1)) }
    }

    @Test(
        "every class has states, none of them is lost in silence or refused for nothing",
        arguments: TortureClass.allCases)
    func clean(kind: TortureClass) {
        let tally = beginning(of: kind)
        #expect(tally.stateCount > 0)
        #expect(tally.isClean, "\(String(describing: tally.breach))")
        let told = tally.refusedCount + tally.cutCount + tally.harmlessCount + tally.untoldCount
        #expect(told == tally.stateCount)
    }

    @Test("what is damaged for good is refused, what may be torn is cut, and records were compared")
    func outcomes() {
        var torture = Torture()
        let parts = torture.parts(of: .zeroedSector)
        let sectors = parts.reduce(into: TortureTally()) { $0.add(torture.run($1)) }
        #expect(sectors.refusedCount > 0)
        #expect(sectors.cutCount > 0)
        #expect(sectors.comparisonCount > 0)
        let failures = beginning(of: .failure)
        #expect(failures.refusedCount == 0)
        #expect(failures.comparisonCount > failures.stateCount)
        #expect(beginning(of: .truncation).refusedCount == beginning(of: .truncation).stateCount)
    }

    @Test("a case is read back from its file, and is then one state", arguments: TortureClass.allCases)
    func replay(kind: TortureClass) throws {
        let smallest = try #require(beginning(of: kind).smallest)
        #expect(try TortureCase(text: smallest.text) == smallest)
        let tally = Torture.replay(smallest)
        #expect(tally.stateCount == 1)
        #expect(tally.smallest == smallest)
        #expect(tally.isClean)
    }

    @Test("a file that tells no state is refused with its line")
    func brokenFiles() {
        let whole = "leasehold-torture 1\nclass flipped-bit\nlog sealed\nsegment 1\nbyte 600\nbit 3\n"
        #expect(throws: Never.self) { try TortureCase(text: whole) }
        for (word, other, reason) in [
            ("torture 1", "torture 2", "line 1"), ("flipped-bit", "flopped-bit", "line 2"),
            ("log sealed", "log life", "line 3"), ("byte 600", "bite 600", "line 5: expected byte"),
            ("bit 3\n", "", "line 6: expected bit, actual nothing"), ("byte 600", "byte -6", "expected a number"),
        ] {
            let broken = whole.replacing(word, with: other)
            do throws(TortureComplaint) {
                _ = try TortureCase(text: broken)
                #expect(Bool(false), "read: \(broken)")
            } catch {
                #expect(error.reason.contains(reason))
            }
        }
    }

    @Test("numbers that name no state make none")
    func noSuchState() throws {
        for (kind, numbers) in [
            ("flipped-bit\nlog sealed", "segment 2\nbyte 0\nbit 0"),
            ("truncation\nlog rolled", "segment 1\nbytes 16384"),
            ("lying-write\nlog lies", "operation 1\nway zeroedSector\nwhere 0\nending atOnce"),
            ("failed-operation\nlog life", "operation 9999\nfault crash\naftermath power\nsectors 0\nnames 0"),
            ("directory-entry\nlog rolled", "way lost\nset 0"),
            ("stale-segment\nlog rolled", "segment 1\nsource foreign\nnumber 1"),
        ] {
            let state = try TortureCase(text: "leasehold-torture 1\nclass \(kind)\n\(numbers)\n")
            #expect(Torture.replay(state).stateCount == 0, "\(state)")
        }
    }
}
