import NIOCore
import NIOTLS
import SluiceCore
import SluiceTLS

/// A socket to a stack: brings the machine at its end what happens there.
///
/// Made and used on its loop only; NIO carries it through closures that run there, hence `@unchecked Sendable`.
final class LinkHandler: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer

  private let end: any LinkEnd
  private let endpoint: StackEndpoint
  private let driver: LaneDriver
  private var socket: ChannelSocket?
  /// The end has been told that the socket is gone.
  var isOver = false

  init(_ end: any LinkEnd, _ endpoint: StackEndpoint, _ driver: LaneDriver) {
    self.end = end
    self.endpoint = endpoint
    self.driver = driver
  }

  func channelActive(context: ChannelHandlerContext) {
    let socket = ChannelSocket(context, isPlain: endpoint.tls == nil)
    self.socket = socket
    end.reached(socket, endpoint, isOpen: endpoint.tls == nil)
    driver.carryOut()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
    end.opened()
    driver.carryOut()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    end.read(bytes.readableBytesUInt8Span)
    driver.carryOut()
  }

  func channelInactive(context: ChannelHandlerContext) { isOver("closed the connection") }

  func errorCaught(context: ChannelHandlerContext, error: Error) {
    isOver(endpoint.lost(by: error, in: context.channel))
    context.channel.end()
  }

  private func isOver(_ reason: String) {
    guard !isOver else { return }
    isOver = true
    end.closed(reason)
    driver.carryOut()
  }
}
