import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

/// What is done to a directory in which two grants have files, and its ends.
enum BoardAct: String, CaseIterable, Codable, Sendable {
    case publish, replace, withdraw, settle

    /// Two grants' files; for a start also one that no grant stands for, one that says something else, and a draft.
    func prepare(_ path: String) throws {
        let directory = CDIDirectory(path)
        try directory.settle(on: [])
        try directory.publish(try BoardAct.first())
        try directory.publish(try PlayedBoard.specification(2, PlayedBoard.slice(2, 1)))
        try Data("half".utf8).write(to: URL(filePath: "\(path)/\(PlayedBoard.file(3)).new"))
        guard self == .settle else { return }
        try directory.publish(try PlayedBoard.specification(4, PlayedBoard.slice(3, 1)))
        try directory.publish(try PlayedBoard.specification(1, .gpu(PlayedBoard.gpus[1])))
        try Data("half".utf8).write(to: URL(filePath: "\(path)/\(PlayedBoard.file(3)).new"))
    }

    private static func first() throws -> CDISpecification {
        try PlayedBoard.specification(1, .gpu(PlayedBoard.gpus[0]))
    }

    /// Those whose files are there after it; before it, the first two of them.
    func live() throws -> [CDISpecification] {
        let second = try PlayedBoard.specification(2, PlayedBoard.slice(2, 1))
        let third = try PlayedBoard.specification(3, PlayedBoard.slice(2, 2))
        switch self {
        case .publish: return [try BoardAct.first(), second, third]
        case .replace:
            let wider = try PlayedBoard.specification(1, .gpu(PlayedBoard.gpus[0]), .gpu(PlayedBoard.gpus[1]))
            return [wider, second]
        case .withdraw: return [second]
        case .settle: return [try BoardAct.first(), second, third]
        }
    }

    /// Does it; the directory has been settled, unless that is what is done.
    func perform(on directory: CDIDirectory) throws(CDIFailure) {
        do {
            let live = try live()
            switch self {
            case .publish: try directory.publish(live[2])
            case .replace: try directory.publish(live[0])
            case .withdraw: try directory.withdraw(PlayedBoard.name(1))
            case .settle: try directory.settle(on: live)
            }
        } catch let failure as CDIFailure {
            throw failure
        } catch {
            Issue.record("\(error)")
        }
    }

    /// A directory that has been taken over, whose steps from here on are watched.
    func board(_ path: String, before: @escaping (CDIDirectory.Step) -> Int32) throws -> CDIDirectory {
        let isWatched = Mutex(false)
        let directory = CDIDirectory(path) { step in isWatched.withLock { $0 } ? before(step) : 0 }
        if self != .settle {
            let first = try BoardAct.first()
            try directory.settle(on: [first, try PlayedBoard.specification(2, PlayedBoard.slice(2, 1))])
        }
        isWatched.withLock { $0 = true }
        return directory
    }

    /// The steps that it takes.
    func steps(in path: String) throws -> [CDIDirectory.Step] {
        try prepare(path)
        let steps = Mutex<[CDIDirectory.Step]>([])
        try perform(
            on: try board(path) { step in
                steps.withLock { $0.append(step) }
                return 0
            })
        return steps.withLock { $0 }
    }
}

@Suite("An agent that dies, or a disk that fails, at any step of the CDI directory")
struct CDIInterruptionTests {
    private let scratch = Scratch()

    /// By file, whether a runtime reads the one of before, the one of after, or something else.
    private func expectWhole(_ path: String, _ act: BoardAct) throws {
        let reading = try BoardReading(path)
        #expect(reading.complaints == [] && reading.overlaps == [])
        let before = try BoardAct.publish.live()
        for name in reading.holdings.keys {
            let whole = try (before + act.live()).filter { CDIKind.lease.fileName(of: $0.grant) == name }.map(\.bytes)
            let found = try PlayedBoard.contents("\(path)/\(name)")
            // What a start finds is anybody's.
            #expect(act == .settle || whole.contains(found), "\(name)")
        }
    }

    /// The next start makes it as it should be.
    private func expectSettles(_ path: String, on live: [CDISpecification]) throws {
        let directory = CDIDirectory(path)
        try directory.settle(on: live)
        #expect(try PlayedBoard.names(in: path) == live.map { CDIKind.lease.fileName(of: $0.grant) }.sorted())
        for one in live {
            #expect(try PlayedBoard.contents("\(path)/\(CDIKind.lease.fileName(of: one.grant))") == one.bytes)
        }
    }

    @Test(
        "a file is on the disk before it has its name, and a name has come or gone before anybody hears of it"
    )
    func order() throws {
        let put: [CDIDirectory.Step] = [.open, .clearDraft, .create, .write, .settle, .rename, .open, .settleDirectory]
        for act in [BoardAct.publish, .replace] {
            #expect(try act.steps(in: scratch.path(of: act.rawValue)) == put)
        }
        let taken = try BoardAct.withdraw.steps(in: scratch.path(of: "withdraw"))
        #expect(taken == [.open, .remove, .open, .settleDirectory])
    }

    @Test("every step that there is, is taken by one of these")
    func complete() throws {
        var taken: Set<CDIDirectory.Step> = []
        var count = 0
        for act in BoardAct.allCases {
            let steps = try act.steps(in: scratch.path(of: act.rawValue))
            taken.formUnion(steps)
            count += steps.count
        }
        #expect(taken == Set(CDIDirectory.Step.allCases))
        print("CDI directory: \(count) steps in \(BoardAct.allCases.count) acts, each killed at and failed at")
    }

    @Test(
        "killed at any step it leaves whole files, and the next start has the grants' files and no other",
        arguments: BoardAct.allCases)
    func killed(act: BoardAct) async throws {
        let count = try act.steps(in: scratch.path(of: "counted")).count
        for number in 0..<count {
            let path = scratch.path(of: "\(number)")
            try act.prepare(path)
            await #expect(processExitsWith: .signal(SIGKILL), "step \(number)") {
                [path = path as String, act = act as BoardAct, number = number as Int] in
                let left = Mutex(number)
                let directory = try act.board(path) { _ in
                    let isTime = left.withLock {
                        $0 -= 1
                        return $0 < 0
                    }
                    if isTime { kill(getpid(), SIGKILL) }
                    return 0
                }
                try act.perform(on: directory)
            }
            try expectWhole(path, act)
            // The journal has either; what was being put up may or may not be a grant.
            try expectSettles(path, on: number.isMultiple(of: 2) ? act.live() : [])
        }
    }

    @Test(
        "a step that fails is told, and leaves the old file or none; what must go and is there, is told as that",
        arguments: BoardAct.allCases, [ENOSPC, EIO])
    func failed(act: BoardAct, code: Int32) throws {
        let steps = try act.steps(in: scratch.path(of: "counted"))
        for (number, isForGood) in steps.indices.flatMap({ [($0, false), ($0, true)] }) {
            let path = scratch.path(of: "\(number)-\(isForGood)")
            try act.prepare(path)
            let left = Mutex(number)
            let directory = try act.board(path) { _ in
                left.withLock {
                    $0 -= 1
                    return $0 == -1 || isForGood && $0 < 0 ? code : 0
                }
            }
            let failure = #expect(throws: CDIFailure.self, "\(steps[number])") { try act.perform(on: directory) }
            try expectWhole(path, act)
            try expectTold(failure, act, path, directory)
            try expectSettles(path, on: act.live())
        }
    }

    /// What a failure says is so, and nobody gets what a file that is there has.
    private func expectTold(
        _ failure: CDIFailure?, _ act: BoardAct, _ path: String, _ directory: CDIDirectory
    ) throws {
        let (file, old) =
            switch act {
            case .publish: (PlayedBoard.file(3), nil as [UInt8]?)
            case .replace, .withdraw: (PlayedBoard.file(1), try BoardAct.publish.live()[0].bytes)
            case .settle: ("", nil)
            }
        if act == .settle { return try expectUnsettled(failure, path, directory) }
        let isThere = try PlayedBoard.names(in: path).contains(file)
        switch failure {
        case .leftBehind: #expect(isThere)
        // What came and could not be made durable was taken away again.
        case .system where act == .withdraw: #expect(!isThere)
        case .system: #expect(try !isThere || PlayedBoard.contents("\(path)/\(file)") == old)
        case nil, .refused, .notPlain, .unsettled: Issue.record("\(String(describing: failure))")
        }
        let held = Set(directory.grants.map { CDIKind.lease.fileName(of: $0) })
        #expect(Set(try BoardReading(path).holdings.keys).isSubset(of: held))
    }

    /// As long as there is a file that must go, none is put up.
    private func expectUnsettled(_ failure: CDIFailure?, _ path: String, _ directory: CDIDirectory) throws {
        let live = try BoardAct.settle.live()
        let wrong = try PlayedBoard.names(in: path).filter { name in
            guard name.hasSuffix(".json") else { return false }
            let one = live.first { CDIKind.lease.fileName(of: $0.grant) == name }
            return try one?.bytes != PlayedBoard.contents("\(path)/\(name)")
        }
        if case .leftBehind(let failure) = failure {
            #expect(FileManager.default.fileExists(atPath: failure.subject), "\(failure)")
        }
        guard !wrong.isEmpty else { return }
        #expect(try !PlayedBoard.names(in: path).contains(PlayedBoard.file(3)))
        #expect(throws: CDIFailure.unsettled(path: path)) { try directory.publish(live[2]) }
    }
}
