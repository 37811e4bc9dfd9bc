import NIOCore
import NIOTLS
import SluiceTLS

/// One end of a `TLSBridge`: what comes here leaves at the other one, and is not read faster than it leaves there.
///
/// Made and used on the bridge's loop only, hence `@unchecked Sendable`.
final class BridgeEnd: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Until this one leaves its pipeline.
  var other: BridgeEnd?
  /// Bytes may be written: at the server's end, the hand-shake is through.
  var isThrough = false
  /// Told when the hand-shake is through, before any byte of the server's; only the server's end hears of one.
  var isReady: () -> Void = {}
  /// Told of the first error.
  var failed: (any Error, Channel?) -> Void = { _, _ in }
  private var context: ChannelHandlerContext?
  private var hasFailed = false
  private var hasEnded = false

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    other = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let other else { return context.close(promise: nil) }
    if !other.write(unwrapInboundIn(data)) {
      try? context.channel.syncOptions?.setOption(.autoRead, value: false)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    guard context.channel.isWritable, let reader = other?.context else { return }
    try? reader.channel.syncOptions?.setOption(.autoRead, value: true)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
    isThrough = true
    isReady()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A server that goes without TLS's goodbye is heard of by the end of the stream.
    guard !TLSWords.isEnd(error) else { return }
    fail(error, context.channel)
    context.channel.cut()
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(ChannelError.eof, nil)
    other?.end()
  }

  private func fail(_ error: any Error, _ channel: Channel?) {
    guard !hasFailed else { return }
    hasFailed = true
    failed(error, channel)
  }

  /// Returns whether there is room for more.
  @discardableResult func write(_ bytes: ByteBuffer) -> Bool {
    guard let context else { return true }
    context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    return context.channel.isWritable
  }

  /// The other end is gone: closes behind what was written.
  private func end() {
    guard let context, !hasEnded else { return }
    hasEnded = true
    guard isThrough else { return context.channel.cut() }
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
  }
}
