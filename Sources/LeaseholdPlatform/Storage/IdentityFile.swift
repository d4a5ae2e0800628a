/// The file that says which log a directory holds.
///
/// It is written last when a log is made, so that half a log has none.
enum IdentityFile {
    static let name = "IDENTITY"
    /// Far more than a whole file has.
    static let byteCountMax = 4_096
}
