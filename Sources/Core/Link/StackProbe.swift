import SluiceRESP

/// Asks who is behind a stack's address now: a connection of its own that says the words of the hand-shake and ends.
///
/// Made and used on the lane's loop only, hence `@unchecked Sendable`.
final class StackProbe: LinkEnd, @unchecked Sendable {
  private let lane: Lane
  private var socket: (any Socket)?
  private var framer: ReplyFramer
  private var handshake: Handshake
  private var rest = Bytes()
  private var done: ((Handshake.Greeting?) -> Void)?

  /// - Parameter done: called once, with nil if nobody is reached who takes commands.
  init(_ endpoint: StackEndpoint, on lane: Lane, done: @escaping (Handshake.Greeting?) -> Void) {
    handshake = Handshake(endpoint, negotiates: false)
    self.lane = lane
    self.done = done
    framer = ReplyFramer(limits: lane.settings.limits, takesRESP3: false)
  }

  /// Nobody wants to know any more.
  func end() {
    done = nil
    if let socket { lane.want(.close(socket, .orderly)) }
  }

  func reached(_ socket: any Socket, _ endpoint: StackEndpoint, isOpen: Bool) {
    self.socket = socket
    guard done != nil else { return end() }
    handshake = Handshake(endpoint, negotiates: false)
    if isOpen { opened() }
    lane.arm(in: endpoint.connectTimeout) { self.finish(nil) }
  }

  func opened() {
    if let socket { lane.want(.write(socket, Bytes(handshake.take()))) }
  }

  func read(_ bytes: Span<UInt8>) {
    rest.append(bytes)
    while done != nil {
      let come = rest
      guard case .reply(let length) = framer.next(come.span) else { break }
      let reply = rest.take(length)
      let outcome = handshake.replied(reply.span)
      switch outcome {
      case .wait: continue
      case .answered: finish(handshake.greeting)
      case .refused: finish(nil)
      }
    }
    // What no hand-shake needs.
    if rest.count > 1 << 20 { finish(nil) }
  }

  func closed(_ reason: String) {
    socket = nil
    finish(nil)
  }

  private func finish(_ greeting: Handshake.Greeting?) {
    let done = self.done
    end()
    done?(greeting)
  }
}
