import NIOCore
import SluiceAdminDoor
import SluiceProxy
import SluiceRESP
import SluiceTLS

/// One connection to the control port: RESP in, one answer after the other out.
///
/// The control plane may take its time, so each command is a task; the next one starts when it has answered, and when the
/// client takes its answers. What it sends meanwhile waits in the kernel, so that no client costs more than its largest command.
final class ControlHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let desk: ControlDesk
  private let sessions: ControlSessions
  private var framer = RequestFramer(
    limits: FrameLimits(
      bulkBytes: ControlLimits.wordBytes, arguments: ControlLimits.words,
      frameBytes: ControlLimits.commandBytes))
  private var input = ByteBuffer()
  private var isBusy = false
  private var isPaused = false
  private var isLeaving = false
  private var isAuthenticated: Bool
  /// Wrong passwords of this connection.
  private var wrongPasswords = 0
  /// The user at the other end, where that is a unix socket.
  private var user: String?

  init(desk: ControlDesk, _ sessions: ControlSessions) {
    self.desk = desk
    self.sessions = sessions
    isAuthenticated = desk.password == nil
  }

  func channelActive(context: ChannelHandlerContext) {
    sessions.opened(context.channel)
    guard context.remoteAddress?.ipAddress == nil else { return }
    PeerUser.look(at: context.channel) { self.user = $0 }
  }

  func channelInactive(context: ChannelHandlerContext) { sessions.closed(context.channel) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    sessions.used(context.channel)
    var bytes = unwrapInboundIn(data)
    // Only when there is at least as much to throw away as to move: a long session must not grow, nor a pipeline be slow.
    if input.readerIndex >= input.readableBytes { input.discardReadBytes() }
    input.writeBuffer(&bytes)
    next(context)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { next(context) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event as? ChannelEvent == .inputClosed else { return }
    isLeaving = true
    if !isBusy { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: Error) {
    // The end of the stream follows, and what was asked before it is answered.
    if !TLSWords.isEnd(error) { context.channel.cut() }
  }

  private func next(_ context: ChannelHandlerContext) {
    act(context)
    let mustPause = (isBusy || !context.channel.isWritable) && input.readableBytes > ControlHandler.inputBytes
    guard mustPause != isPaused else { return }
    isPaused = mustPause
    try? context.channel.syncOptions?.setOption(.autoRead, value: !mustPause)
  }

  /// Bytes that a client may send ahead of the command that is under way.
  private static let inputBytes = 1 << 16

  private func act(_ context: ChannelHandlerContext) {
    while !isBusy, context.channel.isWritable {
      let bytes = input
      switch framer.next(bytes.readableBytesUInt8Span) {
      case .incomplete:
        if isLeaving { context.close(promise: nil) }
        return
      case .empty(let length):
        input.moveReaderIndex(forwardBy: length)
      case .command(let length):
        let frame = input.readBytes(length: length) ?? []
        run(framer.arguments.map { Array(frame[$0.range]) }, context)
      case .inline(let length):
        let line = input.readBytes(length: length) ?? []
        guard let words = InlineRequest.arguments(of: line.span) else {
          return fail(ProtocolError(.unbalancedQuotes, at: 0), context)
        }
        if !words.isEmpty { run(words, context) }
      case .failure(let error):
        return fail(error, context)
      }
    }
  }

  private func fail(_ error: ProtocolError, _ context: ChannelHandlerContext) {
    write(Array(error.reply.utf8), context)
    end(context)
  }

  /// Closes; what came in the same packet is not looked at any more.
  private func end(_ context: ChannelHandlerContext) {
    isBusy = true
    input.clear()
    context.close(promise: nil)
  }

  private func run(_ words: [[UInt8]], _ context: ChannelHandlerContext) {
    let command: ControlCommand
    do throws(ControlCommand.Invalid) {
      command = try ControlCommand(words)
    } catch {
      write(ControlDesk.error(error.message), context)
      // A browser that a web page has sent here must not get to the lines behind its first.
      if error.isHTTP { end(context) }
      return
    }
    switch command {
    case .auth(let password): return authenticate(password, context)
    case .quit:
      write(ControlDesk.ok, context)
      return end(context)
    case .ping: return write(Array("+PONG\r\n".utf8), context)
    case _ where !isAuthenticated: return write(ControlDesk.error("NOAUTH Authentication required."), context)
    default: break
    }
    isBusy = true
    let peer = context.remoteAddress
    let who = peer?.ipAddress.map { "control \($0):\(peer?.port ?? 0)" } ?? user ?? "control"
    let desk = desk
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let loop = context.eventLoop
    Task {
      let reply = await desk.answer(command, who: who)
      loop.execute {
        let (handler, context) = bound.value
        handler.isBusy = false
        handler.write(reply, context)
        handler.next(context)
      }
    }
  }

  // MARK: Letting in

  private func authenticate(_ given: [UInt8], _ context: ChannelHandlerContext) {
    guard let password = desk.password else {
      return write(
        ControlDesk.error("ERR AUTH called without any password configured; go on without"), context)
    }
    let isRight = password.isEqual(to: given)
    let address = context.remoteAddress.map(PasswordGuesses.place) ?? "a socket"
    switch desk.guesses.turn(of: address, now: NIODeadline.now().uptimeNanoseconds) {
    case .now: decide(isRight, address, hasWaited: false, context)
    case .after(let wait):
      later(wait, context) { handler, context in handler.decide(isRight, address, hasWaited: true, context) }
    case .turnedAway:
      write(
        ControlDesk.error(
          "ERR too many wrong passwords came from your address; wait some seconds and try again"), context)
      end(context)
    }
  }

  private func decide(
    _ isRight: Bool, _ address: String, hasWaited: Bool, _ context: ChannelHandlerContext
  ) {
    guard !isRight else {
      if hasWaited { desk.guesses.waited(address) }
      isAuthenticated = true
      return write(ControlDesk.ok, context)
    }
    wrongPasswords += 1
    let pause = desk.guesses.wrong(
      from: address, tries: wrongPasswords, hasWaited: hasWaited, now: NIODeadline.now().uptimeNanoseconds)
    later(pause, context) { handler, context in
      handler.write(ControlDesk.error("WRONGPASS invalid password"), context)
    }
  }

  /// Goes on in so many nanoseconds; what the client has sent behind waits meanwhile, and nobody else does.
  private func later(
    _ nanoseconds: Int64, _ context: ChannelHandlerContext,
    _ work: @escaping (ControlHandler, ChannelHandlerContext) -> Void
  ) {
    isBusy = true
    context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(nanoseconds)) {
      guard context.channel.isActive else { return }
      self.isBusy = false
      work(self, context)
      self.next(context)
    }
  }

  private func write(_ reply: [UInt8], _ context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: reply)), promise: nil)
  }
}
