import Foundation
import LeaseholdPlatform
import Testing

@Suite("The double as another process opens it")
struct NVMLScriptTests {
    /// Opens a library with none of our declarations and prints how many GPUs it counts, then again after a line.
    private static let outsider = """
        import ctypes, os, sys
        library = ctypes.CDLL(sys.argv[1])
        def count():
            number = ctypes.c_uint(99)
            code = library.nvmlDeviceGetCount_v2(ctypes.byref(number))
            return f"{code}:{number.value}"
        print(library.nvmlInitWithFlags(1), count())
        with open(os.environ["LEASEHOLD_NVML_SCRIPT"], "a") as script:
            script.write("gpu H200 GPU-2\\ngpu H2")
            script.flush()
            print(count())
            script.write("00 GPU-3\\n")
        print(count())
        with open(os.environ["LEASEHOLD_NVML_SCRIPT"], "a") as script: script.write("driver unload\\n")
        print(count())
        """

    private func run(_ script: String) throws -> (status: Int32, output: String) {
        let scratch = Scratch()
        let path = scratch.path(of: "script")
        try Data(script.utf8).write(to: URL(filePath: path))
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", NVMLScriptTests.outsider, PlayedHardware.built]
        process.environment = ProcessInfo.processInfo.environment.merging(["LEASEHOLD_NVML_SCRIPT": path]) { $1 }
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test("lines that are added to the script's file are obeyed before the next answer, once they are whole")
    func grows() throws {
        let end = try run("# Two nodes in one.\ngpu H100 GPU-1\n")
        #expect(end.output == "0 0:1\n0:2\n0:3\n9:99\n")
        #expect(end.status == 0)
    }

    @Test("a script that makes no sense ends the process and says where")
    func nonsense() throws {
        let end = try run("gpu H100 GPU-1\nlose GPU-7\n")
        #expect(end.status != 0)
        #expect(end.output.contains("pull, first, lose and find take the UUID of a GPU: lose GPU-7"))
    }
}
