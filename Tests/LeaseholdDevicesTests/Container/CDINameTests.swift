import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("The names of CDI")
struct CDINameTests {
    @Test("a kind is a domain and a word", arguments: ["leasehold.dev/lease", "a/b", "x-1.example.com/GPU_slice.2-b"])
    func kinds(text: String) throws {
        #expect(try CDIKind(text).description == text)
    }

    @Test(
        "whatever a runtime would not load is no kind",
        arguments: [
            "", "lease", "/", "a/", "/b", "a/b/c", "a//b", "a.b/c=d", "1a.b/c", "a.b/1c", "-a/b", "a-/b", "a..b/c",
            ".a/b", "a./b", "a_b.c/d", "a b/c", "a/b c", "a/b-", "a/-b", "a/b\n", "ä.b/c", "a.b/ç", "@/b", "a.b/{",
            "a.\(String(repeating: "b", count: 64))/c", "a/\(String(repeating: "b", count: 64))",
            "\(Array(repeating: "abcdefgh", count: 29).joined(separator: "."))/c",
        ])
    func noKinds(text: String) {
        #expect(throws: CDIObjection.kindImpossible(text)) { try CDIKind(text) }
    }

    @Test("as long as it may be is not too long")
    func longest() throws {
        let domain = Array(repeating: "abcdefgh", count: 28).joined(separator: ".")
        #expect(domain.utf8.count == 251)
        _ = try CDIKind("\(domain).c/\(String(repeating: "b", count: 63))")
    }

    private static let samples = [
        (CDISamples.name(13), "L13-1.13-0"), (CDISamples.name(1_742, part: 3, slot: 11), "L1742.3-1.1742-11"),
        (
            CDIName(
                lease: LeaseID(rawValue: .max),
                epoch: Epoch(reign: Reign(rawValue: .max), index: RecordIndex(rawValue: 0)),
                slot: NodeSlot(rawValue: .max)), "L281474976710655.65535-18446744073709551615.0-4294967295"
        ),
    ]

    @Test("a grant's name is read back, and so is its file's", arguments: samples)
    func grants(grant: CDIName, text: String) {
        #expect(grant.description == text)
        #expect(CDIName(text: text) == grant)
        #expect(CDIKind.lease.fileName(of: grant) == "leasehold.dev-lease_\(text).json")
        #expect(CDIKind.lease.grant(ofFile: "leasehold.dev-lease_\(text).json") == grant)
    }

    @Test(
        "a file of anybody else is nobody's grant",
        arguments: [
            "", "nvidia.json", "leasehold.dev-lease.json", "leasehold.dev-lease_.json", "leasehold.dev-lease_L13.json",
            "leasehold.dev-lease_x_L13-1.13-0.json", "leasehold.dev-lease_L13-1.13-0.yaml",
            "leasehold.dev-lease_L13-1.13-0.json.new", "leasehold.dev-lease_13-1.13-0.json",
            "leasehold.dev-lease_l13-1.13-0.json", "leasehold.dev-lease_L13-1.13-00.json",
            "leasehold.dev-lease_L13-1.13-0-1.json", "leasehold.dev-lease_L13-1-0.json",
            "leasehold.dev-lease_L13-1.+13-0.json", "leasehold.dev-leases_L13-1.13-0.json",
            "leasehold.dev-lease_L13-1.13-.json", " leasehold.dev-lease_L13-1.13-0.json",
        ])
    func strangers(name: String) {
        #expect(CDIKind.lease.grant(ofFile: name) == nil)
    }
}
