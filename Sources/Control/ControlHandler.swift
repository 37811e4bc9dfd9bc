import NIOCore
import SluiceRESP

/// One connection to the control port: RESP in, one answer after the other out.
///
/// The control plane may take its time, so each command is a task; the next one starts when it has answered, and when the
/// client takes its answers. What it sends meanwhile waits in the kernel, so that no client costs more than its largest command.
final class ControlHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let desk: ControlDesk
  private var framer = RequestFramer(
    limits: FrameLimits(bulkBytes: 1 << 20, arguments: 65_536, frameBytes: 4 << 20))
  private var input = ByteBuffer()
  private var isBusy = false
  private var isPaused = false
  private var isLeaving = false
  private var isAuthenticated: Bool

  init(desk: ControlDesk) {
    self.desk = desk
    isAuthenticated = desk.password == nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
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

  func errorCaught(context: ChannelHandlerContext, error: Error) { context.close(promise: nil) }

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
    case .auth(let password): return write(authenticate(password), context)
    case .quit:
      write(ControlDesk.ok, context)
      return end(context)
    case .ping: return write(Array("+PONG\r\n".utf8), context)
    case _ where !isAuthenticated: return write(ControlDesk.error("NOAUTH Authentication required."), context)
    default: break
    }
    isBusy = true
    let peer = context.remoteAddress
    let who = peer?.ipAddress.map { "control \($0):\(peer?.port ?? 0)" } ?? "control"
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

  private func authenticate(_ given: [UInt8]) -> [UInt8] {
    guard let password = desk.password else {
      return ControlDesk.error("ERR AUTH called without any password configured; go on without")
    }
    guard given == password else { return ControlDesk.error("WRONGPASS invalid password") }
    isAuthenticated = true
    return ControlDesk.ok
  }

  private func write(_ reply: [UInt8], _ context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: reply)), promise: nil)
  }
}
