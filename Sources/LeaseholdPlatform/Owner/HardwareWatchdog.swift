internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdModel

/// A hardware watchdog (`/dev/watchdog`): resets the machine unless it hears of this process in time, so that nothing on
/// the machine outlives it.
///
/// A dead man's handle. It is let go only by `disarm`: when the process ends in any other way, the machine does too.
package final class HardwareWatchdog {
    /// Sets the timeout of an open watchdog in seconds, and gets the one that it has then; or the errno.
    package typealias Setting = @Sendable (_ descriptor: Int32, _ seconds: inout Int32) -> Int32

    private let device: Descriptor
    private let path: String
    /// How long it may hear nothing before it resets the machine.
    package let timeout: Span
    /// When it is to hear of this process next.
    package private(set) var due = BootInstant.zero
    private var hasFailed = false

    /// Takes hold of a watchdog, which counts from now on.
    ///
    /// - Parameters:
    ///   - path: its device; one process at a time has it.
    ///   - most: how long it may hear nothing at most, in whole seconds.
    ///   - set: how its timeout is set; for tests.
    /// - Throws: `SystemFailure`; where it has no timeout that is short enough, it is let go again.
    package init(
        _ path: String, most: Span, setting set: Setting = HardwareWatchdog.standardSetting
    ) throws(SystemFailure) {
        var seconds = Int32(clamping: most.wholeMilliseconds / 1_000)
        guard seconds > 0 else {
            throw SystemFailure(operation: "set to less than a second", subject: path, code: EINVAL)
        }
        device = try Descriptor(opening: path, O_WRONLY)
        self.path = path
        var code = set(device.number, &seconds)
        timeout = .seconds(Int64(seconds))
        if code == 0, seconds <= 0 || timeout > most { code = ERANGE }
        guard code != 0 else { return }
        throw disarm() ?? SystemFailure(operation: "set the timeout of", subject: path, code: code)
    }

    /// As the kernel has it (WDIOC_SETTIMEOUT).
    package static let standardSetting: Setting = { leasehold_watchdog_set($0, &$1) }

    /// On each turn: lets it hear of this process, if it is time.
    ///
    /// - Returns: what went wrong, once until it goes well again.
    package func beat(at now: BootInstant) -> SystemFailure? {
        guard due <= now else { return nil }
        due = now + timeout / 4
        guard let failure = say("\0") else {
            hasFailed = false
            return nil
        }
        defer { hasFailed = true }
        return hasFailed ? nil : failure
    }

    /// Lets go of it, so that the machine goes on without this process; some drivers do not let that happen.
    ///
    /// - Returns: what went wrong: then the machine is reset soon.
    package func disarm() -> SystemFailure? { say("V") }

    private func say(_ word: StaticString) -> SystemFailure? {
        while true {
            if write(device.number, word.utf8Start, 1) == 1 { return nil }
            guard errno == EINTR else { return SystemFailure("write to", path) }
        }
    }
}
