import LeaseholdCoordinator
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdTransport
import Testing

@Suite("What the pages say")
struct ReportBoxTests {
    @Test("a group that the disk does not take makes the coordinator not ready, though its owner cannot say so")
    func stalled() {
        let box = ReportBox()
        #expect(box.page(at: "/readyz")?.status == 503)
        var report = CoordinatorReport()
        report.isReady = true
        box.renew(report)
        #expect(box.page(at: "/readyz")?.status == 200)
        box.noteWrite(since: Clocks.boot())
        #expect(box.page(at: "/readyz")?.status == 200)
        box.noteWrite(since: Clocks.boot() + .seconds(-30))
        #expect(box.page(at: "/readyz")?.status == 503)
        #expect(box.page(at: "/readyz")?.body.contains("has not answered for 30") == true)
        #expect(box.page(at: "/healthz")?.status == 200)
        box.noteWrite(since: nil)
        #expect(box.page(at: "/readyz")?.status == 200)
    }
}
