internal import LeaseholdModel

/// A device's number for a way in which it can be cut, which orders name; the same on every device of a product.
package struct SliceProfileID: NumberedID {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// A device's number for a piece while that exists (a GPU instance); another piece may have it afterwards.
package struct SliceInstanceID: NumberedID, Codable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// A piece's number for a compute instance in it while that exists.
package struct SliceComputeID: NumberedID, Codable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
}
