/// Stands in for a client that wants no reply to a command (`CLIENT REPLY OFF`): takes it, so that the client's order is kept, and
/// writes nothing.
final class Muffler: ReplySink, @unchecked Sendable {
  private let session: ClientSession

  init(_ session: ClientSession) {
    self.session = session
    super.init(home: session.home, tail: session.tail)
  }

  override var client: ClientSession? { session }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    session.replyArrived(Span(), slot: slot)
  }
}
