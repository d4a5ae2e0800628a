import LeaseholdAgent
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("What a guard is told")
struct GuardFlagsTests {
    private func flags(_ change: (inout GuardFlags) -> Void) -> GuardFlags {
        var flags = GuardFlags()
        flags.work = "tenants"
        change(&flags)
        return flags
    }

    @Test("what would spare whole machines, or nobody, is refused, and so are paths that mean nothing")
    func refusals() {
        for group in ["", "/", "system.slice/dcgm.service", "/system.slice", "/system.slice/dcgm.service/"] {
            #expect(flags { $0.spared = [group] }.complaint?.status == .usage, "\(group)")
        }
        for path in ["", "none", "var/run/cdi"] {
            #expect(flags { $0.cdiDirectory = path }.complaint?.status == .usage, "\(path)")
        }
        #expect(flags { $0.hooks = "hooks" }.complaint?.status == .usage)
        #expect(flags { $0.groups = "leasehold" }.complaint?.status == .usage)
        #expect(flags { $0.eviction = .zero }.complaint?.status == .usage)
        #expect(flags { $0.work = "tenant" }.complaint?.status == .usage)
    }

    @Test("what a node needs is taken")
    func taken() {
        #expect(flags { $0.spared = ["/system.slice/dcgm.service"] }.complaint == nil)
        #expect(flags { $0.hooks = "/etc/leasehold/hooks" }.complaint == nil)
        for groups in ["own", "none", "/sys/fs/cgroup/tenants"] {
            #expect(flags { $0.groups = groups }.complaint == nil)
        }
        for work in ["process", "modelled"] { #expect(flags { $0.work = work }.complaint == nil) }
    }
}
