import Foundation

/// The repository on disk.
enum House {
    /// The root of the repository: `LEASEHOLD_ROOT`, or the nearest folder above this file that holds `Package.swift`.
    static let root: URL = {
        if let override = ProcessInfo.processInfo.environment["LEASEHOLD_ROOT"] {
            return URL(filePath: override, directoryHint: .isDirectory)
        }
        var folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        while !FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path) {
            precondition(folder.path != "/", "no Package.swift above \(#filePath); set LEASEHOLD_ROOT")
            folder.deleteLastPathComponent()
        }
        return folder
    }()

    /// Every file of the repository that git does not ignore, sorted by path.
    static let files: [SourceFile] = paths().sorted().compactMap(read)

    /// Reads one file; nothing for a folder or a path that is gone.
    static func read(_ path: String) -> SourceFile? {
        guard let bytes = contents(of: path) else { return nil }
        return SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))
    }

    /// The bytes of a file below the root.
    static func contents(of path: String) -> Data? {
        FileManager.default.contents(atPath: root.appending(path: path).path)
    }

    /// What git tracks or would track; all files but hidden folders' where git does not answer.
    private static func paths() -> [String] {
        let list = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        let git = run(list, keepingErrors: false)
        guard git.status == 0 else { return walk() }
        return Array(Set(git.output.split(separator: "\0").map(String.init)))
    }

    private static func walk() -> [String] {
        let all = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return all.filter { !$0.hasPrefix(".build/") && !$0.hasPrefix(".git/") }
    }

    /// Runs a command in the root and waits for it.
    ///
    /// - Parameters:
    ///   - arguments: the command, found on `PATH`, and its arguments.
    ///   - keepingErrors: whether standard error joins the output.
    /// - Returns: the exit status, and what the command wrote.
    static func run(_ arguments: [String], keepingErrors: Bool = true) -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = root
        process.standardOutput = pipe
        process.standardError = keepingErrors ? pipe : FileHandle.nullDevice
        do { try process.run() } catch { return (127, "\(error)") }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
