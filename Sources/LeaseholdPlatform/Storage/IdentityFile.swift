/// The file that says which log a directory holds.
///
/// It is written last when a log is made, so that half a log has none.
enum IdentityFile {
    static let name = "IDENTITY"
    /// Far more than a whole file has.
    static let byteCountMax = 4_096
}

/// The file of a directory in which a restore is under way: what the identity will say, until all else is there.
///
/// It is the first thing that a restore writes, and the last step gives it the identity's name. So a directory that has it
/// holds no log, and everything of a log in it is what a restore has left, which the next one may clear away.
enum RestoringFile {
    static let name = "RESTORING"
}
