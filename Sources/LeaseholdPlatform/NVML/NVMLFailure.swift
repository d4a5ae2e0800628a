package import LeaseholdDevices

/// What went wrong between this program and the driver.
package enum NVMLFailure: Error, Hashable, Sendable {
    /// There is no library to ask.
    case noLibrary(path: String, complaint: String)
    /// A function did not do it; a function that the library lacks answers `FUNCTION_NOT_FOUND`.
    case refused(function: String, code: NVMLReturn, gpu: GPUUUID?)
    /// Something was made, did not say what it is, and could not be unmade: it is there, and only a list finds it.
    case leftBehind(function: String, code: NVMLReturn, gpu: GPUUUID)
    /// A function answered with what cannot be.
    case absurd(function: String, answer: String, gpu: GPUUUID?)

    /// The code by name; nil where there is none.
    package var code: NVMLReturn.Name? {
        switch self {
        case .refused(_, let code, _), .leftBehind(_, let code, _): code.name
        case .noLibrary, .absurd: nil
        }
    }

    /// The GPU that it concerns; nil where it concerns all, or one that has not said its name.
    package var gpu: GPUUUID? {
        switch self {
        case .refused(_, _, let gpu), .absurd(_, _, let gpu): gpu
        case .leftBehind(_, _, let gpu): gpu
        case .noLibrary: nil
        }
    }

    /// Whether device or driver do not know such a thing: a correct answer, and not a fault.
    package var isAbsence: Bool { code == .notSupported || code == .functionNotFound }

    /// Whether nothing of the GPU can be read any more.
    package var isGPUGone: Bool { code == .gpuIsLost || code == .gpuNotFound }

    /// Whether nothing at all can be read any more until the library is closed and opened again.
    package var isDriverGone: Bool {
        switch self {
        case .noLibrary: true
        case .refused, .leftBehind, .absurd:
            code == .uninitialized || code == .driverNotLoaded || code == .libraryMismatch
        }
    }

    /// Whether what it concerns cannot do a tenant's work; otherwise only something is not known about it.
    package var isFatal: Bool { isGPUGone || isDriverGone || code?.isFatal ?? false }
}

extension NVMLFailure: CustomStringConvertible {
    /// One sentence: what was tried, what came of it, what to do.
    package var description: String {
        switch self {
        case .noLibrary(let path, let complaint):
            return "cannot load \(path): \(complaint); install the GPU driver, or name its library"
        case .refused(let function, let code, let gpu):
            let sentence = "\(function)\(NVMLFailure.of(gpu)) answers \(code)"
            return code.name?.meaning.map { "\(sentence): \($0)" } ?? sentence
        case .leftBehind(let function, let code, let gpu):
            return
                "\(NVMLFailure.refused(function: function, code: code, gpu: gpu)), of a piece that was just made and is still there"
        case .absurd(let function, let answer, let gpu):
            return "\(function)\(NVMLFailure.of(gpu)) answers with what cannot be: \(answer)"
        }
    }

    private static func of(_ gpu: GPUUUID?) -> String { gpu.map { " of \($0.driverText)" } ?? "" }
}

/// A value that could be read in part: what is missing in it is in the failures.
package struct Noted<Value: Sendable>: Sendable {
    package let value: Value
    /// In the order of the calls.
    package let failures: [NVMLFailure]

    package init(value: Value, failures: [NVMLFailure]) {
        self.value = value
        self.failures = failures
    }
}
