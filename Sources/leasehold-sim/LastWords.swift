import Glibc

/// What is said when the house traps in the middle of a run: which seed it was, and how to see it again.
///
/// A trap is a fault that a precondition has found; it ends the process, so the words are ready before each run and
/// the handler only writes them.
enum LastWords {
    // Written by the one thread of the program between two runs, read by a signal handler on that thread.
    private nonisolated(unsafe) static var text: UnsafeMutablePointer<CChar>?
    // Written and read together with `text`, by the same thread.
    private nonisolated(unsafe) static var byteCount = 0

    /// Readies the words for a seed; the handler reads them, and nothing else runs beside this thread.
    static func prepare(_ seed: UInt64, planting plant: String?) {
        if text == nil {
            for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT] { signal(number, say) }
        }
        free(text)
        let planting = plant.map { " --plant \($0)" } ?? ""
        let words = "seed \(seed) trapped, which is a fault\nreplay: leasehold-sim replay \(seed)\(planting)\n"
        text = strdup(words)
        byteCount = words.utf8.count
    }

    private static let say: @convention(c) (Int32) -> Void = { number in
        if let text = LastWords.text { write(STDOUT_FILENO, text, LastWords.byteCount) }
        signal(number, SIG_DFL)
        raise(number)
    }
}
