import LeaseholdModel
import Synchronization

/// How many connections one server has, and how many of them nobody has vouched for yet (L10).
final class ConnectionCensus: Sendable {
    /// What becomes of a connection that has just come.
    enum Standing {
        case stays
        /// It hears why, and goes.
        case turnedAway(Complaint)
        /// So many are being turned away that this one goes unheard.
        case dropped
    }

    private struct Counts {
        var strangers = 0
        var admitted = 0
        /// Strangers that are on their way out.
        var turnedAway = 0
    }

    private let counts = Mutex(Counts())
    private let settings: FrameSettings

    init(settings: FrameSettings) {
        self.settings = settings
    }

    /// Counts a connection in, unless it is dropped.
    func arrive() -> Standing {
        counts.withLock { counts in
            let strangerMax = settings.unhelloedConnectionCountMax
            let total = counts.strangers + counts.admitted
            guard total >= settings.connectionCountMax || counts.strangers >= strangerMax else {
                counts.strangers += 1
                return .stays
            }
            guard counts.turnedAway < strangerMax else { return .dropped }
            counts.turnedAway += 1
            if total >= settings.connectionCountMax {
                let text = "\(total) connections stand; at most \(settings.connectionCountMax) are served"
                return .turnedAway(Complaint(.tooMany, text))
            }
            let text = "\(strangerMax) connections have not said hello yet; try again in a second"
            return .turnedAway(Complaint(.tooMany, text))
        }
    }

    /// A stranger is known now.
    func admit() {
        counts.withLock { counts in
            counts.strangers -= 1
            counts.admitted += 1
        }
    }

    /// A connection that stayed is gone.
    func leave(wasAdmitted: Bool) {
        counts.withLock { counts in
            if wasAdmitted { counts.admitted -= 1 } else { counts.strangers -= 1 }
        }
    }

    /// A connection that was turned away is gone.
    func leaveTurnedAway() {
        counts.withLock { $0.turnedAway -= 1 }
    }

    /// Connections that stand now.
    var count: Int { counts.withLock { $0.strangers + $0.admitted } }
}
