import LeaseholdTransport
import Testing

@Suite("metrics as text")
struct MetricTextTests {
    @Test("a family has its help, its type and its samples, and no label's value ends before its end")
    func family() {
        let text = MetricText.family(
            "probe_fails", type: "gauge", help: "Whether it fails.",
            [([], "0"), ([(name: "probe", value: "a\"b\\c\nd"), (name: "gpu", value: "3")], "1")])
        #expect(
            text == #"""
                # HELP leasehold_probe_fails Whether it fails.
                # TYPE leasehold_probe_fails gauge
                leasehold_probe_fails 0
                leasehold_probe_fails{probe="a\"b\\c\nd",gpu="3"} 1

                """#)
    }
}
