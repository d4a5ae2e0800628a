import Foundation
import Glibc
import LeaseholdProgram
import Testing

@Suite("What a process says")
struct DiagnosticsLogTests {
    @Test("a pipe that nobody reads holds nobody up; what found no room is counted, and said when somebody reads")
    func blocked() throws {
        let pipe = Pipe()
        let log = DiagnosticsLog(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        // More than a pipe and the queue hold: were one of these to wait for a reader, the test would never end.
        let line = String(repeating: "x", count: 1_000)
        let count = 65_536
        for number in 0..<count { log.say("\(number) \(line)") }
        #expect(!log.finish())

        // Every line is read, or counted among those that were dropped.
        var text = ""
        var accounted = 0
        while accounted < count {
            text += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
            guard text.hasSuffix("\n") else { continue }
            accounted = text.split(separator: "\n").reduce(0) { sum, line in
                sum
                    + (line.hasSuffix("dropped: nobody read standard error")
                        ? Int(line.prefix { $0 != " " }) ?? 0 : 1)
            }
        }
        #expect(accounted == count)
        #expect(text.hasPrefix("0 x"))
        #expect(text.contains("dropped: nobody"))
        #expect(log.finish())
    }

    @Test("a descriptor that does not wait is waited for: nothing that was said is lost")
    func doesNotWait() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        #expect(fcntl(descriptor, F_SETFL, O_WRONLY | O_NONBLOCK) == 0)
        let log = DiagnosticsLog(descriptor: descriptor)
        // More than a pipe holds, and less than may wait.
        let lines = (0..<500).map { "\($0) \(String(repeating: "x", count: 1_000))\n" }
        for line in lines { log.say(String(line.dropLast())) }
        let text = lines.joined()
        var read = Data()
        var awaited = pollfd(fd: pipe.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
        while read.count < text.utf8.count, poll(&awaited, 1, 10_000) == 1 {
            read += pipe.fileHandleForReading.availableData
        }
        #expect(String(decoding: read, as: UTF8.self) == text)
        #expect(log.finish())
    }

    @Test("what waits is bounded in bytes, whatever the length of a line")
    func longLines() throws {
        let pipe = Pipe()
        let log = DiagnosticsLog(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        log.say(String(repeating: "x", count: DiagnosticsLog.byteCountMax))
        #expect(log.finish())
        let text = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        #expect(text == "1 line was dropped: nobody read standard error\n")
    }

    @Test("what was said is written in order, and the end of the process waits for it")
    func inOrder() throws {
        let pipe = Pipe()
        let log = DiagnosticsLog(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        for number in 0..<100 { log.say("line \(number)") }
        #expect(log.finish())
        let text = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        #expect(text == (0..<100).map { "line \($0)\n" }.joined())
    }
}
