import LeaseholdChecksum
import Testing

@Suite("Checksums")
struct ChecksumTests {
    /// The check input of every catalogue of CRCs.
    private let check = Array("123456789".utf8)

    /// Bytes of a fixed sequence, so that a failure repeats.
    private func bytes(count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    @Test("the check value of CRC32C is e3069283, by either way")
    func checkValue() {
        #expect(CRC32C.checksum(of: check) == 0xE306_9283)
        #expect(check.withUnsafeBytes { CRC32CTables.checksum(of: $0) } == 0xE306_9283)
    }

    @Test("no bytes leave the seed as it is")
    func noBytes() {
        #expect(CRC32C.checksum(of: []) == 0)
        #expect(CRC32C.checksum(of: [], seed: 17) == 17)
    }

    @Test("instruction and tables agree for every length up to 300 and every alignment")
    func waysAgree() {
        let bytes = bytes(count: 320)
        bytes.withUnsafeBytes { all in
            for start in 0..<8 {
                for count in 0...300 {
                    let part = UnsafeRawBufferPointer(rebasing: all[start..<start + count])
                    let seed = UInt32(truncatingIfNeeded: count &* 2_654_435_761)
                    #expect(CRC32C.checksum(of: part, seed: seed) == CRC32CTables.checksum(of: part, seed: seed))
                }
            }
        }
    }

    @Test("a checksum taken in parts is that of the whole, wherever the cut")
    func parts() {
        let bytes = bytes(count: 100)
        let whole = CRC32C.checksum(of: bytes)
        for cut in 0...100 {
            var parts = CRC32C()
            bytes.withUnsafeBytes { all in
                parts.combine(UnsafeRawBufferPointer(rebasing: all[..<cut]))
                parts.combine(UnsafeRawBufferPointer(rebasing: all[cut...]))
            }
            #expect(parts.value == whole, "cut at \(cut)")
        }
    }

    @Test("every flipped bit changes the checksum")
    func flippedBits() {
        let original = bytes(count: 200)
        let whole = CRC32C.checksum(of: original)
        for bit in 0..<original.count * 8 {
            var flipped = original
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(CRC32C.checksum(of: flipped) != whole, "bit \(bit)")
        }
    }

    @Test("FNV-1a gives the published values")
    func publishedValues() {
        var hash = FNV1a()
        #expect(hash.value == 0xCBF2_9CE4_8422_2325)
        hash.combine(Array("a".utf8))
        #expect(hash.value == 0xAF63_DC4C_8601_EC8C)
        var longer = FNV1a()
        longer.combine(Array("foobar".utf8))
        #expect(longer.value == 0x8594_4171_F739_67E8)
    }

    @Test("a word is hashed as its eight bytes, lowest first")
    func words() {
        var word = FNV1a()
        word.combine(0x0807_0605_0403_0201 as UInt64)
        var bytes = FNV1a()
        bytes.combine([1, 2, 3, 4, 5, 6, 7, 8])
        #expect(word == bytes)
        var raw = FNV1a()
        [1, 2, 3, 4, 5, 6, 7, 8].map(UInt8.init).withUnsafeBytes { raw.combine($0) }
        #expect(raw == bytes)
    }
}
