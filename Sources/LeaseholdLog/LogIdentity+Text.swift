import LeaseholdChecksum
import LeaseholdModel

// The identity as the text of a small file, for people as much as for programs: `key value` lines, the last of them a
// checksum of the lines before it.

extension LogIdentity {
    /// The text, six lines of it.
    package var text: String {
        let lines = """
            leasehold-log 1
            cluster \(cluster)
            log \(logID)
            kind \(kind)
            segment-bytes \(segmentByteCount)

            """
        return lines + LogIdentity.checksumLine(of: lines) + "\n"
    }

    /// Reads the text, or says what is wrong with it.
    package init(text: String) throws(LogIdentityComplaint) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 7, lines[6].isEmpty else {
            throw LogIdentityComplaint(reason: "\(lines.count - 1) whole lines, expected 6")
        }
        let expected = LogIdentity.checksumLine(of: lines[..<5].joined(separator: "\n") + "\n")
        guard lines[5] == expected else {
            throw LogIdentityComplaint(reason: "line 6: expected \(expected), actual \(lines[5])")
        }
        guard lines[0] == "leasehold-log 1" else {
            throw LogIdentityComplaint(reason: "line 1: expected leasehold-log 1, actual \(lines[0])")
        }
        func value(_ line: Int, _ key: String) throws(LogIdentityComplaint) -> String {
            guard lines[line].hasPrefix(key + " ") else {
                throw LogIdentityComplaint(reason: "line \(line + 1): expected \(key), actual \(lines[line])")
            }
            return String(lines[line].dropFirst(key.count + 1))
        }
        let cluster = try value(1, "cluster")
        guard let logID = LogID(text: try value(2, "log")), let kind = LogKind(text: try value(3, "kind")),
            let segmentByteCount = Int(try value(4, "segment-bytes"))
        else { throw LogIdentityComplaint(reason: "a log id, a kind or a size cannot be read") }
        self.init(cluster: cluster, logID: logID, kind: kind, segmentByteCount: segmentByteCount)
        if let complaint { throw LogIdentityComplaint(reason: complaint) }
    }

    private static func checksumLine(of lines: String) -> String {
        "crc32c \(String(CRC32C.checksum(of: Array(lines.utf8)), radix: 16))"
    }
}

/// What is wrong with an identity's text.
package struct LogIdentityComplaint: Error, Hashable, Sendable {
    package let reason: String
    package init(reason: String) { self.reason = reason }
}
