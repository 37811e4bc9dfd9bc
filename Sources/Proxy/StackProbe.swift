import NIOCore
import SluiceRESP
import SluiceTLS

/// Asks who is behind a stack's address now: a connection of its own that says the words of the hand-shake and ends.
///
/// Made and used on the lane's loop only, hence `@unchecked Sendable`.
final class StackProbe: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let loop: EventLoop
  private let world: World
  private var framer: ReplyFramer
  private var handshake: Handshake?
  private var patience: Int64 = 0
  private var rest = ByteBuffer()
  private var channel: Channel?
  private var done: ((Handshake.Greeting?) -> Void)?

  /// - Parameter done: called once, with nil if nobody is reached who takes commands.
  init(_ loop: EventLoop, in world: World, limits: FrameLimits, done: @escaping (Handshake.Greeting?) -> Void)
  {
    self.loop = loop
    self.world = world
    self.done = done
    framer = ReplyFramer(limits: limits, takesRESP3: false)
  }

  func start(_ endpoint: StackEndpoint) {
    guard done != nil else { return }
    handshake = Handshake(endpoint, negotiates: false)
    patience = endpoint.connectTimeout
    world.connect(endpoint, loop, self).assumeIsolated().whenFailure { _ in self.finish(nil) }
  }

  /// Nobody wants to know any more.
  func end() {
    done = nil
    channel?.end()
  }

  func channelActive(context: ChannelHandlerContext) {
    guard done != nil, var handshake else { return context.close(promise: nil) }
    channel = context.channel
    let words = handshake.take()
    self.handshake = handshake
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: words)), promise: nil)
    loop.assumeIsolated().scheduleTask(in: .nanoseconds(patience)) { self.finish(nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    rest.writeBuffer(&bytes)
    while done != nil {
      let bytes = rest
      guard case .reply(let length) = framer.next(bytes.readableBytesUInt8Span) else { break }
      rest.moveReaderIndex(forwardBy: length)
      switch handshake?.replied(bytes.readableBytesUInt8Span.extracting(0..<length)) {
      case .wait: continue
      case .answered: finish(handshake?.greeting)
      case .refused, nil: finish(nil)
      }
    }
    // What no hand-shake needs.
    if rest.readableBytes > 1 << 20 { finish(nil) }
  }

  func channelInactive(context: ChannelHandlerContext) { finish(nil) }

  func errorCaught(context: ChannelHandlerContext, error: Error) { finish(nil) }

  private func finish(_ greeting: Handshake.Greeting?) {
    let done = self.done
    end()
    done?(greeting)
  }
}
