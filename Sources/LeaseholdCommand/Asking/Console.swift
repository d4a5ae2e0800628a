import Glibc
package import LeaseholdModel

/// What a command sees of the world: where its words go, what the terminal is, the clock, chance, the environment.
///
/// A value in a task local, so that a test runs a command as it is and reads what it said.
package struct Console: Sendable {
    /// Takes text for standard output, as it is.
    package var out: @Sendable (String) -> Void
    /// Takes text for standard error, as it is.
    package var error: @Sendable (String) -> Void
    /// Whether somebody looks at standard output.
    package var isOutTerminal: Bool
    /// Whether somebody looks at standard error.
    package var isErrorTerminal: Bool
    /// The value of a variable of the environment; nil where it is not set.
    package var environment: @Sendable (String) -> String?
    /// The calendar, for new request ids.
    package var now: @Sendable () -> CalendarInstant
    /// When the command began: "+2h" is counted from here, so that two of them in one command agree.
    let began: CalendarInstant
    /// 128 bits of chance, for new request ids.
    package var chance: @Sendable () -> (UInt64, UInt64)

    /// What a command sees that begins now.
    package init(
        out: @escaping @Sendable (String) -> Void, error: @escaping @Sendable (String) -> Void,
        isOutTerminal: Bool, isErrorTerminal: Bool, environment: @escaping @Sendable (String) -> String?,
        now: @escaping @Sendable () -> CalendarInstant, chance: @escaping @Sendable () -> (UInt64, UInt64)
    ) {
        self.out = out
        self.error = error
        self.isOutTerminal = isOutTerminal
        self.isErrorTerminal = isErrorTerminal
        self.environment = environment
        self.now = now
        self.began = now()
        self.chance = chance
    }

    /// The console of the running command.
    @TaskLocal package static var current = Console.standard

    /// The process's own.
    package static let standard = Console(
        out: { write($0, to: STDOUT_FILENO) }, error: { write($0, to: STDERR_FILENO) },
        isOutTerminal: isatty(STDOUT_FILENO) == 1, isErrorTerminal: isatty(STDERR_FILENO) == 1,
        environment: { name in getenv(name).map { String(cString: $0) } },
        now: {
            var time = timespec()
            guard clock_gettime(CLOCK_REALTIME, &time) == 0 else {
                preconditionFailure("CLOCK_REALTIME cannot be read: error \(errno)")
            }
            return CalendarInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
        },
        chance: {
            var generator = SystemRandomNumberGenerator()
            return (generator.next(), generator.next())
        })

    /// Whether colours may be used on standard output: on a terminal, unless `NO_COLOR` is set.
    var isColoured: Bool {
        isOutTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    /// Writes all of it.
    ///
    /// A reader that is gone ends the command: nobody is left to tell.
    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count >= 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno != EINTR {
                    exit(Ending.failureStatus)
                }
            }
        }
    }
}
