internal import Glibc

/// A process of this boot, told apart from a later one that got the same number.
package struct ProcessIdentity: Hashable, Sendable, CustomStringConvertible {
    /// The number that the kernel gave it.
    package let pid: Int32
    /// When it was started, in the kernel's ticks since boot; the lower 32 bits, so that both fit one atomic word.
    package let startTick: UInt32

    package init(pid: Int32, startTick: UInt32) {
        self.pid = pid
        self.startTick = startTick
    }

    /// The process that has this number now; nil when none has, or when it has ended and only waits to be reaped.
    package init?(livingWithPID pid: Int32) {
        guard let status = ProcessStatus(pid: pid), !status.hasEnded else { return nil }
        self.init(pid: pid, startTick: status.startTick)
    }

    /// Whether this process still runs, stopped or not.
    package var isAlive: Bool { ProcessIdentity(livingWithPID: pid) == self }

    package var description: String { "process \(pid)" }

    /// Both in one word of the device file; 0 is no process.
    var word: UInt64 { UInt64(UInt32(bitPattern: pid)) << 32 | UInt64(startTick) }

    /// Reads a word of the device file; nil for no process.
    init?(word: UInt64) {
        guard word >> 32 != 0 else { return nil }
        self.init(pid: Int32(bitPattern: UInt32(word >> 32)), startTick: UInt32(truncatingIfNeeded: word))
    }
}

/// What `/proc/PID/stat` says of a process.
private struct ProcessStatus {
    /// Whether the process is over: a zombie, or dead.
    let hasEnded: Bool
    /// Field 22, the lower 32 bits.
    let startTick: UInt32

    /// Nil where there is no such process.
    init?(pid: Int32) {
        let contents: [UInt8]
        do throws(SystemFailure) {
            contents = try AtomicFile.read("/proc/\(pid)/stat")
        } catch {
            // ENOENT before the open, ESRCH after it: the process is gone. Nothing else can be told from a number.
            return nil
        }
        // The second field is the name, in parentheses; it may hold spaces and parentheses itself.
        guard let nameEnd = contents.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = contents[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let tick = UInt64(String(decoding: fields[19], as: UTF8.self)) else { return nil }
        hasEnded = fields[0].elementsEqual("Z".utf8) || fields[0].elementsEqual("X".utf8)
        startTick = UInt32(truncatingIfNeeded: tick)
    }
}
