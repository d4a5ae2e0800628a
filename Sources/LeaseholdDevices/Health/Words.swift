internal import LeaseholdModel

extension Component {
    /// The part in a word, for people.
    package var word: String {
        switch self {
        case .gpu: "gpu"
        case .engine: "engine"
        case .firmware: "firmware"
        case .memory: "memory"
        case .bus: "bus"
        case .link: "nvlink"
        case .fabric: "fabric"
        case .cooling: "cooling"
        case .power: "power"
        case .probe: "probe"
        }
    }
}

extension Remedy {
    /// What to do, for people; nil where there is nothing to do.
    package var advice: String? {
        switch self {
        case .none: nil
        case .restartWork: "nothing at the GPU: what ran on it may begin anew"
        case .watch: "nothing yet: it gets no new work until it has been calm for ten minutes"
        case .drainPeers: "take the work off the GPUs that reach it over NVLink"
        case .recoverDomain: "bring the NVLink domain's memory service (IMEX) back"
        case .resetGPU: "take its work off and reset it (nvidia-smi --gpu-reset)"
        case .resetBus: "take its work off and reset it by its bus"
        case .restartNode: "take the node's work off and start the node anew"
        case .restartSystem: "start the whole system anew, with its switches"
        case .service: "have it looked at, and replaced if need be: no reset has helped or can help"
        }
    }
}

extension Component {
    /// What to do about a part that needs something, for people; nil where there is nothing to do.
    package func advice(_ remedy: Remedy) -> String? {
        // What helps is known to whoever wrote the probe.
        guard self == .probe, remedy.standing == .unhealthy else { return remedy.advice }
        return "mend what the probe names: the GPU gets work again when the probe says that it is well"
    }
}

extension Sign {
    /// What was seen, in a sentence without an end.
    package var words: String {
        switch self {
        case .event(let event): event.what.words
        case .recovery(let action): "the driver asks: \(action.advice ?? "nothing")"
        case .uncorrectedMemory(let before, let now):
            "\(now - min(before, now)) memory errors that ECC could not put right"
        case .rows(let rows):
            rows.hasFailed
                ? "a row of memory could not be replaced by a spare one"
                : "a row of memory waits for a reset to be replaced by a spare one"
        case .spareRows(let rows): "\(rows.noneCount) banks of memory have no spare rows left"
        case .throttling(let reasons, let temperature):
            "the hardware brakes (\(reasons.words.joined(separator: ", ")))"
                + (temperature.map { " at \($0.degrees) degrees Celsius" } ?? "")
        case .fabric(let fabric): fabric.words
        case .probe(let name, let said): "probe \(name) " + (said.isEmpty ? "said nothing more" : "said: \(said)")
        }
    }
}

extension GPUEvent.What {
    /// What happened, in a sentence without an end.
    package var words: String {
        switch self {
        case .xid(nil): "an error that the driver itself does not know"
        case .xid(let xid?): "Xid \(xid)" + (XidClass.name(of: xid).map { ": \($0)" } ?? "")
        case .uncorrectedMemory: "memory errors that ECC could not put right"
        case .memoryErrorStorm: "many memory errors in a short time"
        case .memoryRetired: "a row of memory was replaced by a spare one"
        case .memoryRetirementFailed: "a row of memory could not be replaced by a spare one"
        case .poison(let isFatal):
            isFatal ? "poisoned memory that ended everything on the GPU" : "poisoned memory that ended who touched it"
        case .slicesChanged: "the GPU is cut otherwise than before"
        case .unavailable: "the GPU cannot be used"
        case .lost: "the GPU is gone from its bus"
        case .recoveryChanged: "the driver wants something else done than before"
        case .unknown(let type, let data): "an event of an unknown type \(type) with \(data)"
        }
    }
}

extension FabricIdentity {
    /// How its place on the fabric is, in a sentence without an end.
    fileprivate var words: String {
        var parts: [String] = []
        switch state {
        case .notStarted: parts.append("not registered")
        case .inProgress: parts.append("registering")
        case .registered(failure: nil): parts.append("registered")
        case .registered(let failure?): parts.append("not registered: the fabric's service answers \(failure)")
        case .unknown(let state): parts.append("in an unknown state \(state)")
        }
        switch health {
        case .unhealthy: parts.append("unhealthy")
        case .limited: parts.append("limited")
        case .unknown(let health): parts.append("of an unknown health \(health)")
        case .healthy, nil: break
        }
        return "its place on the NVLink fabric is " + (parts + troubles.words).joined(separator: ", ")
    }
}

extension FabricTroubles {
    fileprivate var words: [String] {
        let known: [(FabricTroubles, String)] = [
            (.lessBandwidth, "with less bandwidth"), (.routeRecovery, "finding its routes anew"),
            (.routeBroken, "with a broken route"), (.accessRecovery, "coming back after an access that took too long"),
            (.configuration, "set up wrongly"),
        ]
        return known.filter { contains($0.0) }.map(\.1)
    }
}

extension XidClass {
    /// What the vendor's catalogue calls a number, in our words; nil where it has no name worth saying.
    static func name(of xid: UInt32) -> String? {
        switch xid {
        case 8, 43, 46: "the GPU stopped processing"
        case 11, 25, 32: "a corrupt stream of commands"
        case 13: "an exception of the graphics engine"
        case 31: "a page fault of GPU memory"
        case 37, 38: "an error of the driver's firmware"
        case 39...41, 70...72, 75...77, 85, 126...135: "an exception of a copy engine"
        case 44, 69: "a fault of the graphics engine"
        case 45: "work ended because of an error before"
        case 48: "a memory error of two bits"
        case 54: "a power plug is not connected"
        case 60, 68, 82...84, 86, 88, 89, 96...105, 139, 142: "an exception of a video engine"
        case 62, 169: "a micro-controller in the GPU halted"
        case 63: "a row of memory was replaced by a spare one"
        case 64: "a row of memory could not be replaced by a spare one"
        case 66, 67: "an access that the driver must not make"
        case 74: "an NVLink error"
        case 78: "a virtual GPU did not start"
        case 79: "the GPU has fallen off the bus"
        case 80: "commands arrived damaged"
        case 92: "many memory errors of one bit"
        case 93: "the GPU's own records wear out"
        case 94: "a contained memory error"
        case 95: "an uncontained memory error"
        case 109: "a change of context took too long"
        case 110: "a security fault"
        case 119: "the GPU's system processor (GSP) did not answer"
        case 120: "an error of the GPU's system processor (GSP)"
        case 121: "an error of the link to the processor (C2C)"
        case 136: "NVLink did not train"
        case 137: "an NVLink access that is not allowed"
        case 140: "a memory error that ECC could not put right"
        case 141: "an error in CUDA's fast path"
        case 143: "the GPU did not start"
        case 144...150, 155: "an NVLink error of the fifth generation"
        case 151: "keys could not be renewed"
        case 154: "the driver wants something else done than before"
        case 156: "a part of the GPU was taken out of use"
        case 157: "a part of the GPU could not be taken out of use"
        case 158: "the GPU took fatally long"
        case 159: "an error of memory that is shared with the processor"
        case 160: "a channel was taken out of use"
        case 161: "a channel could not be taken out of use"
        case 162...165: "the power smoothing circuit changed its state"
        case 166, 170: "traffic in confidential mode that is not allowed"
        case 167: "the PCIe bus took fatally long"
        case 168: "errors in protected memory"
        case 171, 172: "a memory error that ECC could not put right, in detail"
        default: nil
        }
    }
}
