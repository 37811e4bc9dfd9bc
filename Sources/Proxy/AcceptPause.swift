import NIOCore

/// Stops a door for a moment when a connection cannot be taken for want of descriptors or memory: the kernel goes on saying that somebody
/// waits, and asking again at once would burn a processor.
///
/// NIO's `AcceptBackoffHandler` holds back the next `read`, but the one that failed stays pending, and the selector goes on: only
/// without `autoRead` is it asked no more (2.101, `ServerSocketChannel.readFromSocket`).
public final class AcceptPause: ChannelInboundHandler {
  public typealias InboundIn = Channel

  private let pause: TimeAmount
  private let failed: (IOError) -> Void
  private var isPaused = false

  /// - Parameter failed: called once for each pause.
  public init(_ pause: TimeAmount, failed: @escaping (IOError) -> Void = { _ in }) {
    self.pause = pause
    self.failed = failed
  }

  public func errorCaught(context: ChannelHandlerContext, error: Error) {
    guard let error = error as? IOError else { return context.fireErrorCaught(error) }
    guard !isPaused else { return }
    isPaused = true
    failed(error)
    let channel = context.channel
    try? channel.syncOptions?.setOption(.autoRead, value: false)
    context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
      self.isPaused = false
      try? channel.syncOptions?.setOption(.autoRead, value: true)
    }
  }
}
