import ArgumentParser
import LeaseholdModel

/// What flags and arguments say, read or complained about with what was expected.
enum Reading {
    static func span(_ text: String) throws -> Span {
        guard let span = Span(text: text), span > .zero else {
            throw ValidationError("expected a duration such as 90s, 15m, 2h, 14d or 4w")
        }
        return span
    }

    static func instant(_ text: String) throws -> CalendarInstant {
        guard let instant = CalendarInstant(text: text, now: Console.current.began) else {
            throw ValidationError("expected an instant such as 2027-01-31T18:00:00Z, now, or +2h")
        }
        return instant
    }

    static func requestID(_ text: String) throws -> RequestID {
        guard let id = RequestID(text: text), id.isVersion7 else {
            throw ValidationError("expected a UUID of version 7, such as \(RequestID.fresh())")
        }
        return id
    }

    /// A whole number that fits what the wire has for it.
    static func count(_ text: String) throws -> UInt32 {
        guard let count = UInt32(text) else {
            throw ValidationError("expected a whole number up to \(UInt32.max)")
        }
        return count
    }

    /// A whole number; what it may be, whoever uses it says.
    static func number(_ text: String) throws -> Int {
        guard let number = Int(text) else { throw ValidationError("expected a whole number") }
        return number
    }

    static func lease(_ text: String) throws -> LeaseID {
        guard let lease = LeaseID(text: text) else { throw ValidationError("expected a lease such as L1742") }
        return lease
    }

    static func index(_ text: String) throws -> RecordIndex {
        guard let number = UInt64(text) else { throw ValidationError("expected the index of a record, from 1 on") }
        return RecordIndex(rawValue: number)
    }

    static func principal(_ text: String) throws -> Principal {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let role: Principal.Role? =
            switch parts.first {
            case "operator": .operator
            case "tenant": .tenant
            default: nil
            }
        guard let role, parts.count == 2, isWellFormedName(parts[1]) else {
            throw ValidationError("expected operator/NAME or tenant/NAME")
        }
        return Principal(role: role, name: String(parts[1]))
    }

    /// A unit, with what stands behind a colon: `slice:1g.10gb`, `share:250`.
    static func unit(_ text: String) throws -> AskedUnit {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let unit = LeaseUnit(word: parts[0]) else {
            let words = LeaseUnit.allCases.map { AskedUnit(unit: $0).form }
            throw ValidationError("expected \(words.joined(separator: ", "))")
        }
        var asked = AskedUnit(unit: unit)
        switch (unit, parts.count == 2 ? parts[1] : nil) {
        case (.slice, let profile?) where !profile.isEmpty: asked.profile = profile
        case (.share, let share?):
            guard let share = UInt16(share), (1...999).contains(share) else {
                throw ValidationError("expected share: and 1 to 999 thousandths of a GPU")
            }
            asked.share = share
        case (.slice, _), (.share, _), (_, .some): throw ValidationError("expected \(asked.form)")
        case (_, nil): break
        }
        return asked
    }

    static func cpu(_ text: String) throws -> Millicores {
        guard let cpu = Millicores(text: text) else { throw ValidationError("expected cores such as 8, 1.5 or 500m") }
        return cpu
    }

    static func memory(_ text: String) throws -> Mebibytes {
        guard let memory = Mebibytes(text: text) else {
            throw ValidationError("expected a size such as 2TiB, 64GiB or 512MiB")
        }
        return memory
    }

    static func label(_ text: String) throws -> LabelRule {
        guard let rule = LabelRule(text: text) else {
            throw ValidationError("expected a label such as zone=east or zone!=east")
        }
        return rule
    }

    static func reach(_ text: String) throws -> LeaseReach {
        guard let reach = LeaseReach(word: text) else {
            throw ValidationError("expected \(LeaseReach.allCases.map(\.word).joined(separator: ", "))")
        }
        return reach
    }

    static func level(_ text: String) throws -> PlaceLevel {
        guard let level = PlaceLevel(word: text) else {
            throw ValidationError("expected \(PlaceLevel.allCases.map(\.word).joined(separator: ", "))")
        }
        return level
    }

    static func start(_ text: String) throws -> LeaseStart {
        switch text {
        case "now": return .now
        case "soonest": return .soonest
        default:
            guard let instant = CalendarInstant(text: text, now: Console.current.began) else {
                throw ValidationError("expected now, soonest, an instant such as 2027-01-31T18:00:00Z, or +2h")
            }
            return .at(instant)
        }
    }

    /// So many units by an instant, and what is agreed for them: `16@+1h`, `64@+14d,fee=1.99USD,clause=4.2b`.
    static func step(_ text: String) throws -> LeaseStep {
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let pieces = words[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard pieces.count == 2, let count = UInt32(pieces[0]),
            let instant = CalendarInstant(text: String(pieces[1]), now: Console.current.began)
        else { throw ValidationError("expected a count and an instant such as 16@+1h or 32@2027-02-01T00:00:00Z") }
        var fee: Money?
        var clause: String?
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch (parts[0], parts.count == 2 ? parts[1] : "") {
            case ("fee", let amount) where fee == nil:
                fee = Money(text: amount)
                if fee == nil { throw ValidationError("expected a fee such as fee=1.99USD or fee=0.0425EUR") }
            case ("clause", let name) where clause == nil:
                guard StepTerms.isClause(name) else {
                    throw ValidationError(
                        "expected a clause such as clause=4.2b, \(Limits.clauseByteCountMax) bytes at most")
                }
                clause = name
            default:
                throw ValidationError("expected fee= and clause= behind the instant, each once: \(stepForm)")
            }
        }
        return LeaseStep(count: count, at: instant, fee: fee, clause: clause)
    }

    private static let stepForm = "64@+14d,fee=1.99USD,clause=4.2b"

    /// How often, and how many times: `weekdays*20`.
    static func recurrence(_ text: String) throws -> LeaseRecurrence {
        let pieces = text.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
        guard pieces.count == 2, let rhythm = LeaseRhythm(word: String(pieces[0])), let count = UInt32(pieces[1])
        else {
            let words = LeaseRhythm.allCases.map(\.word).joined(separator: ", ")
            throw ValidationError("expected \(words), and how many times: weekdays*20")
        }
        return LeaseRecurrence(rhythm: rhythm, count: count)
    }

    static func silence(_ text: String) throws -> SilenceMode {
        guard let mode = SilenceMode(word: text) else {
            throw ValidationError("expected \(SilenceMode.allCases.map(\.word).joined(separator: " or "))")
        }
        return mode
    }

    static func waitedState(_ text: String) throws -> LeaseState {
        guard let state = LeaseState(word: text), state == .active || state == .ended else {
            throw ValidationError("expected active or ended")
        }
        return state
    }
}

extension RequestID {
    /// A new one, from the console's clock and chance.
    static func fresh() -> RequestID {
        RequestID(at: Console.current.now(), chance: Console.current.chance())
    }

    /// The id of the part at this position of something that takes several requests.
    func part(_ position: UInt32) -> RequestID {
        let chance: UInt64 = 0x3FFF_FFFF_FFFF_FFFF
        return RequestID(high: high, low: low & ~chance | (low &+ UInt64(position)) & chance)
    }
}

/// A unit as the command line writes it.
struct AskedUnit {
    let unit: LeaseUnit
    var profile: String?
    var share: UInt16?

    /// How it is written: `slice:PROFILE`.
    var form: String {
        switch unit {
        case .slice: "slice:PROFILE"
        case .share: "share:THOUSANDTHS"
        case .gpu, .node, .nvlinkDomain, .rack, .hall, .site, .cpu: unit.word
        }
    }
}
