import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("The driver's tables and device files")
struct DriverFilesTests {
    private typealias Board = PlayedBoard

    private let scratch = Scratch()

    private func write(_ text: String, to path: String) throws {
        let file = URL(filePath: scratch.path(of: path))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func play() throws {
        try write("Character devices:\n195 nvidia\n235 nvidia-caps\n510 nvidia-uvm\n", to: "proc/devices")
        for (minor, address) in ["0000:18:00.0", "0000:2a:00.0"].enumerated() {
            let text = "Model: \t\t NVIDIA\nGPU UUID: \t \(Board.gpus[minor].driverText)\nDevice Minor: \t \(minor)\n"
            try write(text, to: "proc/driver/nvidia/gpus/\(address)/information")
        }
        let minors = "config 1\nmonitor 2\ngpu1/gi1/access 110\ngpu1/gi1/ci0/access 111\n"
        try write(minors, to: "proc/driver/nvidia-caps/mig-minors")
    }

    @Test("what a node's driver lists is found under its root")
    func tables() throws {
        try play()
        let tables = try DriverFiles(root: scratch.path).tables()
        let devices = [GrantedDevice.gpu(Board.gpus[0]), Board.slice(1, 1)]
        let nodes = try tables.nodes(for: devices)
        #expect(nodes == (try Board.tables().nodes(for: devices)))
    }

    @Test("without a driver there are no tables, and every grant is refused; a table that cannot be read is a failure")
    func none() throws {
        let tables = try DriverFiles(root: scratch.path).tables()
        #expect(throws: CDIObjection.driverUnknown("nvidia-uvm")) { try tables.nodes(for: [.gpu(Board.gpus[0])]) }
        try FileManager.default.createDirectory(
            atPath: scratch.path(of: "proc/devices"), withIntermediateDirectories: true)
        #expect(throws: SystemFailure(operation: "read", subject: scratch.path(of: "proc/devices"), code: EISDIR)) {
            try DriverFiles(root: scratch.path).tables()
        }
    }

    @Test("a device file is what it opens: a link, a plain file or nothing at all is none")
    func numbers() throws {
        #expect(try DriverFiles.number(of: "/dev/null") == DeviceNumber(major: 1, minor: 3))
        #expect(try DriverFiles.number(of: "/dev/zero") == DeviceNumber(major: 1, minor: 5))
        let link = scratch.path(of: "link")
        #expect(symlink("/dev/null", link) == 0)
        #expect(throws: DriverFiles.Failure.notDevice(path: link)) { try DriverFiles.number(of: link) }
        #expect(throws: DriverFiles.Failure.notDevice(path: "/dev")) { try DriverFiles.number(of: "/dev") }
        let missing = scratch.path(of: "missing")
        let failure = SystemFailure(operation: "look at", subject: missing, code: ENOENT)
        #expect(throws: DriverFiles.Failure.system(failure)) { try DriverFiles.number(of: missing) }
        #expect("\(DriverFiles.Failure.system(failure))".contains("nvidia-modprobe"))
    }

    @Test("device files that open something else than their driver lists are refused by name")
    func checked() throws {
        let nodes = try Board.specification(1, .gpu(Board.gpus[0]), Board.slice(2, 1)).nodes
        var numbers = Dictionary(uniqueKeysWithValues: nodes.map { ("/root" + $0.path, $0.number) })
        let check = { (numbers: [String: DeviceNumber]) in
            try DriverFiles(root: "/root") { path throws(DriverFiles.Failure) in
                guard let number = numbers[path] else { throw .notDevice(path: path) }
                return number
            }.check(nodes)
        }
        try check(numbers)
        for node in nodes {
            let other = DeviceNumber(major: node.number.major, minor: node.number.minor + 1)
            numbers["/root" + node.path] = other
            let failure = DriverFiles.Failure.numberDiffers(path: node.path, found: other, expected: node.number)
            #expect(throws: failure) { try check(numbers) }
            numbers["/root" + node.path] = node.number
        }
        #expect(throws: DriverFiles.Failure.self) { try check([:]) }
    }
}
