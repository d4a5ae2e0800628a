import Dispatch
import Logging

/// Lines as events: whoever waits for one is woken.
struct CountingHandler: LogHandler {
    let lines = DispatchSemaphore(value: 0)
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.signal() }
}
