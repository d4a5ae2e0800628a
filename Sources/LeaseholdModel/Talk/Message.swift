/// Everything that can stand in a frame.
package enum Message: Hashable, Sendable {
    case hello(Hello)
    case welcome(Welcome)
    case request(RequestEnvelope)
    case reply(Reply)
    case agent(AgentMessage)
    case order(NodeOrder)
    case guardOrder(GuardOrder)
    case guardAnswer(GuardAnswer)
    case complaint(Complaint)
}
