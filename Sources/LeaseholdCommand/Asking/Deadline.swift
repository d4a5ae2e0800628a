import LeaseholdModel

/// A time limit around something that waits.
enum Deadline {
    /// Runs the body; after the span it is cancelled and the command ends with this status.
    static func within<Value: Sendable>(
        _ span: Span?, status: Int32, _ body: @escaping @Sendable () async throws -> Value,
        late: @escaping @Sendable (Span) -> String
    ) async throws -> Value {
        guard let span else { return try await body() }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .nanoseconds(span.nanoseconds))
                throw Ending(status: status, late(span))
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { preconditionFailure("a group of two tasks is empty") }
            return first
        }
    }
}
