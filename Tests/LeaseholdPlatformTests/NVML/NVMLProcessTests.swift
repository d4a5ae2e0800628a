import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("The processes on a GPU")
struct NVMLProcessTests {
    @Test("processes come and go, each once, with all that they do")
    func all() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))")
        let device = try hardware.device(1)
        #expect(try device.processes() == [])
        try hardware.say("process \(gpu(1)) compute 900 4096")
        try hardware.say("process \(gpu(1)) graphics 900 8192")
        try hardware.say("process \(gpu(1)) mps 17 0xffffffffffffffff")
        try hardware.say("process \(gpu(2)) compute 5 1")
        #expect(
            try device.processes() == [
                GPUProcess(pid: 17, use: .shared, memory: nil, slice: nil),
                GPUProcess(pid: 900, use: [.compute, .graphics], memory: MemoryBytes(8_192), slice: nil),
            ])
        try hardware.say("exit 900")
        #expect(try device.processes().map(\.pid) == [17])
    }

    @Test("a process is listed with the slice that it runs in")
    func slices() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "process \(gpu(1)) compute 7 1 3 0")
        try hardware.say("process \(gpu(1)) compute 7 1 4 0xffffffff")
        #expect(
            try hardware.device(1).processes().map(\.slice) == [
                GPUProcess.Slice(instance: 3, compute: 0), GPUProcess.Slice(instance: 4, compute: nil),
            ])
    }

    @Test(
        "processes that come and go between two questions are listed as they are in the end", arguments: [false, true])
    func changing(_ isLong: Bool) throws {
        let function = "nvmlDeviceGetComputeRunningProcesses_v3"
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "entries \(isLong ? "long" : "short")")
        for pid in 1...8 { try hardware.say("process \(gpu(1)) compute \(pid) 1") }
        for pid in 1...5 { try hardware.say("when \(function) 1 exit \(pid)") }
        try hardware.say("when \(function) 2 process \(gpu(1)) compute 9 1")
        #expect(try hardware.device(1).processes().map(\.pid) == [6, 7, 8, 9])
        // Room for none, for eight when three are left, for three when one has come, and for four.
        #expect(try hardware.calls(of: function) == 4)
    }

    @Test("a list that always says that it has grown is a failure after some questions")
    func endless() throws {
        let function = "nvmlDeviceGetComputeRunningProcesses_v3"
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "fail \(function) 7")
        #expect(throws: NVMLFailure.refused(function, .insufficientSize, gpu(1))) {
            try hardware.device(1).processes()
        }
        #expect(try hardware.calls(of: function) == 16)
    }

    @Test(
        "entries of 32 bytes, as some drivers write them, are told from those of 24", arguments: [1, 2, 3, 31, 32, 50])
    func long(_ count: Int) throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        for pid in 1...count { try hardware.say("process \(gpu(1)) compute \(pid) \(pid * 4_096) 1 0") }
        let device = try hardware.device(1)
        let short = try device.processes()
        #expect(short.map(\.pid) == (1...count).map(Int32.init))
        try hardware.say("entries long")
        #expect(try device.processes() == short)
    }

    @Test(
        "a list that cannot be had is a failure and no empty list",
        arguments: [
            ("nvmlDeviceGetComputeRunningProcesses_v3", NVMLReturn.Name.notSupported, true),
            ("nvmlDeviceGetComputeRunningProcesses_v3", .noPermission, true),
            ("nvmlDeviceGetGraphicsRunningProcesses_v3", .noPermission, true),
            ("nvmlDeviceGetMPSComputeRunningProcesses_v3", .functionNotFound, true),
            ("nvmlDeviceGetGraphicsRunningProcesses_v3", .notSupported, false),
            ("nvmlDeviceGetMPSComputeRunningProcesses_v3", .notSupported, false),
        ])
    func refused(_ function: String, _ name: NVMLReturn.Name, _ isFailure: Bool) throws {
        let code = try #require((0..<32).first { NVMLReturn(code: $0).name == name })
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "fail \(function) \(code)")
        let device = try hardware.device(1)
        if isFailure {
            #expect(throws: NVMLFailure.refused(function, name, gpu(1))) { try device.processes() }
        } else {
            #expect(try device.processes() == [])
        }
    }

    @Test("an older library lists the same")
    func older() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "process \(gpu(1)) mps 8 1")
        let names = ["Compute", "Graphics", "MPSCompute"].map { "nvmlDeviceGet\($0)RunningProcesses_v3" }
        #expect(try hardware.device(1, hiding: names).processes().map(\.pid) == [8])
        let failure = NVMLFailure.refused("nvmlDeviceGetMPSComputeRunningProcesses_v3", .functionNotFound, gpu(1))
        #expect(throws: failure) {
            try hardware.device(1, hiding: names + ["nvmlDeviceGetMPSComputeRunningProcesses_v2"]).processes()
        }
    }
}
