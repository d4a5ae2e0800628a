private import FoundationEssentials
internal import LeaseholdModel
internal import SwiftProtobuf

// Pages of a backup as protobuf.

extension BackupPlace {
    /// The place as protobuf.
    var proto: ProtoBackupPlace {
        .with {
            $0.segment = segment
            $0.offset = UInt64(offset)
        }
    }

    /// Reads the place.
    init(_ proto: ProtoBackupPlace) throws(FieldFault) {
        let (segment, offset) = (proto.segment, proto.offset)
        try require(segment > 0, "segment", value: "\(segment)", expected: "1 or more")
        try require(offset <= UInt64(UInt32.max), "offset", value: "\(offset)", expected: "at most \(UInt32.max)")
        self.init(segment: segment, offset: Int(offset))
    }
}

extension BackupPage {
    /// The page as protobuf.
    var proto: ProtoBackupPage {
        .with {
            $0.cluster = cluster
            $0.log = "\(log)"
            $0.segmentBytes = UInt64(segmentByteCount)
            $0.end = end.place.proto
            $0.endBase = end.base
            $0.headIndex = end.head.index.rawValue
            $0.headChain = "\(end.head.chain)"
            $0.reign = end.reign.rawValue
            $0.logIncarnation = end.logIncarnation
            $0.place = place.proto
            $0.bytes = Data(bytes)
            if let next { $0.next = next.proto }
        }
    }

    /// Reads the page.
    init(_ proto: ProtoBackupPage) throws(FieldFault) {
        try require(
            proto.segmentBytes <= UInt64(UInt32.max), "segmentBytes", value: "\(proto.segmentBytes)",
            expected: "at most \(UInt32.max)")
        try require(
            proto.bytes.count <= Limits.backupPageByteCountMax, "bytes", value: "\(proto.bytes.count)",
            expected: "at most \(Limits.backupPageByteCountMax)")
        let end = BackupEnd(
            place: try within("end") { () throws(FieldFault) in try BackupPlace(proto.end) }, base: proto.endBase,
            head: LogHead(
                index: RecordIndex(rawValue: proto.headIndex), chain: try ChainHash(proto.headChain, "headChain")),
            reign: Reign(rawValue: proto.reign), logIncarnation: proto.logIncarnation)
        self.init(
            cluster: proto.cluster, log: try Field.wideID(proto.log, "log"),
            segmentByteCount: Int(proto.segmentBytes), end: end,
            place: try within("place") { () throws(FieldFault) in try BackupPlace(proto.place) },
            bytes: Array(proto.bytes),
            next: proto.hasNext ? try within("next") { () throws(FieldFault) in try BackupPlace(proto.next) } : nil)
    }
}
