package import ArgumentParser
import Glibc
package import LeaseholdFleet
package import LeaseholdModel
package import LeaseholdPlatform
package import LeaseholdTransport

/// What the servers' executables share: settings files, printing, and the exit statuses that operators rely on.
package enum Program {
    /// Runs a command line to its end and exits with its status; `settings` says what may stand in `--config` files,
    /// by subcommand.
    package static func run<Command: AsyncParsableCommand>(
        _ command: Command.Type, settings: [String: [String: SettingKind]]
    ) async -> Never {
        ProcessSignals.heed()
        DiagnosticsLog.standardError.bootstrap()
        do {
            let arguments = try expand(Array(CommandLine.arguments.dropFirst()), settings: settings)
            var parsed = try Command.parseAsRoot(arguments)
            if var asynchronous = parsed as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try parsed.run()
            }
            end(.drained)
        } catch let end as ProcessEnd {
            complain(end.text)
            self.end(end.status)
        } catch {
            let text = Command.fullMessage(for: error)
            guard Command.exitCode(for: error).isSuccess else {
                complain(text)
                end(.usage)
            }
            say(text)
            end(.drained)
        }
    }

    /// Ends the process, once what it has said is written.
    private static func end(_ status: ProcessEnd.Status) -> Never {
        DiagnosticsLog.standardError.finish()
        exit(status.rawValue)
    }

    /// Prints a line for people and scripts.
    ///
    /// Straight to the descriptor: a line that a script waits for must not lie in a buffer.
    package static func say(_ line: String) { write("\(line)\n", to: STDOUT_FILENO) }

    private static func complain(_ text: String) {
        DiagnosticsLog.standardError.say(text.hasPrefix("Error") ? text : "Error: \(text)")
    }

    /// Writes all of it; whoever has closed the other end (`verify | head -1`) has read enough, and that is no fault.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return
            }
        }
    }

    /// Puts what the file of `--config` says before the flags of the command line, which win.
    private static func expand(
        _ arguments: [String], settings: [String: [String: SettingKind]]
    ) throws -> [String] {
        guard let verb = arguments.first, let known = settings[verb] else { return arguments }
        let own = Array(arguments.dropFirst())
        guard let path = configPath(in: own) else { return arguments }
        let text = try text(ofFile: path, flag: "--config")
        do throws(FileComplaint) {
            return [verb] + (try SettingsFile.arguments(text: text, name: path, known: known, besides: own)) + own
        } catch {
            throw ProcessEnd(.usage, "\(error)")
        }
    }

    private static func configPath(in arguments: [String]) -> String? {
        for (position, argument) in arguments.enumerated() {
            if argument.hasPrefix("--config=") { return String(argument.dropFirst(9)) }
            if argument == "--config", position + 1 < arguments.count { return arguments[position + 1] }
        }
        return nil
    }

    // MARK: Values of flags

    /// Reads the text of a file that a flag names, or says why it cannot be read.
    package static func text(ofFile path: String, flag: String) throws(ProcessEnd) -> String {
        let bytes: [UInt8]
        do throws(SystemFailure) {
            bytes = try AtomicFile.read(path)
        } catch {
            throw ProcessEnd(.usage, "\(flag): \(error)")
        }
        do throws(FileComplaint) {
            return try FileText.decode(bytes, name: path)
        } catch {
            throw ProcessEnd(.usage, "\(error)")
        }
    }

    /// The directory that `--state-dir` names, which is not nothing.
    package static func stateDirectory(_ path: String) throws(ProcessEnd) -> String {
        guard !path.isEmpty else { throw ProcessEnd(.usage, "--state-dir is \"\"; expected the path of a directory") }
        return path
    }

    /// Reads an address, or says what was expected of the flag.
    package static func endpoint(_ text: String, flag: String) throws(ProcessEnd) -> Endpoint {
        guard let endpoint = Endpoint(text: text) else {
            throw ProcessEnd(.usage, "\(flag) is \"\(text)\"; expected HOST:PORT")
        }
        return endpoint
    }

    /// Reads an address, or nil for `none`.
    package static func endpointOrNone(_ text: String, flag: String) throws(ProcessEnd) -> Endpoint? {
        text == "none" ? nil : try endpoint(text, flag: flag)
    }

    /// Reads a duration, or says what was expected of the flag.
    package static func span(_ text: String, flag: String) throws(ProcessEnd) -> Span {
        guard let span = Span(text: text) else {
            throw ProcessEnd(.usage, "\(flag) is \"\(text)\"; expected a duration such as 90s or 15m")
        }
        return span
    }

    /// Reads a number of bytes: `4096`, `64KiB`, `64MiB`, `1GiB`.
    package static func byteCount(_ text: String, flag: String) throws(ProcessEnd) -> Int {
        let units = [("KiB", 1_024), ("MiB", 1_048_576), ("GiB", 1_073_741_824)]
        let unit = units.first { text.hasSuffix($0.0) }
        let digits = text.dropLast(unit?.0.count ?? 0)
        guard let count = Int(digits), count > 0, count <= 1_073_741_824 / (unit?.1 ?? 1) else {
            throw ProcessEnd(.usage, "\(flag) is \"\(text)\"; expected bytes such as 64MiB, at most 1GiB")
        }
        return count * (unit?.1 ?? 1)
    }
}
