import LeaseholdDevices
import LeaseholdModel

/// Readings and events of one GPU.
enum HealthSamples {
    static let gpu = GPUUUID(high: 7, low: 9)
    static let noRows = RemappedRows(correctedCount: 0, uncorrectedCount: 0, isPending: false, hasFailed: false)

    static func now(_ seconds: Int64) -> Now {
        Now(
            boot: .zero + .seconds(seconds),
            calendar: CalendarInstant(nanoseconds: 1_700_000_000_000_000_000) + .seconds(seconds))
    }

    static func reading(
        throttling: Throttling? = [.idle], uncorrected: UInt64 = 0, rows: RemappedRows? = noRows,
        spares: SpareRows? = nil, recovery: RecoveryAction? = RecoveryAction.none
    ) -> HealthReading {
        HealthReading(
            temperature: Celsius(41), throttling: throttling,
            memoryErrors: MemoryErrors(
                corrected: 3, uncorrected: uncorrected, correctedEver: 5, uncorrectedEver: uncorrected),
            remappedRows: rows, spareRows: spares, recovery: recovery)
    }

    static func fabric(
        _ state: FabricIdentity.State = .registered(failure: nil), _ health: FabricIdentity.Health? = .healthy,
        _ troubles: FabricTroubles = []
    ) -> FabricIdentity {
        FabricIdentity(cluster: nil, clique: 0, state: state, health: health, troubles: troubles)
    }

    static func event(_ what: GPUEvent.What, of gpu: GPUUUID? = gpu) -> GPUEvent {
        GPUEvent(gpu: gpu, what: what, slice: nil)
    }
}
