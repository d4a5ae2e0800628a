internal import LeaseholdModel
internal import SwiftProtobuf

// Hello, welcome and complaint as protobuf.

extension Hello {
    /// The message as protobuf.
    var proto: ProtoHello {
        .with {
            $0.versionMin = UInt32(versions.lowerBound)
            $0.versionMax = UInt32(versions.upperBound)
            $0.role = ProtoRole(rawValue: Int(principal.role.rawValue)) ?? .unspecified
            $0.name = principal.name
            $0.incarnationHigh = incarnation.high
            $0.incarnationLow = incarnation.low
            $0.bootHigh = boot.high
            $0.bootLow = boot.low
            $0.ledgerHead = ledgerHead?.text ?? ""
            if let seen {
                $0.logHigh = seen.log.high
                $0.logLow = seen.log.low
                $0.reign = seen.reign.rawValue
                $0.leaderHigh = seen.incarnation.high
                $0.leaderLow = seen.incarnation.low
            }
        }
    }

    /// Reads the message.
    init(_ proto: ProtoHello) throws(FieldFault) {
        let top = UInt32(UInt16.max)
        let newest = try Field.number(proto.versionMax, "versionMax", in: 0...top)
        let oldest = try Field.number(proto.versionMin, "versionMin", in: 0...newest)
        let seenCount = [
            proto.hasLogHigh, proto.hasLogLow, proto.hasReign, proto.hasLeaderHigh, proto.hasLeaderLow,
        ].count { $0 }
        try require(
            seenCount == 0 || seenCount == 5, "reign",
            value: "\(seenCount) of logHigh, logLow, reign, leaderHigh and leaderLow", expected: "all or none")
        self.init(
            versions: UInt16(oldest)...UInt16(newest),
            principal: Principal(
                role: try Field.word(proto.role.rawValue, "role"), name: try Field.name(proto.name, "name")),
            incarnation: Incarnation(high: proto.incarnationHigh, low: proto.incarnationLow),
            boot: BootID(high: proto.bootHigh, low: proto.bootLow),
            seen: seenCount == 0
                ? nil
                : SeenReign(
                    log: LogID(high: proto.logHigh, low: proto.logLow), reign: Reign(rawValue: proto.reign),
                    incarnation: Incarnation(high: proto.leaderHigh, low: proto.leaderLow)),
            ledgerHead: try Field.keptHead(proto.ledgerHead, "ledgerHead"))
    }
}

extension Welcome {
    /// The message as protobuf.
    var proto: ProtoWelcome {
        .with {
            $0.version = UInt32(version)
            $0.cluster = cluster
            $0.logHigh = reign.log.high
            $0.logLow = reign.log.low
            $0.reign = reign.reign.rawValue
            $0.leaderHigh = reign.incarnation.high
            $0.leaderLow = reign.incarnation.low
            $0.ledgerKey = ledgerKey
            $0.holdNs = holds.hold.nanoseconds
            $0.evictionNs = holds.eviction.nanoseconds
            $0.clockRateErrorPpm = holds.clockRateErrorPPM
            $0.headIndex = head.index.rawValue
            ($0.headChain0, $0.headChain1, $0.headChain2, $0.headChain3) = head.chain.words
        }
    }

    /// Reads the message.
    init(_ proto: ProtoWelcome) throws(FieldFault) {
        let holds = HoldSettings(
            hold: Span(nanoseconds: proto.holdNs), eviction: Span(nanoseconds: proto.evictionNs),
            clockRateErrorPPM: proto.clockRateErrorPpm)
        self.init(
            version: UInt16(try Field.number(proto.version, "version", in: 0...UInt32(UInt16.max))),
            cluster: try Field.name(proto.cluster, "cluster"),
            reign: SeenReign(
                log: LogID(high: proto.logHigh, low: proto.logLow), reign: Reign(rawValue: proto.reign),
                incarnation: Incarnation(high: proto.leaderHigh, low: proto.leaderLow)),
            holds: try Field.holds(holds, "holdNs"),
            head: LogHead(
                proto.headIndex, chain: (proto.headChain0, proto.headChain1, proto.headChain2, proto.headChain3)),
            ledgerKey: try Field.keyText(proto.ledgerKey, "ledgerKey"))
    }
}

extension Complaint {
    /// The message as protobuf.
    var proto: ProtoComplaint {
        .with {
            $0.code = ProtoComplaintCode(rawValue: Int(code.rawValue)) ?? .unspecified
            $0.text = text
        }
    }

    /// Reads the message.
    init(_ proto: ProtoComplaint) throws(FieldFault) {
        self.init(try Field.word(proto.code.rawValue, "code"), proto.text)
    }
}

extension LogHead {
    /// A head from its numbers.
    init(_ index: UInt64, chain words: (UInt64, UInt64, UInt64, UInt64)) {
        self.init(index: RecordIndex(rawValue: index), chain: ChainHash(words: words))
    }
}

extension Epoch {
    /// An epoch from its numbers.
    init(_ reign: UInt64, _ index: UInt64) {
        self.init(reign: Reign(rawValue: reign), index: RecordIndex(rawValue: index))
    }
}
