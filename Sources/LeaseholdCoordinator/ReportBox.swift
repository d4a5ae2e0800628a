package import LeaseholdModel
import LeaseholdPlatform
package import LeaseholdTransport
import Synchronization

/// The report that the HTTP pages read, behind a lock that nobody holds for long.
package final class ReportBox: Sendable {
    private let report = Mutex(CoordinatorReport())
    private let writing = Mutex<BootInstant?>(nil)

    /// Nothing reported: not ready.
    package init() {}

    /// What the pages see now.
    var current: CoordinatorReport { report.withLock { $0 } }

    /// Renews the report; what the inbox counts is kept.
    package func renew(_ renewed: CoordinatorReport) {
        report.withLock {
            let shedCount = $0.shedCount
            $0 = renewed
            $0.shedCount = shedCount
        }
    }

    /// Since when the log's disk is at work; nil while it is not.
    package func noteWrite(since start: BootInstant?) { writing.withLock { $0 = start } }

    /// The page at a path; nil where there is none.
    ///
    /// A disk that does not answer stops the owner, and with it the report: so readiness looks at the write under way.
    package func page(at path: String) -> StatusAnswer? {
        let waited = writing.withLock { $0 }.map { Clocks.boot() - $0 } ?? .zero
        guard path != "/readyz" || waited <= CoordinatorSettings.slowGroup else {
            return StatusAnswer(status: 503, body: "the log's disk has not answered for \(waited)\n")
        }
        return current.page(at: path)
    }

    /// Counts requests that found their queue full.
    func countShed(_ count: Int) { report.withLock { $0.shedCount += UInt64(count) } }
}
