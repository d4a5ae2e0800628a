/// A refusal taken apart, so that wire and log carry every case in the same three fields.
package struct RefusalParts: Hashable, Sendable {
    package let code: Refusal.Code
    package let words: [String]
    package let numbers: [Int64]
    package init(code: Refusal.Code, words: [String], numbers: [Int64]) {
        self.code = code
        self.words = words
        self.numbers = numbers
    }
}

extension Refusal {
    /// The refusal as code, words and numbers; `init(parts:)` puts it together again.
    package var parts: RefusalParts {
        switch self {
        case .noCapacity(let asked, let grantable, let inventory):
            part([], [Int64(asked), Int64(grantable), Int64(inventory)])
        case .noWholeNodes(let unit, let asked, let grantable):
            part([unit.word], [Int64(asked), Int64(grantable)])
        case .noPower(let place, let limit, let committed, let asked):
            part([place], [limit.count, committed.count, asked.count])
        case .quotaExceeded(let tenant, let quota, let held, let asked):
            part([tenant], [Int64(quota), Int64(held), Int64(asked)])
        case .notFound(let noun, let name): part([name], [Int64(noun.rawValue)])
        case .alreadyThere(let noun, let name): part([name], [Int64(noun.rawValue)])
        case .wrongState(let lease, let state, let asked):
            part([asked], [Int64(bitPattern: lease.rawValue), Int64(state.rawValue)])
        case .invalid(let field, let value, let expected): part([field, value, expected], [])
        case .notAllowed(let principal, let action): part([principal, action], [])
        case .requestTooOld(let age, let window): part([], [age.nanoseconds, window.nanoseconds])
        case .requestAhead(let by, let limit): part([], [by.nanoseconds, limit.nanoseconds])
        case .requestReused(let id):
            part([], [Int64(bitPattern: id.high), Int64(bitPattern: id.low)])
        case .requestTableFull(let limit): part([], [Int64(limit)])
        case .overloaded(let retryAfter): part([], [retryAfter.nanoseconds])
        case .notServing(let reason), .logLost(let reason): part([reason], [])
        case .historyTrimmed(let oldest): part([], [Int64(bitPattern: oldest.rawValue)])
        case .promised(let lease, let node, let until):
            part([node], [Int64(bitPattern: lease.rawValue), until.nanoseconds])
        }
    }

    /// The refusal with these parts; nil where words or numbers are missing or out of range.
    package init?(parts: RefusalParts) {
        let words = parts.words
        let numbers = parts.numbers
        let need = { (wordCount: Int, numberCount: Int) -> Bool in
            words.count >= wordCount && numbers.count >= numberCount
        }
        switch parts.code {
        case .noCapacity where need(0, 3):
            self = .noCapacity(asked: Int(numbers[0]), grantable: Int(numbers[1]), inventory: Int(numbers[2]))
        case .noWholeNodes where need(1, 2):
            guard let unit = LeaseUnit(word: words[0]) else { return nil }
            self = .noWholeNodes(unit: unit, asked: Int(numbers[0]), grantable: Int(numbers[1]))
        case .noPower where need(1, 3):
            self = .noPower(
                place: words[0], limit: Watts(numbers[0]), committed: Watts(numbers[1]), asked: Watts(numbers[2]))
        case .quotaExceeded where need(1, 3):
            self = .quotaExceeded(
                tenant: words[0], quota: Int(numbers[0]), held: Int(numbers[1]), asked: Int(numbers[2]))
        case .notFound where need(1, 1), .alreadyThere where need(1, 1):
            guard let raw = UInt8(exactly: numbers[0]), let noun = Noun(rawValue: raw) else { return nil }
            self = parts.code == .notFound ? .notFound(noun, name: words[0]) : .alreadyThere(noun, name: words[0])
        case .wrongState where need(1, 2):
            guard let raw = UInt8(exactly: numbers[1]), let state = LeaseState(rawValue: raw) else { return nil }
            self = .wrongState(
                lease: LeaseID(rawValue: UInt64(bitPattern: numbers[0])), state: state, asked: words[0])
        case .invalid where need(3, 0): self = .invalid(field: words[0], value: words[1], expected: words[2])
        case .notAllowed where need(2, 0): self = .notAllowed(principal: words[0], action: words[1])
        case .requestTooOld where need(0, 2):
            self = .requestTooOld(age: Span(nanoseconds: numbers[0]), window: Span(nanoseconds: numbers[1]))
        case .requestAhead where need(0, 2):
            self = .requestAhead(by: Span(nanoseconds: numbers[0]), limit: Span(nanoseconds: numbers[1]))
        case .requestReused where need(0, 2):
            self = .requestReused(
                id: RequestID(high: UInt64(bitPattern: numbers[0]), low: UInt64(bitPattern: numbers[1])))
        case .requestTableFull where need(0, 1): self = .requestTableFull(limit: Int(numbers[0]))
        case .overloaded where need(0, 1): self = .overloaded(retryAfter: Span(nanoseconds: numbers[0]))
        case .notServing where need(1, 0): self = .notServing(reason: words[0])
        case .logLost where need(1, 0): self = .logLost(reason: words[0])
        case .historyTrimmed where need(0, 1):
            self = .historyTrimmed(oldest: RecordIndex(rawValue: UInt64(bitPattern: numbers[0])))
        case .promised where need(1, 2):
            self = .promised(
                lease: LeaseID(rawValue: UInt64(bitPattern: numbers[0])), node: words[0],
                until: CalendarInstant(nanoseconds: numbers[1]))
        case .noCapacity, .noWholeNodes, .noPower, .quotaExceeded, .notFound, .alreadyThere, .wrongState, .invalid,
            .notAllowed, .requestTooOld, .requestAhead, .requestReused, .requestTableFull, .overloaded, .notServing,
            .historyTrimmed, .promised, .logLost:
            return nil
        }
    }

    private func part(_ words: [String], _ numbers: [Int64]) -> RefusalParts {
        RefusalParts(code: code, words: words, numbers: numbers)
    }
}
