import Foundation
import Glibc

/// The machine that measures, so that a figure can be judged.
enum Machine {
    /// The first line of every benchmark.
    static func line(bench: String) throws -> String {
        try Figures.json([
            "bench": bench, "date": ISO8601DateFormatter().string(from: Date()), "commit": commit, "cpu": processor,
            "cores": ProcessInfo.processInfo.activeProcessorCount,
            "memoryGiB": Int(ProcessInfo.processInfo.physicalMemory >> 30), "kernel": kernel,
        ])
    }

    private static var processor: String {
        let line = text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    private static var kernel: String {
        text("/proc/sys/kernel/osrelease").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The commit of the folder that the benchmark is run in; with a mark where files differ from it.
    private static var commit: String {
        let git = Process()
        let pipe = Pipe()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "describe", "--always", "--dirty"]
        git.standardOutput = pipe
        git.standardError = FileHandle.nullDevice
        do { try git.run() } catch { return "unknown" }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        guard git.terminationStatus == 0 else { return "unknown" }
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    // MARK: Processes

    /// This process.
    static var ownProcess: Int32 { getpid() }

    /// Memory that a process has in use, in MiB.
    static func residentMiB(of process: Int32) -> Double {
        let line = text("/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let words = line?.split(separator: " ") ?? []
        return words.count > 1 ? (Double(words[1]) ?? 0) / 1_024 : 0
    }

    /// Processor time that a process has used, in seconds.
    static func processorSeconds(of process: Int32) -> Double {
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th words after it.
        guard let rest = text("/proc/\(process)/stat").split(separator: ")").last else { return 0 }
        let words = rest.split(separator: " ")
        guard words.count > 12, let user = Double(words[11]), let system = Double(words[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// A file of the kernel; empty where a process is gone.
    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
