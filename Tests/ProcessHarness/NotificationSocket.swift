import Foundation
import Glibc

/// A service manager's ear: the socket that programs of this build are started with.
package final class NotificationSocket {
    /// Where it lies.
    package let path: String
    private let descriptor: Int32
    /// The lines that were heard and not waited for yet.
    private var lines: [String] = []

    /// Opens one at a path of a few bytes.
    package init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8) + [0]
        guard descriptor >= 0, bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else {
            throw HarnessFailure("no socket at \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw HarnessFailure("cannot bind \(path): errno \(errno)") }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// The environment of a program that is to speak to it.
    package func environment(patience microseconds: Int) -> [String: String] {
        ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "\(microseconds)"]
    }

    /// Waits for a line that begins so, and takes it and those before it; nil when none comes in time.
    package func line(beginning text: String, within seconds: Double = 20) -> String? {
        var found: String?
        _ = eventually(within: seconds) {
            hear()
            guard let index = lines.firstIndex(where: { $0.hasPrefix(text) }) else { return false }
            found = lines[index]
            lines.removeSubrange(...index)
            return true
        }
        return found
    }

    /// Takes what has come so far, without waiting for more.
    package func takeAll() -> [String] {
        hear()
        defer { lines = [] }
        return lines
    }

    private func hear() {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return }
            lines += String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }
}
