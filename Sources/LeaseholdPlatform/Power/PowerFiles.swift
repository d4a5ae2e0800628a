internal import Glibc
package import LeaseholdDevices
package import LeaseholdModel

/// The files in which the kernel shows what a machine draws: `powercap` and `hwmon` below a root.
package struct PowerFiles: Sendable {
    /// Where they are on a machine.
    package static let standardRoot = "/sys/class"

    private let root: String
    /// How long a reading is taken for what is so.
    private let validity: Span
    private let contents: @Sendable (String) throws(SystemFailure) -> [UInt8]

    /// The files below a root.
    ///
    /// - Parameters:
    ///   - root: where `powercap` and `hwmon` are.
    ///   - validity: how long a reading is taken for what is so.
    ///   - contents: reads a file.
    package init(
        root: String = PowerFiles.standardRoot, validity: Span = .seconds(15),
        contents: @escaping @Sendable (String) throws(SystemFailure) -> [UInt8] = {
            (path) throws(SystemFailure) in try AtomicFile.read(path)
        }
    ) {
        self.root = root
        self.validity = validity
        self.contents = contents
    }

    /// What every instrument shows that is known to measure something.
    package func round() -> PowerRound {
        var look = Look()
        readZones(&look)
        readSensors(&look)
        if let path = look.forbidden {
            look.complaints.append(
                PowerComplaint(
                    what: "\(path) is closed to the agent's user, so what the processors use is not known",
                    remedy: "run the agent as root (leasehold-agent.service.d), or let its user read energy_uj"))
        }
        return PowerRound(.files, readings: look.readings, complaints: look.complaints)
    }

    /// What one look has found so far.
    private struct Look {
        var readings: [InstrumentReading] = []
        var complaints: [PowerComplaint] = []
        /// The first file that only others may read.
        var forbidden: String?
        /// A zone that is shown in two places is one.
        var names: Set<String> = []
    }

    // MARK: RAPL

    /// Only `intel-rapl` itself, which AMD's processors have too: `intel-rapl-mmio` shows the same counters again.
    private func readZones(_ look: inout Look) {
        let directory = "\(root)/powercap"
        for zone in names(in: directory, &look) where zone.hasPrefix("intel-rapl:") {
            let parts = zone.split(separator: ":")
            let parent = parts.count == 3 ? text("\(directory)/\(parts[0]):\(parts[1])/name", &look) : nil
            guard parts.count == 2 || parent != nil, parts.count <= 3,
                let name = text("\(directory)/\(zone)/name", &look),
                let source = PowerSource(zone: name, in: parent)
            else { continue }
            let instrument = parent.map { "\($0)/\(name)" } ?? name
            guard look.names.insert(instrument).inserted,
                let range = number("\(directory)/\(zone)/max_energy_range_uj", &look),
                let shown = number("\(directory)/\(zone)/energy_uj", &look)
            else { continue }
            look.readings.append(
                InstrumentReading(
                    source, instrument, counter: InstrumentReading.Counter(microjoules: shown, range: range),
                    at: Clocks.boot(), validity: validity))
        }
    }

    // MARK: Sensors

    private func readSensors(_ look: inout Look) {
        for monitor in names(in: "\(root)/hwmon", &look) {
            let path = "\(root)/hwmon/\(monitor)"
            guard let chip = text("\(path)/name", &look) else { continue }
            // Drivers of two generations have their files in one place or the other.
            for directory in [path, "\(path)/device"] {
                for file in names(in: directory, &look) { readSensor(file, of: chip, in: directory, &look) }
            }
        }
    }

    private func readSensor(_ file: String, of chip: String, in directory: String, _ look: inout Look) {
        let kinds = [("power", "_average"), ("power", "_input"), ("energy", "_input")]
        guard let kind = kinds.first(where: { file.hasPrefix($0.0) && file.hasSuffix($0.1) }) else { return }
        let number = file.dropFirst(kind.0.count).dropLast(kind.1.count)
        let stem = "\(directory)/\(kind.0)\(number)"
        guard !number.isEmpty, number.allSatisfy(\.isNumber) else { return }
        let label = text("\(stem)_label", &look) ?? text("\(stem)_oem_info", &look) ?? ""
        guard let source = PowerSource(chip: chip, label: label) else { return }
        let instrument = label.isEmpty ? "\(chip) \(kind.0)\(number)" : label
        // The average stands before the instant in an order by name.
        guard look.names.insert("\(chip) \(instrument)").inserted,
            let shown = self.number("\(directory)/\(file)", &look)
        else { return }
        let isEnergy = kind.0 == "energy"
        let quality: PowerQuality = kind.1 == "_average" ? .average : .sample
        look.readings.append(
            InstrumentReading(
                source, instrument, counter: isEnergy ? InstrumentReading.Counter(microjoules: shown) : nil,
                draw: isEnergy ? nil : InstrumentReading.Draw(shown: Milliwatts(shown / 1_000), quality: quality),
                at: Clocks.boot(), validity: validity))
    }

    // MARK: Files

    /// The names in a directory, in order; nothing where there is none.
    private func names(in directory: String, _ look: inout Look) -> [String] {
        do throws(SystemFailure) { return try AtomicFile.names(in: directory).sorted() } catch {
            note(error, &look)
            return []
        }
    }

    private func text(_ path: String, _ look: inout Look) -> String? {
        do throws(SystemFailure) {
            let text = String(decoding: try contents(path), as: UTF8.self)
            return String(text.prefix { !$0.isNewline && $0 != "\0" })
        } catch {
            note(error, &look)
            return nil
        }
    }

    private func number(_ path: String, _ look: inout Look) -> UInt64? {
        guard let text = text(path, &look) else { return nil }
        if let number = UInt64(text) { return number }
        look.complaints.append(PowerComplaint(what: "\(path) says \"\(text)\", which is no number", remedy: ""))
        return nil
    }

    private func note(_ failure: SystemFailure, _ look: inout Look) {
        switch failure.code {
        case ENOENT, ENOTDIR: break
        case EACCES, EPERM: look.forbidden = look.forbidden ?? failure.subject
        // A meter that has nothing to show yet.
        case ENODATA, EAGAIN: break
        default: look.complaints.append(PowerComplaint(what: "\(failure)", remedy: ""))
        }
    }
}
