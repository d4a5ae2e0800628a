import Glibc
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

@Suite("The service manager")
struct SupervisorTests {
    private func supervisor(_ variables: [String: String]) -> Supervisor? {
        Supervisor(process: 7, taking: { variables[$0] }, onFailure: { _ in })
    }

    @Test("who is named by nobody, or by what no socket is called, is none")
    func none() {
        #expect(supervisor([:]) == nil)
        for name in ["", "@", "/", "notify", "vsock:2:1", "/" + String(repeating: "x", count: 107)] {
            #expect(supervisor(["NOTIFY_SOCKET": name]) == nil, "\(name)")
        }
        for name in ["/x", "@x", "/" + String(repeating: "x", count: 106)] {
            #expect(supervisor(["NOTIFY_SOCKET": name]) != nil, "\(name)")
        }
    }

    @Test("patience counts for the process that it is meant for, and for what can be a time")
    func patience() {
        let cases: [(time: String?, process: String?, patience: Span?)] = [
            (nil, nil, nil), ("5000000", nil, .seconds(5)), ("5000000", "7", .seconds(5)), ("5000000", "8", nil),
            ("5000000", "x", nil), ("0", nil, nil), ("-1", nil, nil), ("soon", nil, nil),
            ("9223372036854775807", nil, nil),
            ("1", nil, Span(nanoseconds: 1_000)),
        ]
        for (time, process, patience) in cases {
            var variables = ["NOTIFY_SOCKET": "@x"]
            variables["WATCHDOG_USEC"] = time
            variables["WATCHDOG_PID"] = process
            #expect(supervisor(variables)?.patience == patience, "\(time ?? "-") of \(process ?? "-")")
        }
    }

    @Test("its names are taken out of the environment, whatever they say, so that no child speaks for its parent")
    func taken() {
        for name in ["@x", "nowhere"] {
            var variables = ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1", "WATCHDOG_PID": "7", "PATH": "/bin"]
            let supervisor = Supervisor(process: 7, taking: { variables.removeValue(forKey: $0) }, onFailure: { _ in })
            #expect((supervisor == nil) == (name == "nowhere"))
            #expect(variables == ["PATH": "/bin"])
        }
    }

    @Test("news are one assignment a line, whatever their words are")
    func words() {
        #expect(Supervisor.News.ready("serving\non 1").text == "READY=1\nSTATUS=serving on 1\n")
        #expect(Supervisor.News.status("a\r\nREADY=1").text == "STATUS=a READY=1\n")
        #expect(Supervisor.News.alive.text == "WATCHDOG=1\n")
        #expect(Supervisor.News.stopping.text == "STOPPING=1\n")
    }

    @Test("a manager that is not there is told of once for each thing that it does not hear")
    func absent() {
        let failures = Mutex<[SystemFailure]>([])
        let name = "@leasehold-\(getpid())-nobody"
        let supervisor = Supervisor(process: getpid(), taking: { $0 == "NOTIFY_SOCKET" ? name : nil }) { failure in
            failures.withLock { $0.append(failure) }
        }
        supervisor?.tell(.alive)
        supervisor?.tell(.stopping)
        let expected = SystemFailure(operation: "send to", subject: name, code: ECONNREFUSED)
        #expect(failures.withLock { $0 } == [expected, expected])
    }
}
