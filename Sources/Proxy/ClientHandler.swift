import NIOCore
import SluiceCore
import SluiceTLS

/// The socket of one client: brings its session what happens there.
final class ClientHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let session: ClientSession
  private let driver: LaneDriver
  private let isPlain: Bool
  private var socket: ChannelSocket?

  /// - Parameter isPlain: no TLS is spoken.
  init(_ session: ClientSession, _ driver: LaneDriver, isPlain: Bool) {
    self.isPlain = isPlain
    self.session = session
    self.driver = driver
  }

  func handlerAdded(context: ChannelHandlerContext) { socket = ChannelSocket(context, isPlain: isPlain) }

  func channelActive(context: ChannelHandlerContext) {
    guard let socket else { return }
    session.arrived(by: socket)
    if !context.channel.isWritable { session.writability(false) }
    driver.carryOut()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    session.read(bytes.readableBytesUInt8Span)
    driver.carryOut()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    session.writability(context.channel.isWritable)
    driver.carryOut()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event as? ChannelEvent == .inputClosed else { return }
    session.ended()
    driver.carryOut()
  }

  func channelInactive(context: ChannelHandlerContext) {
    session.left()
    socket = nil
    driver.carryOut()
  }

  func errorCaught(context: ChannelHandlerContext, error: Error) {
    // The end of the stream follows, and what was asked before it is answered.
    if !TLSWords.isEnd(error) { context.channel.cut() }
  }
}
