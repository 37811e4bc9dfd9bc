import NIOCore
import SluiceRESP
import SluiceRedis

/// Cuts what comes into replies. On the connection's loop only.
final class LinkHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let core: LinkCore
  private let generation: Int
  private let tls: (any LinkTLS)?
  private var framer: ReplyFramer
  private var buffer: ByteBuffer?
  private var error: (any Error)?

  init(_ core: LinkCore, _ generation: Int, takesRESP3: Bool, _ tls: (any LinkTLS)?) {
    self.core = core
    self.generation = generation
    self.tls = tls
    framer = ReplyFramer(takesRESP3: takesRESP3)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if var kept = buffer.take() {
      kept.writeBuffer(&bytes)
      bytes = kept
    }
    core.heard()
    cut(&bytes, context)
    guard bytes.readableBytes > 0 else { return }
    if bytes.readerIndex > 64 << 10 { bytes.discardReadBytes() }
    buffer = bytes
  }

  private func cut(_ bytes: inout ByteBuffer, _ context: ChannelHandlerContext) {
    while bytes.readableBytes > 0 {
      let (length, reply, isPush, fault) = look(bytes)
      if let fault {
        core.broken(fault, generation)
        return context.close(promise: nil)
      }
      guard length > 0 else { return }
      bytes.moveReaderIndex(forwardBy: length)
      // What a server tells unasked is no answer.
      if isPush { continue }
      guard let reply else {
        core.broken("a reply that no client is sent", generation)
        return context.close(promise: nil)
      }
      guard core.received(reply, generation) else {
        bytes.clear()
        return context.close(promise: nil)
      }
    }
  }

  private func look(_ bytes: ByteBuffer) -> (length: Int, reply: Reply?, isPush: Bool, fault: String?) {
    let span = bytes.readableBytesUInt8Span
    switch framer.next(span) {
    case .incomplete: return (0, nil, false, nil)
    case .failure(let error): return (0, nil, false, "\(error)")
    case .reply(let length):
      let frame = span.extracting(0..<length)
      if frame[0] == UInt8(ascii: ">") { return (length, nil, true, nil) }
      return (length, Reply(frame: frame), false, nil)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) { core.readComplete() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if self.error == nil, tls?.isEnd(error) != true { self.error = error }
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    core.closed(error, context.channel, tls, generation)
  }
}
