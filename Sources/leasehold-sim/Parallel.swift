import Foundation
import Glibc
import Synchronization

/// The same work for many numbers, on as many threads as the machine has cores.
enum Parallel {
    /// What comes of each number, in their order; the first failure in that order is thrown.
    ///
    /// People at a terminal are told how far it is.
    static func map<Outcome: Sendable>(
        _ numbers: Range<Int>, progress what: String, _ body: @Sendable (Int) throws -> Outcome
    ) throws -> [Outcome] {
        let found = Mutex<[Int: Result<Outcome, any Error>]>([:])
        let isWatched = isatty(STDERR_FILENO) == 1
        DispatchQueue.concurrentPerform(iterations: numbers.count) { position in
            let outcome = Result { try body(numbers.lowerBound + position) }
            let count = found.withLock { found in
                found[position] = outcome
                return found.count
            }
            guard isWatched else { return }
            let text = "\r\(count) of \(numbers.count) \(what)" + (count == numbers.count ? "\n" : "")
            FileHandle.standardError.write(Data(text.utf8))
        }
        return try found.withLock { found in
            try numbers.indices.map { position in
                guard let outcome = found[position - numbers.lowerBound] else {
                    preconditionFailure("number \(position) was never worked on")
                }
                return try outcome.get()
            }
        }
    }
}
