package import LeaseholdDevices

/// Why a grant's file is not as it should be.
package enum CDIFailure: Error, Hashable, Sendable {
    /// It must not stand beside what stands there; nothing was touched.
    case refused(CDIObjection)
    /// Nothing was put up, or it was taken down again; what was to go is gone, and may come back with the power.
    case system(SystemFailure)
    /// A file that must go is there: a container can still be made by it.
    case leftBehind(SystemFailure)
    /// A link, a directory or the like has the name of a file of ours.
    case notPlain(path: String)
    /// Nobody knows yet what stands there.
    case unsettled(path: String)
}

extension CDIFailure: CustomStringConvertible {
    /// One sentence: what came of it, and what to do.
    package var description: String {
        switch self {
        case .refused(let objection): objection.description
        case .system(let failure): failure.description
        case .leftBehind(let failure): "containers can still be made by a file that must go: \(failure)"
        case .notPlain(let path): "\(path) is no plain file; find out who made it, and remove it"
        case .unsettled(let path): "the files in \(path) are not known yet; settle it first"
        }
    }
}
