import LeaseholdModel
import Testing

@Suite("Reigns and incarnations of the log")
struct ReignTests {
    @Test("a log that was never restored counts its reigns from 1, in incarnation 1")
    func counting() {
        #expect(Reign.zero.logIncarnation == 1)
        #expect(Reign.zero.next(in: 1) == Reign(rawValue: 1))
        #expect(Reign(rawValue: 41).next(in: 1) == Reign(rawValue: 42))
        #expect(Reign(rawValue: 41).logIncarnation == 1)
    }

    @Test("a later incarnation begins above everything before it, and counts from there")
    func incarnations() {
        let first = Reign(rawValue: 41).next(in: 2)
        #expect(first == Reign(rawValue: 2 << 32 + 1))
        #expect(first > Reign(rawValue: .max >> 32))
        #expect(first.next(in: 2) == Reign(rawValue: 2 << 32 + 2))
        #expect(first.logIncarnation == 2)
        #expect(Reign.zero.next(in: .max).logIncarnation == .max)
    }

    @Test("where no reign can follow, none does")
    func none() {
        #expect(Reign(rawValue: 2 << 32 + 1).following(in: 1) == nil, "an earlier incarnation")
        #expect(Reign(rawValue: .max).following(in: .max) == nil)
        #expect(Reign(rawValue: 3 << 32 - 1).following(in: 2) == nil, "the last of its incarnation")
        #expect(Reign(rawValue: 3 << 32 - 1).following(in: 3) == Reign(rawValue: 3 << 32 + 1))
        #expect(Reign(rawValue: 3 << 32 - 2).following(in: 2) == Reign(rawValue: 3 << 32 - 1))
    }
}
