import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol

/// How a node's real GPUs are, as it is kept in the state directory.
///
/// What counts is written before anybody is told of it; what they have used is written once a minute, and told as it
/// was written, so that nobody is ever told less than before.
struct NodeChart: Sendable {
    /// The file's name in an agent's state directory.
    static let name = "gpus.json"
    private static let format = 1
    /// From one writing of what nobody waits for to the next.
    private static let keepInterval = Span.seconds(60)

    /// What stands in the file.
    private struct Sheet: Codable {
        let format: Int
        let boot: String
        let watch: NodeWatch
    }

    /// As everything that was told makes it.
    private(set) var watch: NodeWatch
    /// As it was written last.
    private(set) var kept: NodeWatch
    private let path: String
    private let boot: BootID
    private var keepAt = BootInstant.zero

    /// Starts the chart of new GPUs, or of ones whose chart is lost.
    init(_ watch: NodeWatch, in directory: String, boot: BootID) {
        self.watch = watch
        kept = watch
        path = "\(directory)/\(NodeChart.name)"
        self.boot = boot
    }

    /// Reads the chart of a state directory; nil where there is none.
    ///
    /// One that cannot be read is set aside, and said: what it knew of the GPUs' health is lost, and nothing else.
    static func read(
        in directory: String, boot: BootID, at now: Now, say: (String) -> Void
    ) throws(ProcessEnd) -> NodeChart? {
        let path = "\(directory)/\(name)"
        do throws(SystemFailure) {
            let contents: [UInt8]
            do throws(SystemFailure) { contents = try AtomicFile.read(path) } catch {
                if error.isAbsence { return nil }
                throw error
            }
            switch sheet(contents) {
            case .success(let sheet):
                let watch = sheet.watch.resumed(ofThisBoot: sheet.boot == "\(boot)", at: now)
                return NodeChart(watch, in: directory, boot: boot)
            case .failure(let damage):
                try AtomicFile.move(path, to: path + ".damaged")
                say("\(path): \(damage.what); it is set aside as \(name).damaged")
                return nil
            }
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
    }

    /// Why a file is no chart.
    private struct Damage: Error { let what: String }

    private static func sheet(_ contents: [UInt8]) -> Result<Sheet, Damage> {
        do {
            let sheet = try JSONDecoder().decode(Sheet.self, from: Data(contents))
            guard sheet.format == format else {
                return .failure(Damage(what: "of format \(sheet.format), this program knows \(format)"))
            }
            if let damage = sheet.watch.damage { return .failure(Damage(what: damage)) }
            return .success(sheet)
        } catch {
            return .failure(Damage(what: "not a chart of GPUs: \(error)"))
        }
    }

    /// Takes in what is told of the node, and keeps what follows from it.
    ///
    /// - Returns: what people should read in the diagnostics log.
    mutating func take(_ word: NodeWord, at now: Now) -> [Note] {
        let before = watch
        let changes = watch.take(word, at: now)
        var notes = watch.notes(since: before) + changes.map(\.note)
        if watch.differs(from: kept) || now.boot >= keepAt { notes += keepNow(at: now) }
        return notes
    }

    /// Writes down how the GPUs are at this moment: what their counters say is about to be told.
    ///
    /// - Returns: what people should read, if it is not written.
    mutating func keepNow(at now: Now) -> [Note] {
        keepAt = now.boot + NodeChart.keepInterval
        do throws(SystemFailure) { try keep() } catch {
            return [Note(.alarm, "how the GPUs are is not kept: \(error)")]
        }
        return []
    }

    /// Takes that some GPUs were reset.
    ///
    /// - Returns: what people should read, if that is not written down.
    mutating func takeReset(of gpus: GPUSet, at now: Now) -> [Note] {
        watch.takeReset(of: gpus, at: now)
        return keepNow(at: now)
    }

    /// Writes it down.
    mutating func keep() throws(SystemFailure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let contents: Data
        do {
            contents = try encoder.encode(Sheet(format: NodeChart.format, boot: "\(boot)", watch: watch))
        } catch {
            preconditionFailure("a chart that JSON has no words for: \(error)")
        }
        try AtomicFile.write(Array(contents), to: path)
        kept = watch
    }
}

extension BreakfixBook.Change {
    /// What people should read of it.
    var note: Note {
        switch self {
        case .opened(let ticket):
            Note(.warning, "ticket \(ticket.number.number) opened for \(ticket.subject): \(ticket.advice)")
        case .updated(let ticket):
            Note(
                .info,
                "ticket \(ticket.number.number) for \(ticket.subject): "
                    + (ticket.done == nil ? ticket.advice : "done, and watched until it has been calm"))
        case .closed(let ticket): Note(.info, "ticket \(ticket.number.number) closed for \(ticket.subject)")
        }
    }
}

extension BreakfixTicket {
    fileprivate var subject: String { "\(component.word) of \(gpu.driverText)" }
    fileprivate var advice: String { component.advice(action) ?? "nothing to do" }
}

extension NodeWatch {
    /// Whether there is something else to act on than in another state of the same node.
    func differs(from other: NodeWatch) -> Bool {
        // What a counter showed is of no use to who does not know that it has begun anew.
        driver != other.driver || lossCount != other.lossCount || complaints != other.complaints
            || tickets != other.tickets || power.troubles != other.power.troubles || probes != other.probes
            || zip(gpus, other.gpus).contains { $0.differs(from: $1) }
    }

    /// What people should read of a change.
    func notes(since before: NodeWatch) -> [Note] {
        var notes: [Note] = []
        if driver.words != before.driver.words {
            let level: Note.Level = if case .answers = driver { .info } else { .warning }
            notes.append(Note(level, driver.words))
        }
        for complaint in complaints where !before.complaints.contains(complaint) {
            notes.append(Note(.warning, complaint.what))
        }
        notes += power.notes(since: before.power) + probes.notes(since: before.probes)
        for (position, (gpu, old)) in zip(gpus, before.gpus).enumerated() {
            let name = "GPU \(position) (\(gpu.uuid.driverText))"
            if gpu.standing != old.standing {
                let why = gpu.hindrance.map { ": \($0.what)" } ?? ""
                let level: Note.Level = gpu.standing > old.standing ? .warning : .info
                notes.append(Note(level, "\(name) is \(gpu.standing)\(why)"))
            }
            if let trouble = gpu.limitHindrance, trouble != old.limitHindrance {
                notes.append(Note(.warning, "\(name): \(trouble.what)"))
            }
        }
        return notes
    }
}

extension NodePower {
    /// What people should read of a change: what cannot be measured any more, and what helps.
    fileprivate func notes(since before: NodePower) -> [Note] {
        troubles.map(\.complaint).filter { complaint in !before.troubles.contains { $0.complaint == complaint } }
            .map { Note(.warning, $0.remedy.isEmpty ? $0.what : "\($0.what); \($0.remedy)") }
    }
}

extension ProbeBook {
    /// What people should read of a change: a probe that says nothing, and one that speaks again.
    fileprivate func notes(since before: ProbeBook) -> [Note] {
        var notes: [Note] = []
        if let complaint, complaint != before.complaint { notes.append(Note(.warning, complaint.what)) }
        for probe in probes {
            let old = before.probes.first { $0.name == probe.name }
            if let trouble = probe.trouble, trouble != old?.trouble {
                notes.append(Note(.warning, "probe \(probe.name): \(trouble.what)"))
            } else if probe.trouble == nil, old?.trouble != nil {
                notes.append(Note(.info, "probe \(probe.name) is heard again"))
            }
        }
        return notes
    }
}

extension WatchedGPU {
    fileprivate func differs(from other: WatchedGPU) -> Bool {
        card != other.card || hindrance != other.hindrance || limitHindrance != other.limitHindrance
            || isAbsent != other.isAbsent
            || Component.allCases.contains { component in
                let (left, right) = (health[component], other.health[component])
                return (left.standing, left.remedy, left.remedied) != (right.standing, right.remedy, right.remedied)
            }
    }
}

extension NodeWatch.Driver {
    /// How it is with the driver, for people.
    var words: String {
        switch self {
        case .unasked: "the driver has not been asked yet"
        case .answers(let version): "the driver answers" + (version.map { " (\($0))" } ?? "")
        case .gone(let reason, _): "the driver does not answer: \(reason)"
        case .asleep: "a call of the driver does not come back; no GPU gets new work until it does"
        }
    }
}
