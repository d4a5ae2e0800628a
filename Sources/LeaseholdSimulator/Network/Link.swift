import LeaseholdModel
import LeaseholdWire

/// One connection: bytes in order each way, each way with its own delays; broken, each side learns it in its own time.
final class Link {
    /// One end of a connection.
    struct End {
        unowned let process: SimulatedProcess
        var isOpen = true
        /// Whether its process has been told that the connection stands.
        var isTold = true
        /// Takes the frames out of what arrives here.
        var decoder: FrameDecoder
        /// On the way to this end, in order.
        var coming: [Piece] = []
        /// Before this nothing more arrives here, so that order is kept.
        var lastArrival = TrueInstant.zero
        var isPumping = false

        init(_ process: SimulatedProcess, payloadByteCountMax: Int) {
            self.process = process
            self.decoder = FrameDecoder(payloadByteCountMax: payloadByteCountMax)
        }
    }

    /// What is on its way.
    struct Piece {
        let at: TrueInstant
        /// Nil for the end of the connection.
        let bytes: [UInt8]?
    }

    let id: ConnectionID
    /// The one that dialled, then the one that took the call.
    var ends: [End]
    /// Whether both ends are on one machine: then nothing is cut or delayed.
    let isLocal: Bool

    init(_ id: ConnectionID, from client: End, to server: End) {
        self.id = id
        self.ends = [client, server]
        self.isLocal = client.process.host === server.process.host
    }

    /// Which end a process has; nil for somebody else's link.
    func side(of process: SimulatedProcess) -> Int? { ends.firstIndex { $0.process === process } }
}
