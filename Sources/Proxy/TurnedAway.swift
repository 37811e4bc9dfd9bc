import NIOCore

/// Tells one client too many that it is one too many, in Redis' words, and closes. At a door that speaks TLS it only closes: a hand-shake
/// costs more than the words are worth, and Redis does the same.
final class TurnedAway: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let speaks: Bool
  private let words: String

  init(speaks: Bool, words: String) {
    self.speaks = speaks
    self.words = words
  }

  func channelActive(context: ChannelHandlerContext) {
    guard speaks else { return context.close(promise: nil) }
    let reply = context.channel.allocator.buffer(string: "-\(words)\r\n")
    context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
    context.close(promise: nil)
  }
}
