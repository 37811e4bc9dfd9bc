import NIOCore
import NIOTLS

/// Stands behind TLS in the pipeline of a client until the hand-shake is through; then it puts there who serves the client, and goes.
/// Who is silent, or speaks something else, never meets anybody.
///
/// Made and used on the channel's loop only; NIO carries it through closures that run there, hence `@unchecked Sendable`.
public final class TLSGate: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
  public typealias InboundIn = ByteBuffer

  private let patience: TimeAmount
  private let counts: DoorCounts
  private let passed: () -> any ChannelHandler
  private let refused: (TLSRefusal, _ words: String, Channel) -> Void
  private var deadline: Scheduled<Void>?
  private var isOver = false

  /// - Parameters:
  ///   - patience: how long the hand-shake may take.
  ///   - passed: makes who serves the client; it is told of the connection (`channelActive`) at once.
  ///   - refused: called once if the hand-shake comes to nothing, with what TLS itself says of it.
  public init(
    _ patience: TimeAmount, _ counts: DoorCounts, passed: @escaping () -> any ChannelHandler,
    refused: @escaping (TLSRefusal, _ words: String, Channel) -> Void
  ) {
    self.patience = patience
    self.counts = counts
    self.passed = passed
    self.refused = refused
  }

  public func handlerAdded(context: ChannelHandlerContext) {
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { self.end(.silent, context) }
  }

  public func channelActive(context: ChannelHandlerContext) {}

  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .handshakeCompleted? = event as? TLSUserEvent, !isOver else { return }
    isOver = true
    deadline?.cancel()
    counts.passed()
    do {
      try context.pipeline.syncOperations.addHandler(passed(), position: .after(self))
    } catch {
      return context.close(promise: nil)
    }
    context.fireChannelActive()
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }

  public func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(TLSWords.refusal(of: error), context, TLSWords.plain(error))
  }

  public func channelInactive(context: ChannelHandlerContext) { end(.left, context) }

  private func end(_ reason: TLSRefusal, _ context: ChannelHandlerContext, _ words: String = "") {
    guard !isOver else { return }
    isOver = true
    deadline?.cancel()
    counts.refused(reason)
    refused(reason, words, context.channel)
    context.channel.end()
  }
}
