internal import LeaseholdModel

/// What the payload of a frame is; the byte at offset 6 of its header.
///
/// Messages that are sent all day have a kind of their own, so that they need no wrapper: agents' from 16 on, orders to
/// agents from 32 on, orders to guards from 48 on, guards' answers from 64 on.
enum MessageKind: UInt8, CaseIterable {
    case hello = 1
    case welcome = 2
    case complaint = 3
    case request = 4
    case reply = 5

    case nodeReport = 16
    case heartbeat = 17
    case grantStarted = 18
    case grantRefused = 19
    case grantRetired = 20
    case nodeDetail = 21
    case sanitised = 22

    case attached = 32
    case reportRefused = 33
    case renewal = 34
    case grantOrder = 35
    case retireOrder = 36
    case certificateKept = 37

    case guardList = 48
    case guardStart = 49
    case guardRenew = 50
    case guardRetire = 51

    case guardHolds = 64
    case guardStarted = 65
    case guardStartRefused = 66
    case guardFenced = 67
    case guardRetired = 68
    case guardEvicted = 69
}

extension Message {
    /// The kind of frame that carries the message.
    var kind: MessageKind {
        switch self {
        case .hello: .hello
        case .welcome: .welcome
        case .request: .request
        case .reply: .reply
        case .complaint: .complaint
        case .agent(.report): .nodeReport
        case .agent(.heartbeat): .heartbeat
        case .agent(.started): .grantStarted
        case .agent(.grantRefused): .grantRefused
        case .agent(.retired): .grantRetired
        case .agent(.detail): .nodeDetail
        case .agent(.sanitised): .sanitised
        case .order(.attached): .attached
        case .order(.reportRefused): .reportRefused
        case .order(.renewal): .renewal
        case .order(.grant): .grantOrder
        case .order(.retire): .retireOrder
        case .order(.certificateKept): .certificateKept
        case .guardOrder(.list): .guardList
        case .guardOrder(.start): .guardStart
        case .guardOrder(.renew): .guardRenew
        case .guardOrder(.retire): .guardRetire
        case .guardAnswer(.holds): .guardHolds
        case .guardAnswer(.started): .guardStarted
        case .guardAnswer(.startRefused): .guardStartRefused
        case .guardAnswer(.fenced): .guardFenced
        case .guardAnswer(.retired): .guardRetired
        case .guardAnswer(.evicted): .guardEvicted
        }
    }
}
