import NIOCore

/// Tells one client too many that it is one too many, in Redis' words, and closes.
final class TurnedAway: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    let reply = context.channel.allocator.buffer(string: "-ERR max number of clients reached\r\n")
    context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
    context.close(promise: nil)
  }
}
