import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("What the site's program says of a node's power")
struct PowerHookWordTests {
    @Test("watts are a sample unless they are said to be an average, and joules a counter")
    func words() throws {
        let sample = try PowerHookWord("watts=812.5\n")
        #expect(sample.draw == InstrumentReading.Draw(shown: Milliwatts(812_500), quality: .sample))
        #expect(sample.counter == nil)
        let average = try PowerHookWord("quality=average\n\n watts = 7 \njoules=123456.7891\r\n")
        #expect(average.draw == InstrumentReading.Draw(shown: Milliwatts(7_000), quality: .average))
        #expect(average.counter == InstrumentReading.Counter(shown: Millijoules(123_456_789)))
        #expect(try PowerHookWord("joules=0").draw == nil)
    }

    @Test(
        "anything else is refused with its line",
        arguments: [
            "", "\n", "quality=average", "watts", "watts=", "watts=-1", "watts=1e3", "watts=1.2.3", "watts=.5",
            "watts=1000000000000000", "kilowatts=1", "watts=1\nquality=good", "watts=1\n812 W", "watts=٣",
        ])
    func refused(_ said: String) {
        #expect(throws: PowerHookWord.Refusal.self) { try PowerHookWord(said) }
    }
}
