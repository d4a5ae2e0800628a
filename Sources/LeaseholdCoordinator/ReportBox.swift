import Synchronization

/// The report that the HTTP pages read, behind a lock that nobody holds for long.
final class ReportBox: Sendable {
    private let report = Mutex(CoordinatorReport())

    /// What the pages see now.
    var current: CoordinatorReport { report.withLock { $0 } }

    /// Renews the report; what the inbox counts is kept.
    func renew(_ renewed: CoordinatorReport) {
        report.withLock {
            let shedCount = $0.shedCount
            $0 = renewed
            $0.shedCount = shedCount
        }
    }

    /// Counts requests that found their queue full.
    func countShed(_ count: Int) { report.withLock { $0.shedCount += UInt64(count) } }
}
