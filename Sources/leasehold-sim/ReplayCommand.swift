import ArgumentParser
import LeaseholdSimulator

/// `leasehold-sim replay SEED`: one run, told line by line.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Run one seed and tell what happens, line by line.",
        discussion: "The last line is `digest: HEX`, the same in every process. Heartbeats and renewals are not told.")

    @Argument(help: "The seed.")
    var seed: UInt64

    @OptionGroup var plant: PlantOption

    func run() throws {
        let outcome = Simulation.run(seed: seed, isTelling: true)
        print("seed \(seed): \(outcome.weather)")
        for line in outcome.transcript { print(line) }
        for breach in outcome.breaches { print("\(breach)") }
        print("digest: \(hex(outcome.digest))")
        if !outcome.breaches.isEmpty { throw ExitCode(1) }
    }
}

/// Sixteen digits.
func hex(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
