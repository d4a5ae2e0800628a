import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("What a driver tells without being asked")
struct NVMLEventTests {
    private func watch(_ hardware: PlayedHardware) throws -> NVMLEventWatch {
        let library = try hardware.open()
        return try NVMLEventWatch(library, library.devices().map { try $0.get() })
    }

    @Test("an Xid is told with its GPU, in the order in which they came")
    func xids() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))")
        let watch = try watch(hardware)
        #expect(watch.failures == [])
        #expect(try watch.next(within: .zero) == nil)
        try hardware.say("event \(gpu(2)) 8 79")
        try hardware.say("event \(gpu(1)) 8 31 2 0")
        #expect(try watch.next(within: .seconds(5)) == GPUEvent(gpu: gpu(2), what: .xid(79), slice: nil))
        let slice = GPUProcess.Slice(instance: 2, compute: 0)
        #expect(try watch.next(within: .zero) == GPUEvent(gpu: gpu(1), what: .xid(31), slice: slice))
        #expect(try watch.next(within: .milliseconds(6)) == nil)
    }

    @Test("every type of event has a meaning")
    func types() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let watch = try watch(hardware)
        let meanings: [(UInt64, GPUEvent.What)] = [
            (0x2, .uncorrectedMemory), (0x100, .slicesChanged), (0x200, .memoryErrorStorm), (0x400, .memoryRetired),
            (0x800, .memoryRetirementFailed), (0x1000, .poison(isFatal: false)), (0x2000, .poison(isFatal: true)),
            (0x4000, .unavailable), (0x8000, .recoveryChanged), (0x8, .xid(0)),
            // Two at once is no type that anybody has documented.
            (0xA, .unknown(type: 0xA, data: 0)),
        ]
        for (type, meaning) in meanings {
            try hardware.say("event \(gpu(1)) \(type) 0")
            #expect(try watch.next(within: .zero)?.what == meaning)
        }
    }

    @Test("an Xid that the driver does not know itself has no number")
    func unknownXid() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let watch = try watch(hardware)
        try hardware.say("event \(gpu(1)) 8 999")
        #expect(try watch.next(within: .zero)?.what == .xid(nil))
    }

    @Test("a GPU that is lost is told once, and the others are heard")
    func lost() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))", "gpu H100 \(gpu(3))")
        let watch = try watch(hardware)
        try hardware.say("lose \(gpu(1))")
        try hardware.say("lose \(gpu(3))")
        #expect(try watch.next(within: .zero) == GPUEvent(gpu: gpu(1), what: .lost, slice: nil))
        #expect(try watch.next(within: .zero) == GPUEvent(gpu: gpu(3), what: .lost, slice: nil))
        #expect(try watch.next(within: .zero) == nil)
        try hardware.say("event \(gpu(2)) 8 13")
        #expect(try watch.next(within: .zero) == GPUEvent(gpu: gpu(2), what: .xid(13), slice: nil))
        // The set in which it was is given back.
        #expect(try hardware.calls(of: "nvmlEventSetFree") == 1)
        #expect(watch.failures == [])
    }

    @Test("a GPU that cannot tell errors by their number is noted, and watched for the rest")
    func noXid() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) event_types 0x102")
        let watch = try watch(hardware)
        let function = "nvmlDeviceGetSupportedEventTypes"
        #expect(watch.failures == [.absurd(function: function, answer: "no Xid among 258", gpu: gpu(1))])
        try hardware.say("event \(gpu(1)) 0x100 0")
        #expect(try watch.next(within: .zero)?.what == .slicesChanged)
    }

    @Test("a GPU that cannot be watched is noted, and the others are watched")
    func partly() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))")
        try hardware.say("fail nvmlDeviceRegisterEvents 3 on \(gpu(1))")
        let watch = try watch(hardware)
        #expect(watch.failures == [.refused("nvmlDeviceRegisterEvents", .notSupported, gpu(1))])
        try hardware.say("event \(gpu(1)) 8 48")
        try hardware.say("event \(gpu(2)) 8 63")
        #expect(try watch.next(within: .zero)?.what == .xid(63))
    }

    @Test("only what a GPU can tell is asked of it")
    func supported() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) event_types 0x1a")
        let watch = try watch(hardware)
        #expect(watch.failures == [])
        // Nobody asked for changes of the clock.
        try hardware.say("event \(gpu(1)) 0x10 0")
        try hardware.say("event \(gpu(1)) 8 13")
        #expect(try watch.next(within: .zero)?.what == .xid(13))
    }

    @Test("a wait that fails says so, and the next one goes on")
    func fails() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "fail nvmlEventSetWait_v2 15 times 1")
        let watch = try watch(hardware)
        try hardware.say("event \(gpu(1)) 8 79")
        #expect(throws: NVMLFailure.refused("nvmlEventSetWait_v2", .gpuIsLost)) { try watch.next(within: .zero) }
        #expect(try watch.next(within: .zero)?.what == .xid(79))
    }

    @Test("a watch of a library that was closed ends, and its set is not given back twice")
    func closed() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let library = try hardware.open()
        do {
            let watch = try NVMLEventWatch(library, [library.device(gpu(1))])
            library.close()
            #expect(throws: NVMLFailure.refused("nvmlEventSetWait_v2", .uninitialized)) {
                try watch.next(within: .zero)
            }
        }
        #expect(try hardware.calls(of: "nvmlEventSetFree") == 0)
    }

    @Test("a driver that is loaded anew ends the watch, and does not end a wait in silence")
    func reload() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let watch = try watch(hardware)
        try hardware.say("driver reload")
        let failure = #expect(throws: NVMLFailure.self) { try watch.next(within: .zero) }
        #expect(failure?.isDriverGone == true)
    }

    @Test("an event set is given back when nobody watches any more")
    func freed() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        for _ in 0..<20 { #expect(try watch(hardware).failures == []) }
        #expect(try hardware.calls(of: "nvmlEventSetFree") == 20)
    }
}
