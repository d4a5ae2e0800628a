/// What an entry of the vendor's catalogue of errors (Xid) is, which decides what is done about it.
///
/// The numbers are those of NVIDIA's catalogue of 29 October 2025 (docs.nvidia.com/deploy/xid-errors), 1 to 172.
package enum XidClass: Hashable, Sendable, CaseIterable {
    /// What ran has ended and can begin anew; the GPU is sound.
    case restartWork
    case resetGPU
    case restartNode
    /// The machine that the driver is in, which may be a guest of another.
    case restartGuest
    case ignore
    /// Plugs and cables.
    case checkHardware
    /// Driver and firmware do not go together.
    case updateSoftware
    /// It follows from another entry, which says what is wrong.
    case consequence
    /// ECC could not put an error right.
    case uncorrectedMemory
    /// A link; what is wrong with it stands in registers.
    case link
    /// A link of the fifth generation; what is wrong with it stands in a sub-code that an event does not have.
    case linkWithDetail
    /// The driver wants something else done than before, and answers what.
    case recoveryChanged
    /// Memory that is shared with the processor.
    case sharedMemory
    /// The vendor wants to be asked; most of these are in no use.
    case askVendor
    /// It is in the catalogue, which does not say what to do.
    case unclassed

    /// The class of a number; nil for one that is not in the catalogue.
    package init?(xid: UInt32) {
        guard let row = XidClass.table.first(where: { $0.xids.contains(xid) }) else { return nil }
        self = row.kind
    }

    private static let table: [(xids: ClosedRange<UInt32>, kind: XidClass)] = [
        (1...7, .askVendor), (8...8, .restartWork), (9...10, .askVendor), (11...11, .restartWork),
        (12...12, .askVendor), (13...13, .restartWork), (14...14, .ignore), (15...24, .askVendor),
        (25...25, .restartWork), (26...30, .askVendor), (31...32, .restartWork), (33...36, .askVendor),
        (37...38, .ignore), (39...41, .restartWork), (42...42, .askVendor), (43...44, .ignore),
        (45...45, .consequence), (46...46, .resetGPU), (47...47, .askVendor), (48...48, .uncorrectedMemory),
        (49...53, .askVendor), (54...54, .checkHardware), (55...59, .askVendor), (60...60, .restartWork),
        (61...61, .askVendor), (62...62, .resetGPU), (63...63, .ignore), (64...64, .resetGPU),
        (65...65, .askVendor), (66...67, .ignore), (68...72, .restartWork), (73...73, .askVendor),
        (74...74, .link), (75...77, .restartWork), (78...78, .updateSoftware), (79...79, .restartNode),
        (80...80, .restartWork), (81...81, .askVendor), (82...86, .restartWork), (87...87, .askVendor),
        (88...89, .restartWork), (90...91, .askVendor), (92...93, .ignore), (94...94, .restartWork),
        (95...95, .resetGPU), (96...105, .restartWork), (106...108, .ignore), (109...110, .resetGPU),
        (111...118, .askVendor), (119...120, .resetGPU), (121...121, .ignore), (122...125, .askVendor),
        (126...135, .restartWork), (136...136, .resetGPU), (137...137, .ignore), (138...138, .askVendor),
        (139...139, .restartWork), (140...140, .resetGPU), (141...141, .ignore), (142...142, .askVendor),
        (143...143, .resetGPU), (144...150, .linkWithDetail), (151...151, .restartGuest), (152...153, .ignore),
        (154...154, .recoveryChanged), (155...156, .resetGPU), (157...157, .ignore), (158...158, .resetGPU),
        (159...159, .sharedMemory), (160...161, .ignore), (162...172, .unclassed),
    ]

    /// What to do about it.
    ///
    /// Where the catalogue leaves it to a sub-code that nobody has, the driver's own answer stands for it; a driver
    /// that answers nothing is not trusted to be sound.
    /// What a driver answers is a finding of its own.
    package func remedy(driverAnswers: Bool) -> Remedy {
        switch self {
        case .ignore, .recoveryChanged: .none
        case .restartWork, .consequence: .restartWork
        case .updateSoftware, .sharedMemory, .askVendor, .unclassed: .watch
        case .linkWithDetail: driverAnswers ? .watch : .resetGPU
        case .resetGPU, .uncorrectedMemory, .link: .resetGPU
        case .restartNode, .restartGuest: .restartNode
        case .checkHardware: .service
        }
    }
}

extension Component {
    /// What an entry of the catalogue is about; an unknown one is about the GPU as a whole.
    package init(xid: UInt32) {
        switch xid {
        case 48, 63, 64, 92, 94, 95, 140, 168, 171, 172: self = .memory
        case 74, 108, 121, 136, 137, 144...150, 155, 166, 170: self = .link
        case 79, 167: self = .bus
        case 37, 38, 62, 93, 119, 120, 169: self = .firmware
        case 54, 162...165: self = .power
        case 8...13, 25, 31, 32, 39...41, 43...46, 60, 68...72, 75...77, 80, 82...86, 88, 89: self = .engine
        case 96...105, 109, 126...135, 139, 141, 152, 153, 156...161: self = .engine
        default: self = .gpu
        }
    }
}
