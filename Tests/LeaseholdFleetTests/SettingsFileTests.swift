import LeaseholdFleet
import Testing

@Suite("Settings files")
struct SettingsFileTests {
    private let known: [String: SettingKind] = [
        "listen": .option, "state-dir": .option, "hold": .option, "coordinator": .option, "plaintext": .flag,
        "quiet": .flag,
    ]

    private func arguments(_ text: String, besides: [String] = []) throws(SettingsComplaint) -> [String] {
        try SettingsFile.arguments(text: text, name: "c.yaml", known: known, besides: besides)
    }

    private let sound = """
        # A coordinator.
        listen: 127.0.0.1:7400
        plaintext: true
        quiet: false
        state-dir: "/var/lib/a b"
        coordinator: [a:1, b:2]
        """

    @Test("settings become arguments in the order of the file; lists repeat theirs")
    func order() throws {
        let expected = [
            "--listen=127.0.0.1:7400", "--plaintext", "--state-dir=/var/lib/a b", "--coordinator=a:1",
            "--coordinator=b:2",
        ]
        #expect(try arguments(sound) == expected)
    }

    @Test("a flag of the command line replaces the setting, lists too")
    func flagsWin() throws {
        let expected = ["--plaintext", "--state-dir=/var/lib/a b"]
        #expect(try arguments(sound, besides: ["--listen=0:1", "--coordinator", "c:3"]) == expected)
        #expect(try arguments("hold: 5s\n", besides: ["--", "--hold", "--holding"]) == ["--hold=5s"])
    }

    @Test("a file without settings gives no arguments")
    func nothing() throws {
        #expect(try arguments("") == [])
        #expect(try arguments("# listen: 127.0.0.1:7400\r\n\n  # hold: 1s") == [])
        #expect(try arguments("{}") == [])
    }

    @Test("a value that begins with a hyphen stays a value")
    func hyphen() throws {
        #expect(try arguments("hold: -5s\n") == ["--hold=-5s"])
    }

    @Test(
        "a broken settings file is told by line",
        arguments: [
            BrokenText("hold: 1s\nlisen: a\n", "c.yaml:2: \"lisen\" is not a key of this file; did you mean listen?"),
            BrokenText("state_dir: a\n", "c.yaml:1: \"state_dir\" is not a key of this file; did you mean state-dir?"),
            BrokenText(
                "colour: red\n",
                "c.yaml:1: \"colour\" is not a key of this file; expected one of coordinator, hold, listen, plaintext, "
                    + "quiet, state-dir"),
            BrokenText("plaintext: yes\n", "c.yaml:1: plaintext: is \"yes\"; expected true or false"),
            BrokenText("plaintext: [true]\n", "c.yaml:1: plaintext: is a list; expected true or false"),
            BrokenText("hold:\n", "c.yaml:1: hold: has no value; expected a value or a list of values"),
            BrokenText("hold: {a: 1}\n", "c.yaml:1: hold: is a mapping; expected a value or a list of values"),
            BrokenText("hold: []\n", "c.yaml:1: hold: is an empty list; expected a list of values"),
            BrokenText("hold: [1s, [2s]]\n", "c.yaml:1: hold[1]: is a list; expected a value"),
            BrokenText("hold: 1s\nhold: 2s\n", "c.yaml:1: \"hold\" stands more than once in one mapping, first here"),
            BrokenText("- hold\n", "c.yaml:1: is a list; expected a mapping of keys to values"),
            BrokenText(
                "hold: [", "c.yaml:1: is not YAML: did not find expected node content while parsing a flow node"),
        ])
    func broken(_ broken: BrokenText) {
        let error = #expect(throws: FileComplaint.self) { try arguments(broken.text) }
        #expect(error?.description == broken.complaint)
    }
}
