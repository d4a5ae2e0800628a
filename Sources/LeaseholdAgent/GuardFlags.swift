package import LeaseholdModel
package import LeaseholdPlatform

/// What a guard is told on its command line.
package struct GuardFlags: Sendable {
    /// What tenants' work is to it: `process`, `modelled` or `tenants`.
    package var work = "process"
    /// K, as at the coordinator.
    package var eviction = Span.seconds(10)
    /// Where the agent writes the specifications of leases.
    package var cdiDirectory = CDIDirectory.standardPath
    /// Where the site's hook `on-fence` is; `none` for nowhere.
    package var hooks = "none"
    /// Where each lease gets a control group: `own` for in the guard's unit, `none`, or a directory.
    package var groups = "own"
    /// Control groups whose processes are left alone, beside the usual ones.
    package var spared: [String] = []
    /// A hardware watchdog's device; nil for none.
    package var watchdog: String?

    package init() {}

    /// Why no guard can be run so; nil where one can.
    package var complaint: ProcessEnd? {
        do throws(ProcessEnd) {
            _ = try form
            return nil
        } catch {
            return error
        }
    }

    var form: WorkForm {
        get throws(ProcessEnd) {
            guard eviction > .zero else {
                throw ProcessEnd(.usage, "--eviction is \(eviction); expected a time such as 10s")
            }
            switch work {
            case "process": return .process
            case "modelled": return .modelled
            case "tenants": return .tenants(try room)
            default: throw ProcessEnd(.usage, "--work is \"\(work)\"; expected process, modelled or tenants")
            }
        }
    }

    /// The hook, the polite signal and the other fit into K, and a quarter of it is left to looking.
    private var room: TenantRoom {
        get throws(ProcessEnd) {
            let words = ["--cdi-dir": [], "--hooks": ["none"], "--groups": ["own", "none"]]
            for (flag, path) in [("--cdi-dir", cdiDirectory), ("--hooks", hooks), ("--groups", groups)] {
                guard path.hasPrefix("/") || words[flag, default: []].contains(path) else {
                    let others = words[flag, default: []].map { " or \($0)" }.joined()
                    throw ProcessEnd(.usage, "\(flag) is \"\(path)\"; expected an absolute path\(others)")
                }
            }
            // A slice has many services in it, and often every container of the machine.
            let isOne = { (group: String) in
                group.hasPrefix("/") && !group.hasSuffix("/") && !group.hasSuffix(".slice")
            }
            if let group = spared.first(where: { !isOne($0) }) {
                throw ProcessEnd(
                    .usage,
                    "--spare is \"\(group)\"; expected the control group of one service, such as "
                        + "/system.slice/dcgm.service")
            }
            return TenantRoom(
                containerDirectory: cdiDirectory, users: DeviceUsers(spared: DeviceUsers.standardSpared + spared),
                grace: eviction / 4, hookDirectory: hooks == "none" ? nil : hooks)
        }
    }
}
