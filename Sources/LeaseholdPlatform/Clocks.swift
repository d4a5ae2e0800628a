internal import Glibc
package import LeaseholdModel

/// The two clocks of this machine.
package enum Clocks {
    /// Both clocks, read together; an owner reads them after it has taken a batch, never before (L5).
    package static func now() -> Now { Now(boot: boot(), calendar: calendar()) }

    /// CLOCK_BOOTTIME: counts on while the machine is suspended, and nobody can set it.
    package static func boot() -> BootInstant { BootInstant(nanoseconds: read(CLOCK_BOOTTIME)) }

    /// CLOCK_REALTIME: may be stepped, so no hold rests on it.
    package static func calendar() -> CalendarInstant { CalendarInstant(nanoseconds: read(CLOCK_REALTIME)) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let status = clock_gettime(clock, &time)
        precondition(status == 0, "clock \(clock) cannot be read: errno \(errno)")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension BootID {
    /// The boot that this machine is in.
    package static func current() throws(SystemFailure) -> BootID {
        let path = "/proc/sys/kernel/random/boot_id"
        let text = String(decoding: try AtomicFile.read(path), as: UTF8.self)
        guard let boot = BootID(text: text.filter { !$0.isWhitespace }) else {
            throw SystemFailure(operation: "read a boot id from", subject: path, code: EBADMSG)
        }
        return boot
    }
}

extension Incarnation {
    /// The name of this start of a process, drawn by the system's generator.
    package static func random() -> Incarnation {
        Incarnation(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }
}

extension LogID {
    /// The name of a new log, drawn by the system's generator.
    package static func random() -> LogID {
        LogID(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }
}

extension RequestID {
    /// A new id for a request that is made now.
    package static func random(at instant: CalendarInstant = Clocks.calendar()) -> RequestID {
        RequestID(at: instant, chance: (.random(in: .min ... .max), .random(in: .min ... .max)))
    }
}
