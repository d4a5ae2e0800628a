extension Fan {
    /// Any message on its way is read next, in any order; once, or more often as far as chances go.
    ///
    /// Coarser than TCP, which neither reorders nor repeats within a connection: what holds here holds there.
    mutating func deliver(in world: World) {
        for position in world.messages.indices where world.messages[position] != 0 {
            if position > 0, world.messages[position] == world.messages[position - 1] { continue }
            var step = Step(.delivered, reading: Message(of: world, at: position))
            if let repeating = world.spending(.duplicate) {
                step.isRepeated = true
                read(step, in: repeating)
                step.isRepeated = false
            }
            var world = world
            world.messages[position] = 0
            world.sortMessages()
            read(step, in: world)
        }
    }

    private mutating func read(_ step: Step, in world: World) {
        if step.message.isForCoordinator {
            var step = step
            step.place = bounds.desk(of: step.message.connection)
            coordinatorReads(step, in: world)
        } else {
            agentReads(step, in: world)
        }
    }
}
