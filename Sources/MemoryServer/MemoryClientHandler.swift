import NIOCore
import SluiceMemoryEngine
import SluiceRESP

/// One client: frames what came, runs it, and answers a whole read with one write and one flush.
///
/// A client that does not read its replies is not read from either, and its commands wait: what it costs is bounded
/// by the unread input of one turn and about `largestOutput` of replies (or one reply, if that is larger).
final class MemoryClientHandler: ChannelInboundHandler, ChannelOutboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let core: MemoryCore
  private var session = MemorySession(id: 0)
  private var framer = RequestFramer()
  /// Input that has not been run: the start of a command, or commands that wait for the client to read.
  private var input = ByteBuffer()
  /// Replies of this turn.
  private var output: [UInt8] = []
  private var needsFlush = false
  private var isClosing = false
  private var isRunning = false
  /// A read that was asked for while the client did not read.
  private var hasPendingRead = false

  /// Replies are handed over at this size even within a turn.
  private static let largestOutput = 256 * 1024

  init(core: MemoryCore) {
    self.core = core
  }

  func channelActive(context: ChannelHandlerContext) {
    session = MemorySession(id: core.connected(context.channel))
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    isClosing = true
    core.disconnected(context.channel)
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    var bytes = unwrapInboundIn(data)
    if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
    core.turnBegins()
    run(context)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if needsFlush {
      needsFlush = false
      context.flush()
    }
  }

  func read(context: ChannelHandlerContext) {
    if context.channel.isWritable { context.read() } else { hasPendingRead = true }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    guard context.channel.isWritable, !isClosing else { return }
    core.turnBegins()
    run(context)
    if needsFlush {
      needsFlush = false
      context.flush()
    }
    if hasPendingRead, context.channel.isWritable {
      hasPendingRead = false
      context.read()
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    isClosing = true
    context.close(promise: nil)
  }

  // MARK: Running

  /// Runs the whole commands in `input`, until they end or the client is too far behind with reading.
  private func run(_ context: ChannelHandlerContext) {
    // A flush below may report writability from within: this loop sees it by itself.
    if isRunning { return }
    isRunning = true
    while !isClosing, context.channel.isWritable {
      let consumed = runBatch()
      input.moveReaderIndex(forwardBy: consumed)
      let isDone = output.count < MemoryClientHandler.largestOutput
      send(context)
      if isDone { break }
      needsFlush = false
      context.flush()
    }
    isRunning = false
    if input.readableBytes == 0 {
      input = ByteBuffer()
    } else if input.readerIndex > input.capacity / 2 {
      input.discardReadBytes()
    }
    if isClosing { closeBehindReplies(context) }
  }

  /// Closes when the last reply has left; an empty write stands behind it in the queue.
  private func closeBehindReplies(_ context: ChannelHandlerContext) {
    needsFlush = false
    let channel = context.channel
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.whenComplete { _ in channel.close(promise: nil) }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
  }

  /// - Returns: how many bytes of the input are done with.
  private func runBatch() -> Int {
    // A second reference, not a copy: the span must not depend on a property that this class could change.
    let input = self.input
    let bytes = input.readableBytesUInt8Span
    var consumed = 0
    while output.count < MemoryClientHandler.largestOutput {
      let rest = bytes.extracting(droppingFirst: consumed)
      switch framer.next(rest) {
      case .incomplete:
        return consumed
      case .command(let length):
        finish(core.engine.execute(rest, framer.arguments, session: &session, into: &output))
        consumed += length
      case .inline(let length):
        runInline(rest.extracting(0..<length))
        consumed += length
      case .empty(let length):
        consumed += length
      case .failure(let error):
        fail(error)
      }
      if isClosing { return bytes.count }
    }
    return consumed
  }

  /// A line typed by a person: taken apart, and run as the array that it stands for.
  private func runInline(_ line: Span<UInt8>) {
    guard let words = InlineRequest.arguments(of: line) else {
      return fail(ProtocolError(.unbalancedQuotes, at: 0))
    }
    var frame: [UInt8] = []
    var arguments: [ArgumentRange] = []
    for word in words {
      // A line is at most 64 KiB.
      arguments.append(
        ArgumentRange(
          offset: Int32(truncatingIfNeeded: frame.count), length: Int32(truncatingIfNeeded: word.count)))
      frame.append(contentsOf: word)
    }
    finish(core.engine.execute(frame.span, arguments, session: &session, into: &output))
  }

  private func finish(_ after: MemoryEngine.AfterReply) {
    switch after {
    case .keepOpen: break
    case .close: isClosing = true
    }
  }

  private func fail(_ error: ProtocolError) {
    output.append(contentsOf: error.reply.utf8)
    isClosing = true
  }

  private func send(_ context: ChannelHandlerContext) {
    guard !output.isEmpty else { return }
    var buffer = context.channel.allocator.buffer(capacity: output.count)
    buffer.writeBytes(output)
    if output.capacity > 2 * MemoryClientHandler.largestOutput {
      output = []
    } else {
      output.removeAll(keepingCapacity: true)
    }
    context.write(wrapOutboundOut(buffer), promise: nil)
    needsFlush = true
  }
}
