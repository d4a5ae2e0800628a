internal import Glibc
package import LeaseholdDevices

/// The driver's tables under `/proc` and its device files under `/dev`.
package struct DriverFiles {
    /// Why a device file is not given to anybody.
    package enum Failure: Error, Hashable, Sendable {
        case system(SystemFailure)
        /// No character device: a link, a plain file.
        case notDevice(path: String)
        /// It opens another device than its name says.
        case numberDiffers(path: String, found: DeviceNumber, expected: DeviceNumber)
    }

    private let root: String
    private let number: (String) throws(Failure) -> DeviceNumber

    /// - Parameters:
    ///   - root: what stands before `/proc` and `/dev`; empty on a node.
    ///   - number: which device a file opens.
    package init(root: String = "", number: @escaping (String) throws(Failure) -> DeviceNumber = DriverFiles.number) {
        self.root = root
        self.number = number
    }

    /// The tables as they are now; they change when the driver is loaded and when a GPU is cut.
    ///
    /// A table that is not there is empty, as without a driver.
    package func tables() throws(SystemFailure) -> DriverTables {
        let folder = "\(root)/proc/driver/nvidia/gpus"
        var gpus: [String] = []
        for name in try names(in: folder) { gpus.append(try text(of: "\(folder)/\(name)/information")) }
        return DriverTables(
            devices: try text(of: "\(root)/proc/devices"), gpus: gpus,
            capabilities: try text(of: "\(root)/proc/driver/nvidia-caps/mig-minors"))
    }

    private func names(in path: String) throws(SystemFailure) -> [String] {
        do throws(SystemFailure) { return try AtomicFile.names(in: path).sorted() } catch {
            guard error.isAbsence else { throw error }
            return []
        }
    }

    private func text(of path: String) throws(SystemFailure) -> String {
        do throws(SystemFailure) { return String(decoding: try AtomicFile.read(path), as: UTF8.self) } catch {
            guard error.isAbsence else { throw error }
            return ""
        }
    }

    /// Refuses device files that do not open what the tables say: a container is given numbers, not names.
    ///
    /// A capability's file need not be there: a tool of the driver makes it when it feels like it, and a runtime makes
    /// the container's own by the numbers.
    package func check(_ nodes: [DeviceNode]) throws(Failure) {
        for node in nodes {
            let found: DeviceNumber
            do throws(Failure) { found = try number(root + node.path) } catch {
                if node.role == .capability, case .system(let failure) = error, failure.isAbsence { continue }
                throw error
            }
            guard found == node.number else {
                throw .numberDiffers(path: node.path, found: found, expected: node.number)
            }
        }
    }

    /// Which device a file of this node opens; a link is none, wherever it leads.
    package static func number(of path: String) throws(Failure) -> DeviceNumber {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .system(SystemFailure("look at", path)) }
        guard status.st_mode & S_IFMT == S_IFCHR else { throw .notDevice(path: path) }
        return DeviceNumber(status.st_rdev)
    }
}

extension DeviceNumber {
    /// Takes the C library's word apart: a byte of minor, twelve bits of major, and the rest of each above them.
    fileprivate init(_ word: dev_t) {
        self.init(
            major: UInt32(truncatingIfNeeded: word >> 8 & 0xFFF | word >> 32 & 0xFFFF_F000),
            minor: UInt32(truncatingIfNeeded: word & 0xFF | word >> 12 & 0xFFFF_FF00))
    }
}

extension DriverFiles.Failure: CustomStringConvertible {
    /// One sentence, with what to do.
    package var description: String {
        switch self {
        case .system(let failure) where failure.isAbsence:
            "\(failure); nvidia-modprobe makes the driver's device files"
        case .system(let failure): failure.description
        case .notDevice(let path): "\(path) is no device; remove it, and let nvidia-modprobe make it anew"
        case .numberDiffers(let path, let found, let expected):
            "\(path) opens device \(found) and not \(expected); remove it, and let nvidia-modprobe make it anew"
        }
    }
}
