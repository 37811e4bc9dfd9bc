import NIOCore
import SluiceRESP

/// The socket side of an `Upstream`: says who we are, then cuts the stream into replies.
///
/// Made and used on the stack's loop only; NIO carries it through closures that run there, hence `@unchecked Sendable`.
final class UpstreamHandler: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Greeting { case must, ping, clientID, serverInfo }

  private let upstream: Upstream
  private var framer: ReplyFramer
  /// The beginning of a reply whose end has not come.
  private var rest: ByteBuffer?
  private var greetings: [Greeting] = []
  private var isEstablished = false

  init(_ upstream: Upstream) {
    self.upstream = upstream
    framer = ReplyFramer(limits: upstream.core.settings.limits, takesRESP3: false)
  }

  func channelActive(context: ChannelHandlerContext) {
    guard !upstream.isOver else { return context.close(promise: nil) }
    upstream.opened(context.channel)
    let settings = upstream.core.settings
    var hello = ByteBuffer()
    if upstream.place == .endpoint {
      if let password = upstream.password {
        say(settings.user.map { ["AUTH", $0, password] } ?? ["AUTH", password], .must, &hello)
      }
      if settings.database != 0 { say(["SELECT", "\(settings.database)"], .must, &hello) }
      if settings.onConnectionError == .memory {
        say(["CLIENT", "ID"], .clientID, &hello)
        say(["INFO", "server"], .serverInfo, &hello)
      }
    }
    say(["PING"], .ping, &hello)
    context.writeAndFlush(wrapOutboundOut(hello), promise: nil)
    let deadline = TimeAmount.nanoseconds(settings.connectTimeout / 4 * 3)
    context.eventLoop.assumeIsolated().scheduleTask(in: deadline) {
      if !self.isEstablished { self.upstream.lost("did not answer the hand-shake in time") }
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !upstream.isOver else { return }
    upstream.core.turnBegan()
    var bytes = unwrapInboundIn(data)
    if var begun = rest {
      rest = nil
      begun.writeBuffer(&bytes)
      bytes = begun
    }
    let taken = read(bytes.readableBytesUInt8Span, context)
    bytes.moveReaderIndex(forwardBy: taken)
    if bytes.readableBytes > 0 {
      // A copy of its own: the buffer that was read into goes back for the next read.
      bytes.discardReadBytes()
      rest = bytes
    }
    upstream.heard(isIncomplete: rest != nil)
    upstream.turnEnded()
  }

  private func read(_ all: Span<UInt8>, _ context: ChannelHandlerContext) -> Int {
    var offset = 0
    while offset < all.count, !upstream.isOver {
      let ahead = all.extracting(offset..<all.count)
      switch framer.next(ahead) {
      case .incomplete:
        return offset
      case .reply(let length):
        offset &+= length
        let reply = ahead.extracting(0..<length)
        if !isEstablished {
          greeted(reply, context)
        } else if !upstream.replyArrived(reply), !upstream.isOver {
          upstream.lost("sent a reply that nobody asked for")
        }
      case .failure(let error):
        upstream.lost("does not speak RESP (\(error.message))")
      }
    }
    return offset
  }

  private func greeted(_ reply: Span<UInt8>, _ context: ChannelHandlerContext) {
    let isError = reply.count > 0 && reply[0] == UInt8(ascii: "-")
    guard !greetings.isEmpty else { return upstream.lost("sent a reply that nobody asked for") }
    let greeting = greetings.removeFirst()
    guard isError || UpstreamHandler.isAnswer(reply, to: greeting) else {
      return upstream.lost("is no Redis: its answer to the hand-shake is of another type")
    }
    switch greeting {
    case .must where isError, .ping where isError:
      let text = reply.extracting(1..<max(1, reply.count - 2)).array
      return upstream.lost("refused the connection: \(String(decoding: text, as: UTF8.self))")
    case .must, .ping: break
    case .clientID: upstream.serverID = ReplyReader.integer(reply)
    case .serverInfo: upstream.runID = UpstreamHandler.runID(in: reply)
    }
    guard greetings.isEmpty else { return }
    isEstablished = true
    upstream.established(context.channel)
  }

  private static func isAnswer(_ reply: Span<UInt8>, to greeting: Greeting) -> Bool {
    let text = ReplyReader.string(reply).map { reply.array[$0] }
    return switch greeting {
    case .must: text?.elementsEqual("OK".utf8) ?? false
    case .ping: text?.elementsEqual("PONG".utf8) ?? false
    case .clientID: ReplyReader.integer(reply) != nil
    case .serverInfo: reply[0] == UInt8(ascii: "$") && text != nil
    }
  }

  /// The run of the server, by which a restart is told.
  private static func runID(in info: Span<UInt8>) -> [UInt8]? {
    String(decoding: info.array, as: UTF8.self).split(whereSeparator: \.isNewline)
      .first { $0.hasPrefix("run_id:") }.map { Array($0.utf8) }
  }

  func channelInactive(context: ChannelHandlerContext) { upstream.lost("closed the connection") }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    upstream.lost(by: error, in: context.channel)
  }

  private func say(_ words: [String], _ greeting: Greeting, _ hello: inout ByteBuffer) {
    hello.writeBytes(InlineRequest.frame(of: words.map { Array($0.utf8) }))
    greetings.append(greeting)
  }
}
