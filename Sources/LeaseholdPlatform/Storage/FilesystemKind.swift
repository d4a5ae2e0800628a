private import CLeaseholdPlatform
private import Glibc
package import LeaseholdLog

/// What kind of filesystem a directory lies on, as far as the log cares: a network filesystem's locks and syncs promise
/// less than the log needs.
package enum FilesystemKind: Hashable, Sendable {
    case local
    /// A network filesystem, by its usual name.
    case network(String)

    /// The kind that a superblock's magic number stands for (`statfs(2)`, `linux/magic.h`).
    package init(magic: UInt32) {
        switch magic {
        case 0x6969: self = .network("nfs")
        case 0x517B: self = .network("smb")
        case 0xFF53_4D42: self = .network("cifs")
        case 0xFE53_4D42: self = .network("smb2")
        case 0x00C3_6400: self = .network("ceph")
        case 0x5346_414F, 0x6B41_4653: self = .network("afs")
        case 0x7375_7245: self = .network("coda")
        case 0x0102_1997: self = .network("9p")
        case 0x0BD0_0BD0: self = .network("lustre")
        case 0x0116_1970: self = .network("gfs2")
        case 0x7461_636F: self = .network("ocfs2")
        case 0x1983_0326: self = .network("beegfs")
        case 0x4750_4653: self = .network("gpfs")
        default: self = .local
        }
    }

    /// The kind of the filesystem that an open directory lies on.
    package init(ofDirectory descriptor: Int32, path: String) throws(StorageFailure) {
        var magic: Int64 = 0
        try SystemCalls.check("look at the filesystem of \(path)") {
            magic = leasehold_filesystem_magic(descriptor)
            return magic < 0 ? -1 : 0
        }
        self.init(magic: UInt32(truncatingIfNeeded: magic))
    }
}
