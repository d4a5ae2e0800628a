import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProgram
import LeaseholdTransport
import Testing

@Suite("values of flags")
struct ProgramTests {
    @Test("bytes are read with their units", arguments: [("4096", 4_096), ("64KiB", 65_536), ("1GiB", 1_073_741_824)])
    func bytes(text: String, count: Int) throws {
        #expect(try Program.byteCount(text, flag: "--x") == count)
    }

    @Test("bytes that are none are refused with the flag", arguments: ["", "0", "-1", "2GiB", "64MB", "x"])
    func badBytes(text: String) {
        #expect(throws: ProcessEnd(.usage, "--x is \"\(text)\"; expected bytes such as 64MiB, at most 1GiB")) {
            try Program.byteCount(text, flag: "--x")
        }
    }

    @Test("durations and addresses name the flag that is wrong")
    func others() throws {
        #expect(try Program.span("90s", flag: "--hold") == .seconds(90))
        #expect(throws: ProcessEnd(.usage, "--hold is \"90\"; expected a duration such as 90s or 15m")) {
            try Program.span("90", flag: "--hold")
        }
        #expect(try Program.endpointOrNone("none", flag: "--http") == nil)
        #expect(try Program.endpoint("127.0.0.1:1", flag: "--listen") == .tcp(host: "127.0.0.1", port: 1))
        #expect(throws: ProcessEnd(.usage, "--listen is \"a:b:c\"; expected HOST:PORT")) {
            try Program.endpoint("a:b:c", flag: "--listen")
        }
    }
}
