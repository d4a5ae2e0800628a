import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("The catalogue of errors")
struct XidCatalogueTests {
    /// The immediate action of each entry of the vendor's catalogue of 29 October 2025, by action.
    private static let published: [(kind: XidClass, xids: [UInt32])] = [
        (
            .askVendor,
            [
                1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27,
                28, 29, 30, 33, 34, 35, 36, 42, 47, 49, 50, 51, 52, 53, 55, 56, 57, 58, 59, 61,
                65, 73, 81, 87, 90, 91, 111, 112, 113, 114, 115, 116, 117, 118, 122, 123, 124,
                125, 138, 142,
            ]
        ),
        (
            .restartWork,
            [
                8, 11, 13, 25, 31, 32, 39, 40, 41, 60, 68, 69, 70, 71, 72, 75, 76, 77, 80, 82,
                83, 84, 85, 86, 88, 89, 94, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 126,
                127, 128, 129, 130, 131, 132, 133, 134, 135, 139,
            ]
        ),
        (.ignore, [14, 37, 38, 43, 44, 63, 66, 67, 92, 93, 106, 107, 108, 121, 137, 141, 152, 153, 157, 160, 161]),
        (.consequence, [45]),
        (.resetGPU, [46, 62, 64, 95, 109, 110, 119, 120, 136, 140, 143, 155, 156, 158]),
        (.uncorrectedMemory, [48]),
        (.checkHardware, [54]),
        (.link, [74]),
        (.updateSoftware, [78]),
        (.restartNode, [79]),
        (.linkWithDetail, [144, 145, 146, 147, 148, 149, 150]),
        (.restartGuest, [151]),
        (.recoveryChanged, [154]),
        (.sharedMemory, [159]),
        (.unclassed, [162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172]),
    ]

    @Test("each of its 172 entries has the class of the action that was published for it")
    func classes() {
        var seen: Set<UInt32> = []
        for (kind, xids) in XidCatalogueTests.published {
            for xid in xids {
                #expect(XidClass(xid: xid) == kind, "Xid \(xid)")
                #expect(seen.insert(xid).inserted, "Xid \(xid) twice")
            }
        }
        #expect(seen == Set(1...172))
        #expect(Set(XidCatalogueTests.published.map(\.kind)) == Set(XidClass.allCases))
    }

    @Test("a number that is not in it has no class", arguments: [0, 173, 999, .max] as [UInt32])
    func strangers(_ xid: UInt32) {
        #expect(XidClass(xid: xid) == nil)
    }

    @Test("what only restarts an application takes nothing off the GPU")
    func restartingWork() {
        #expect(XidClass.restartWork.remedy(driverAnswers: false) == .restartWork)
        #expect(Remedy.restartWork.standing == .healthy)
        #expect(XidClass.resetGPU.remedy(driverAnswers: true).standing == .unhealthy)
    }

    @Test("what the catalogue leaves to a sub-code is the driver's to say, and a reset where it says nothing")
    func subcodes() {
        #expect(XidClass.linkWithDetail.remedy(driverAnswers: true) == .watch)
        #expect(XidClass.linkWithDetail.remedy(driverAnswers: false) == .resetGPU)
    }
}
