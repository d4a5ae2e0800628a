import LeaseholdLog
import LeaseholdPlatform

/// The state directory that an agent and its guard share.
enum AgentDirectory {
    /// Refuses a directory that is a log itself, such as a coordinator's, before anything is made in it.
    static func refuseLog(at path: String) throws(ProcessEnd) {
        let identity: LogIdentity
        do throws(LogDirectoryFailure) {
            identity = try LogDirectory.identity(at: path)
        } catch {
            // Nothing that could be a log: what else is wrong with the directory, its making says better.
            return
        }
        throw ProcessEnd(
            .notOurs,
            "\(path) holds the log of cluster \(identity.cluster), kind \(identity.kind); "
                + "an agent and its guard need a state directory of their own")
    }
}
