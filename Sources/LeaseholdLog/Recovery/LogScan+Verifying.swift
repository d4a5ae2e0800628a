package import LeaseholdModel

// Checking without opening: the same scan, and nothing is kept but the verdict.

extension LogScan {
    /// Reads the whole log and keeps nothing but the verdict.
    package static func verify(
        _ reader: inout some LogReader, identity: LogIdentity,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void = { _, _ throws(RecordRefusal) in },
        settle: () throws(RecordRefusal) -> Void = { () throws(RecordRefusal) in }
    ) throws(StorageFailure) -> LogVerdict {
        var scan = LogScan(identity: identity)
        do throws(RecoveryFailure) {
            let recovered = try scan.recover(&reader, each: each, settle: settle)
            return LogVerdict(report: recovered.report, refusal: nil)
        } catch {
            switch error {
            case .storage(let failure): throw failure
            case .refused(let refusal): return LogVerdict(report: scan.report, refusal: refusal)
            }
        }
    }

    /// Verifies a log that may be in use.
    ///
    /// Beside a writer one look can see a later frame before an earlier one, or miss a segment on its way to the archive.
    /// A verdict that is not good is therefore taken again until it is good or says the same twice: damage stands still,
    /// a writer does not. Records may reach `each` more than once.
    package static func verifyBesideWriter(
        _ reader: inout some LogReader, identity: LogIdentity,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void = { _, _ throws(RecordRefusal) in },
        settle: () throws(RecordRefusal) -> Void = { () throws(RecordRefusal) in }
    ) throws(StorageFailure) -> LogVerdict {
        var previous: LogVerdict?
        for _ in 1..<LogLimits.verificationCountMax {
            do throws(StorageFailure) {
                let verdict = try verify(&reader, identity: identity, each: each, settle: settle)
                if verdict == previous || verdict.isGood { return verdict }
                previous = verdict
            } catch {
                guard error.kind == .notFound else { throw error }
            }
        }
        return try verify(&reader, identity: identity, each: each, settle: settle)
    }
}
