import NIOCore
import NIOTLS
import SluiceRESP
import SluiceTLS

/// The socket side of a `StackConnection`: says who we are, then cuts the stream into replies.
///
/// One object per attempt to connect. Once detached it keeps quiet: its connection has gone on without it.
/// Made and used on the lane's loop only; NIO carries it through closures that run there, hence `@unchecked Sendable`.
final class StackHandler: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var connection: StackConnection? { didSet { isAttached = connection != nil } }
  /// What the reading of every reply asks of `connection`.
  private var isAttached = true
  private var framer: ReplyFramer
  /// The beginning of a reply whose end has not come.
  private var rest: ByteBuffer?
  private var handshake: Handshake
  private var isEstablished = false
  /// When the first words were sent, by the time of day: the server's own is compared with it.
  private var askedAt: Int64 = 0

  init(connection: StackConnection, _ handshake: Handshake) {
    self.connection = connection
    framer = ReplyFramer(limits: connection.lane.settings.limits, takesRESP3: false)
    self.handshake = handshake
  }

  /// The connection has no more interest in this channel.
  func detach() { connection = nil }

  func channelActive(context: ChannelHandlerContext) {
    guard let connection else { return context.close(promise: nil) }
    let isPlain = connection.endpoint.tls == nil
    if isPlain { introduce(context) }
    let deadline = TimeAmount.nanoseconds(connection.endpoint.connectTimeout)
    context.eventLoop.assumeIsolated().scheduleTask(in: deadline) {
      if self.isEstablished { return }
      let isSilent = !isPlain && self.askedAt == 0
      self.fail("did not answer the \(isSilent ? "TLS " : "")hand-shake in time", context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent { introduce(context) }
  }

  private func introduce(_ context: ChannelHandlerContext) {
    askedAt = connection?.lane.settings.world.timeOfDay() ?? 0
    say(context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let connection else { return }
    connection.lane.turnBegan()
    connection.silence.heard(at: connection.lane.now)
    var bytes = unwrapInboundIn(data)
    if var begun = rest {
      rest = nil
      begun.writeBuffer(&bytes)
      bytes = begun
    }
    let taken = read(bytes.readableBytesUInt8Span, context)
    bytes.moveReaderIndex(forwardBy: taken)
    if bytes.readableBytes > 0, self.connection != nil {
      // A copy of its own: the buffer that was read into goes back for the next read.
      bytes.discardReadBytes()
      rest = bytes
    }
    connection.turnEnded()
    connection.lane.progressed()
  }

  /// Acts on all replies that are here whole; returns how many bytes they were.
  ///
  /// Replies that go to one client one behind the other are copied there in one piece, before anything else happens.
  private func read(_ all: Span<UInt8>, _ context: ChannelHandlerContext) -> Int {
    var offset = 0
    var run = 0..<0
    var client: ReplySink?
    guard let connection, let lane = connection.lane else { return 0 }
    loop: while offset < all.count, isAttached {
      let ahead = all.extracting(offset..<all.count)
      switch framer.next(
        ahead, mayBeRESP3: isEstablished ? connection.awaitsRESP3 : handshake.awaitsRESP3)
      {
      case .incomplete:
        break loop
      case .reply(let length):
        let reply = ahead.extracting(0..<length)
        offset &+= length
        // Nobody here has asked to be told anything: it answers nothing, and is for nobody.
        if reply[0] == UInt8(ascii: ">") { continue }
        if isEstablished {
          let next = connection.claimNext(home: lane.index)
          if let next, let client, Unmanaged.passUnretained(client).toOpaque() == next.toOpaque() {
            run = run.lowerBound..<offset
          } else {
            client?.append(all.extracting(run))
            client = next?.takeUnretainedValue()
            run = offset &- length..<offset
          }
          guard lane.replyArrived(reply, from: connection, isClaimed: next != nil) else {
            fail("sent a reply that nobody asked for", context, isBroken: true)
            break loop
          }
        } else {
          greeted(reply, context)
        }
      case .failure(let error):
        client?.append(all.extracting(run))
        client = nil
        fail("does not speak RESP (\(error.message))", context, isBroken: true)
        break loop
      }
    }
    client?.append(all.extracting(run))
    return offset
  }

  private func greeted(_ reply: Span<UInt8>, _ context: ChannelHandlerContext) {
    let outcome = handshake.replied(reply)
    if let time = handshake.takeTime(), let connection {
      connection.history.told(
        ClockOffset(told: time, asked: askedAt, heard: connection.lane.settings.world.timeOfDay()))
    }
    switch outcome {
    case .wait: break
    case .refused(let reason): fail(reason, context)
    case .answered: decide(context)
    }
  }

  private func decide(_ context: ChannelHandlerContext) {
    guard let connection else { return }
    switch connection.arrived(&handshake) {
    case .refused(let reason): fail(reason, context)
    case .wait:
      context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(2)) {
        connection.lane.turnBegan()
        self.decide(context)
        connection.lane.progressed()
      }
    case .goOn: say(context)
    case .welcome:
      isEstablished = true
      connection.established(context.channel, handshake.greeting)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail("closed the connection", context)
  }

  func errorCaught(context: ChannelHandlerContext, error: Error) {
    guard let connection else { return }
    fail(connection.endpoint.lost(by: error, in: context.channel), context)
  }

  /// - Parameter isBroken: the stack has sent what no Redis sends.
  private func fail(_ reason: String, _ context: ChannelHandlerContext, isBroken: Bool = false) {
    let connection = self.connection
    self.connection = nil
    context.channel.end()
    connection?.lost(reason, kind: .unreachable, isBroken: isBroken)
  }

  private func say(_ context: ChannelHandlerContext) {
    let words = handshake.take()
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: words)), promise: nil)
  }
}
