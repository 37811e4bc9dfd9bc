import NIOCore
import NIOHTTP1
import NIOPosix
import SluiceAdmin

/// The HTTP shell of the door: sockets, HTTP/1.1 and event streams, on a loop of its own apart from the data plane's and the control port's.
/// What a request means, and who may ask it, is `answer`'s to say.
public final class AdminDoor: Sendable {
  public typealias Answer = @Sendable (AdminRequest) async -> AdminResponse

  public let group: MultiThreadedEventLoopGroup
  private let connections: AdminConnections
  private let answer: Answer

  public init(answer: @escaping Answer) {
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    connections = AdminConnections()
    self.answer = answer
  }

  /// Puts HTTP into a new connection's pipeline.
  public func handler(isTLS: Bool) -> any ChannelHandler {
    HTTPEntrance(AdminHandler(answer, connections, isTLS: isTLS))
  }

  /// Counts a connection from its first moment on, where a hand-shake comes ahead of `handler`. On the channel's loop.
  public func accepted(_ channel: any Channel) {
    let connections = connections
    connections.opened(channel)
    channel.closeFuture.assumeIsolated().whenComplete { _ in connections.closed(channel) }
  }

  /// Sends everybody who looks the same event: once made, however many they are. Who has not read the one before is left out.
  public func publish(_ event: [UInt8]) {
    let connections = connections
    group.any().execute { connections.publish(event) }
  }

  /// Ends all streams: whoever may still look comes again.
  public func endStreams() {
    let connections = connections
    group.any().execute { connections.endStreams() }
  }

  /// How many look just now.
  public var viewers: Int { connections.viewersNow }

  public func stop() async { try? await group.shutdownGracefully() }

  /// Most who may look at a time.
  public static let mostViewers = 100
  /// Most other connections: all who look may come again at once.
  public static let mostOthers = 128
}

/// Puts what HTTP takes behind itself, and goes: for places that have room for one handler.
private final class HTTPEntrance: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let handler: AdminHandler

  init(_ handler: AdminHandler) { self.handler = handler }

  func handlerAdded(context: ChannelHandlerContext) {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 8 << 10
    limits.maxHeaderListSize = 32 << 10
    limits.maxHeaderFieldCount = 100
    do {
      let pipeline = context.pipeline.syncOperations
      try pipeline.configureHTTPServerPipeline(
        position: .last, withPipeliningAssistance: true, withServerUpgrade: nil, withErrorHandling: true,
        withOutboundHeaderValidation: true, withEncoderConfiguration: .init(),
        withDecoderLimitConfiguration: limits)
      try pipeline.addHandler(handler, position: .last)
    } catch {
      context.close(promise: nil)
    }
  }
}
