import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform

/// What the command line says of the machine's own GPUs, as it was typed.
package struct DriverFlags: Sendable {
    package var library = NVML.defaultPath
    package var powerLimit: String?
    package var hooks = "none"
    package var hookLimit = "60s"
    package var gpuReset = "/usr/bin/nvidia-smi --gpu-reset -i"
    package var attest = "offered"
    package var cdiDirectory = CDIDirectory.standardPath
    package var probeInterval = "60s"
    package var probeLimit = "30s"
    package var powerInterval = "10s"
    package var powerFiles = PowerFiles.standardRoot

    /// What stands where nothing was typed.
    package init() {}

    /// What to ask the driver.
    var watch: DriverWatch.Settings {
        get throws(ProcessEnd) {
            guard let powerLimit else { return DriverWatch.Settings(library: library) }
            guard let watts = Watts(text: powerLimit), watts > .zero, watts <= Limits.nodeEnvelopeMax else {
                throw ProcessEnd(.usage, "--power-limit is \"\(powerLimit)\"; expected watts of a GPU, such as 600W")
            }
            return DriverWatch.Settings(library: library, limit: Milliwatts(UInt64(watts.count) * 1_000))
        }
    }

    /// What measures the node's power, and the site's probes.
    var senses: NodeSenses.Settings {
        get throws(ProcessEnd) {
            guard powerFiles == "none" || powerFiles.hasPrefix("/") else {
                throw ProcessEnd(.usage, "--power-files is \"\(powerFiles)\"; expected an absolute path, or none")
            }
            let directory = hooks == "none" ? nil : hooks
            return NodeSenses.Settings(
                meters: MeterWatch.Settings(
                    files: powerFiles == "none" ? nil : PowerFiles(root: powerFiles),
                    hook: directory.map { "\($0)/power-reading" },
                    hookInterval: try span(powerInterval, "--power-interval")),
                probes: ProbeWatch.Settings(
                    directory: directory.map { "\($0)/probes" }, interval: try span(probeInterval, "--probe-interval"),
                    limit: try span(probeLimit, "--probe-limit")))
        }
    }

    private func span(_ text: String, _ flag: String) throws(ProcessEnd) -> Span {
        guard let span = Span(text: text), span >= .seconds(1), span <= .seconds(3_600) else {
            throw ProcessEnd(.usage, "\(flag) is \"\(text)\"; expected a time such as 60s, from 1s to 1h")
        }
        return span
    }

    /// What to do at the devices of every grant.
    var enforcement: Enforcer.Settings {
        get throws(ProcessEnd) {
            guard let limit = Span(text: hookLimit), limit > .zero, limit <= .seconds(3_600) else {
                throw ProcessEnd(.usage, "--hook-limit is \"\(hookLimit)\"; expected a time such as 60s, at most 1h")
            }
            for (flag, path) in [("--hooks", hooks), ("--cdi-dir", cdiDirectory)] {
                guard path == "none" || path.hasPrefix("/") else {
                    throw ProcessEnd(.usage, "\(flag) is \"\(path)\"; expected an absolute path, or none")
                }
            }
            let words = gpuReset.split(separator: " ").map(String.init)
            guard gpuReset == "none" || words.first?.hasPrefix("/") == true else {
                throw ProcessEnd(
                    .usage, "--gpu-reset is \"\(gpuReset)\"; expected an absolute path with arguments, or none")
            }
            guard let attestation = Attestation.Wish(rawValue: attest) else {
                let words = Attestation.Wish.allCases.map(\.rawValue).joined(separator: ", ")
                throw ProcessEnd(.usage, "--attest is \"\(attest)\"; expected one of \(words)")
            }
            guard attestation != .required || hooks != "none" else {
                throw ProcessEnd(
                    .usage, "--attest is \"required\" and --hooks none: nobody would judge what the GPUs say")
            }
            return Enforcer.Settings(
                hookDirectory: hooks == "none" ? nil : hooks, hookLimit: limit,
                reset: gpuReset == "none" ? nil : SiteProgram(path: words[0], arguments: Array(words.dropFirst())),
                attestation: attestation, containerDirectory: cdiDirectory == "none" ? nil : cdiDirectory)
        }
    }
}
