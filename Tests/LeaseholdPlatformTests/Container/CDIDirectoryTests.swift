import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("The directory of the grants' CDI files")
struct CDIDirectoryTests {
    private typealias Board = PlayedBoard

    private let scratch = Scratch()
    private var path: String { scratch.path(of: "cdi") }
    private let first: CDISpecification
    private let second: CDISpecification

    init() throws {
        first = try Board.specification(1, .gpu(Board.gpus[0]))
        second = try Board.specification(2, Board.slice(2, 1))
    }

    private func settled(_ live: [CDISpecification] = []) throws -> CDIDirectory {
        let directory = CDIDirectory(path)
        try directory.settle(on: live)
        return directory
    }

    @Test("a grant's file is there from its beginning to its end, and nothing else is")
    func life() throws {
        let directory = try settled()
        #expect(try Board.names(in: path) == [])
        try directory.publish(first)
        try directory.publish(second)
        #expect(try Board.names(in: path) == [Board.file(1), Board.file(2)])
        #expect(try Board.contents("\(path)/\(Board.file(1))") == first.bytes)
        try directory.withdraw(first.grant)
        try directory.withdraw(first.grant)
        #expect(try Board.names(in: path) == [Board.file(2)])
        #expect(directory.grants == [second.grant])
    }

    @Test("a runtime of a user that is not root can read it, whatever the agent's umask is")
    func umasked() async {
        await #expect(processExitsWith: .success) { [path = path as String] in
            umask(0o077)
            let directory = CDIDirectory(path)
            try directory.settle(on: [try PlayedBoard.specification(1, .gpu(PlayedBoard.gpus[0]))])
            for (name, mode) in [(path, S_IFDIR | 0o755), ("\(path)/\(PlayedBoard.file(1))", S_IFREG | 0o644)] {
                var status = stat()
                #expect(stat(name, &status) == 0 && status.st_mode == mode, "\(name)")
            }
        }
    }

    @Test("what shares a device with a file that stands there is refused, and the same grant's file is replaced")
    func refused() throws {
        let directory = try settled()
        try directory.publish(first)
        let clash = try Board.specification(3, .gpu(Board.gpus[0]), .gpu(Board.gpus[1]))
        let objection = CDIObjection.held(Board.gpus[0].driverText, by: first.grant)
        #expect(throws: CDIFailure.refused(objection)) { try directory.publish(clash) }
        #expect(try Board.names(in: path) == [Board.file(1)])
        let wider = try Board.specification(1, .gpu(Board.gpus[0]), .gpu(Board.gpus[1]))
        try directory.publish(wider)
        #expect(try Board.contents("\(path)/\(Board.file(1))") == wider.bytes)
        try directory.withdraw(first.grant)
        try directory.publish(clash)
        #expect(try Board.names(in: path) == [Board.file(3)])
    }

    @Test(
        "a start removes what no grant stands for, keeps what one does, puts up what is missing; others' are left alone"
    )
    func settles() throws {
        let before = try settled()
        for specification in [first, second, try Board.specification(3, Board.slice(2, 2))] {
            try before.publish(specification)
        }
        let strangers = [
            "nvidia.json", "leasehold.dev-lease_x_L9-1.9-0.json", "\(Board.file(9)).bak", "leasehold.dev-lease_.json",
        ]
        for name in strangers { try Data("theirs".utf8).write(to: URL(filePath: "\(path)/\(name)")) }
        try Data("half".utf8).write(to: URL(filePath: "\(path)/\(Board.file(9)).new"))
        try Data("{".utf8).write(to: URL(filePath: "\(path)/\(Board.file(2))"))
        var (kept, found) = (stat(), stat())
        #expect(stat("\(path)/\(Board.file(1))", &kept) == 0)

        let fourth = try Board.specification(4, .gpu(Board.gpus[1]))
        let directory = try settled([fourth, second, first])
        #expect(try Board.names(in: path) == (strangers + [Board.file(1), Board.file(2), Board.file(4)]).sorted())
        #expect(try Board.contents("\(path)/\(Board.file(2))") == second.bytes)
        #expect(stat("\(path)/\(Board.file(1))", &found) == 0 && found.st_ino == kept.st_ino, "needless writing")
        #expect(Set(directory.grants) == [first.grant, second.grant, fourth.grant])
        for name in strangers { #expect(try Board.contents("\(path)/\(name)") == Array("theirs".utf8)) }
    }

    @Test("after the driver counted its GPUs anew, every file of before is gone before the first of now is there")
    func renumbered() throws {
        let before = try settled()
        try before.publish(first)
        try before.publish(try Board.specification(5, .gpu(Board.gpus[1])))
        let order = [1, 0, 2, 3]
        let live = [
            try Board.specification(1, .gpu(Board.gpus[0]), order: order),
            try Board.specification(5, .gpu(Board.gpus[1]), order: order),
        ]
        var overlaps: [String] = []
        let path = path
        let directory = CDIDirectory(path) { _ in
            do { overlaps += try BoardReading(path).overlaps } catch { overlaps.append("\(error)") }
            return 0
        }
        try directory.settle(on: live)
        #expect(overlaps == [])
        #expect(
            try BoardReading(path).holdings == [Board.file(1): ["gpu1"], Board.file(5): ["gpu0"]])
    }

    @Test("of two grants that share a device only one has a file after a start, whatever was there")
    func clash() throws {
        let other = try Board.specification(3, .gpu(Board.gpus[0]))
        #expect(mkdir(path, 0o755) == 0)
        for one in [first, other] {
            try Data(one.bytes).write(to: URL(filePath: "\(path)/\(CDIKind.lease.fileName(of: one.grant))"))
        }
        let directory = CDIDirectory(path)
        let objection = CDIObjection.held(Board.gpus[0].driverText, by: first.grant)
        #expect(throws: CDIFailure.refused(objection)) { try directory.settle(on: [first, other]) }
        #expect(try Board.names(in: path) == [Board.file(1)])
    }

    @Test("before it knows what stands there it touches nothing")
    func unsettled() throws {
        let directory = CDIDirectory(path)
        #expect(throws: CDIFailure.unsettled(path: path)) { try directory.publish(first) }
        #expect(throws: CDIFailure.unsettled(path: path)) { try directory.withdraw(first.grant) }
        #expect(mkdir(path, 0o755) == 0 && symlink("/etc/passwd", "\(path)/\(Board.file(7))") == 0)
        #expect(throws: CDIFailure.notPlain(path: "\(path)/\(Board.file(7))")) { try directory.settle(on: [first]) }
        #expect(throws: CDIFailure.unsettled(path: path)) { try directory.publish(first) }
        #expect(try Board.names(in: path) == [Board.file(7)])
    }

    @Test("links and directories of our names are told and left alone", arguments: ["", ".new"])
    func links(suffix: String) throws {
        let directory = try settled()
        let target = scratch.path(of: "target")
        try Data("theirs".utf8).write(to: URL(filePath: target))
        #expect(mkdir(path, 0o755) == 0)
        for (index, make) in [(1, { symlink(target, $0) }), (2, { mkdir($0, 0o755) })] as [(UInt64, (String) -> Int32)]
        {
            let name = "\(path)/\(Board.file(index))\(suffix)"
            #expect(make(name) == 0)
            let specification = index == 1 ? first : second
            #expect(throws: CDIFailure.notPlain(path: name)) { try directory.publish(specification) }
            #expect(throws: CDIFailure.notPlain(path: name)) { try CDIDirectory(path).settle(on: []) }
            if suffix.isEmpty {
                #expect(throws: CDIFailure.notPlain(path: name)) { try directory.withdraw(specification.grant) }
            }
            var status = stat()
            #expect(lstat(name, &status) == 0 && status.st_mode & S_IFMT != S_IFREG)
            #expect(remove(name) == 0)
        }
        #expect(try Board.contents(target) == Array("theirs".utf8))
        #expect(directory.grants == [])
    }

    @Test("what somebody puts in a draft's place at the last moment is not written into")
    func raced() throws {
        let target = scratch.path(of: "target")
        try Data("theirs".utf8).write(to: URL(filePath: target))
        let draft = "\(path)/\(Board.file(1)).new"
        let directory = CDIDirectory(path) { step in
            if step == .create { #expect(link(target, draft) == 0) }
            return 0
        }
        try directory.settle(on: [])
        let failure = SystemFailure(operation: "create", subject: draft, code: EEXIST)
        #expect(throws: CDIFailure.system(failure)) { try directory.publish(first) }
        #expect(try Board.contents(target) == Array("theirs".utf8))
        #expect(directory.grants == [])
    }

    @Test("where there is no directory to be made, the failure names it")
    func nowhere() throws {
        let directory = CDIDirectory(scratch.path(of: "no/where"))
        try directory.settle(on: [])
        let failure = SystemFailure(operation: "make directory", subject: directory.path, code: ENOENT)
        #expect(throws: CDIFailure.system(failure)) { try directory.publish(first) }
        try directory.withdraw(first.grant)
        #expect(directory.grants == [])
    }
}
