import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import Testing

@Suite("Records that nobody waits for")
struct RestingRecordsTests {
    private let start = BootInstant(nanoseconds: 1_000_000_000)
    private let rest = CoordinatorSettings.recordRest

    @Test("they rest from the first look on, together, and no longer than one may")
    func rests() {
        var resting = RestingRecords()
        #expect(resting.isEmpty && resting.until == .never)
        resting.append([1])
        let first = resting.mayRest(at: start, isAwaited: false)
        #expect(first && resting.until == start + rest)
        // One that comes later does not make the first one wait longer.
        resting.append([2])
        let second = resting.mayRest(at: start + Span(nanoseconds: rest.nanoseconds - 1), isAwaited: false)
        #expect(second && resting.until == start + rest)
        let third = resting.mayRest(at: start + rest, isAwaited: false)
        #expect(!third)
        let taken = resting.take()
        #expect(taken == [[1], [2]])
        #expect(resting.isEmpty && resting.until == .never)
        // The next one has all its time.
        resting.append([3])
        let next = resting.mayRest(at: start + rest, isAwaited: false)
        #expect(next && resting.until == start + rest + rest)
    }

    @Test("a record that somebody waits for takes along those that rest")
    func awaited() {
        var resting = RestingRecords()
        resting.append([1])
        let before = resting.mayRest(at: start, isAwaited: false)
        resting.append([2])
        let after = resting.mayRest(at: start, isAwaited: true)
        #expect(before && !after)
        let taken = resting.take()
        #expect(taken == [[1], [2]])
    }

    @Test("as many as a group holds rest no more")
    func full() {
        var resting = RestingRecords()
        for _ in 1..<LogLimits.groupRecordCountMax { resting.append([1]) }
        let before = resting.mayRest(at: start, isAwaited: false)
        resting.append([1])
        let after = resting.mayRest(at: start, isAwaited: false)
        #expect(before && !after)
    }

    @Test("a rest is over long before a group is sealed for want of company")
    func bounds() {
        #expect(rest > .zero && rest < .milliseconds(Int64(LogLimits.sealIdleMilliseconds)))
    }
}
