import Glibc

/// An error number of the kernel, as text.
struct IOFault {
    let errno: Int32

    /// The kernel's words: `Connection refused`.
    var text: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(errno, &buffer, buffer.count) == 0 else { return "error \(errno)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
