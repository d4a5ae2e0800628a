import LeaseholdClient
package import LeaseholdModel
import LeaseholdWire

/// How a command ends when it is not done: an exit status and what is said.
package struct Ending: Error, Hashable, Sendable {
    /// 1 failure · 2 usage · 3 not found · 4 not allowed · 5 no capacity, power or quota · 6 conflict · 7 no answer.
    package let status: Int32
    /// For standard output, with its line end; empty unless an object was asked for.
    package let out: String
    /// For standard error, with its line end.
    package let error: String
    /// Whether this side has found that something of the ledger is not proved.
    private(set) var isUnproved = false

    static let failureStatus: Int32 = 1
    static let usageStatus: Int32 = 2
    static let conflictStatus: Int32 = 6
    static let noAnswerStatus: Int32 = 7

    /// Says this on standard error.
    init(status: Int32, _ text: String) {
        self.status = status
        self.out = ""
        self.error = text.isEmpty ? "" : text + "\n"
    }

    /// Says these, each with its line end.
    init(status: Int32, out: String, error: String) {
        self.status = status
        self.out = out
        self.error = error
    }

    /// Something of the ledger is not proved, for this reason; the proof of a fork says who was lying.
    static func unproved(_ reason: String, fork: String = "") -> Ending {
        var ending = Ending(status: conflictStatus, out: fork, error: reason + "\n")
        ending.isUnproved = true
        return ending
    }

    /// A refusal: reason and advice for people, or the object for scripts.
    package init(_ refusal: Refusal, format: OutputFormat) {
        status = refusal.exitStatus
        switch format {
        case .table, .wide:
            out = ""
            error = "refused: \(refusal.message)\n  try: \(refusal.advice)\n"
        case .json, .yaml:
            out = Rendering.objects(of: .refused(refusal), as: format)
            error = ""
        }
    }

    /// A conflict that this side has found, in the form of a refusal: reason and advice for people, or the object for scripts.
    static func refused(_ code: Refusal.Code, _ message: String, advice: String, as format: OutputFormat) -> Ending {
        guard format.isForScripts else {
            return Ending(status: conflictStatus, "refused: \(message)\n  try: \(advice)")
        }
        let value = JSONValue.object(
            (
                "refused",
                .object(
                    ("code", .string(code.word)), ("message", .string(message)), ("advice", .string(advice)),
                    ("exitStatus", .bare("\(conflictStatus)")))
            ))
        return Ending(status: conflictStatus, out: Rendering.object(value, as: format), error: "")
    }

    /// A failure of the world: reason and advice.
    init(_ failure: ClientFailure) {
        self.init(status: failure.exitStatus, "failed: \(failure)\n  try: \(failure.advice)")
    }

    /// An answer that does not belong to its request; a fault of the other side.
    init(unexpected reply: Reply, to words: String) {
        self.init(status: Ending.failureStatus, "failed: \(words) was answered with something else: \(reply.word)")
    }
}
