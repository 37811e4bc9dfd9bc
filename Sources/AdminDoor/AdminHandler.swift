import NIOCore
import NIOHTTP1
import NIOPosix
import SluiceAdmin

/// One connection to the door: a request in, its answer out, one after the other; or events for as long as the viewer stays.
final class AdminHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Chunk
  typealias OutboundOut = HTTPServerResponsePart

  /// One event of a stream, from `AdminConnections`.
  struct Chunk: Sendable {
    var bytes: ByteBuffer
  }

  private let answer: AdminDoor.Answer
  private let connections: AdminConnections
  private let isTLS: Bool
  private var peer = AdminRequest.Peer()
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  /// The request was refused before its end: what still comes of it is thrown away.
  private var isDeaf = false
  private var isStreaming = false
  private var deadline: Scheduled<Void>?

  init(_ answer: @escaping AdminDoor.Answer, _ connections: AdminConnections, isTLS: Bool) {
    self.answer = answer
    self.connections = connections
    self.isTLS = isTLS
  }

  func handlerAdded(context: ChannelHandlerContext) {
    // Behind a hand-shake the connection is there already; otherwise `channelActive` follows.
    if context.channel.isActive { opened(context) }
  }

  func channelActive(context: ChannelHandlerContext) { opened(context) }

  private func opened(_ context: ChannelHandlerContext) {
    guard deadline == nil else { return }
    connections.opened(context.channel)
    let address = context.remoteAddress
    peer = AdminRequest.Peer(
      address: address?.ipAddress, port: address?.ipAddress == nil ? nil : address?.port)
    if peer.address == nil {
      PeerUser.look(at: context.channel) { name in self.peer.user = name }
    }
    wait(Self.idle, context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    connections.closed(context.channel)
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isStreaming else { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      connections.used(context.channel)
      self.head = head
      body = []
      isDeaf = false
      wait(Self.patience, context)
    case .body(let bytes):
      guard !isDeaf else { return }
      guard body.count + bytes.readableBytes <= Self.bodyBytes else {
        isDeaf = true
        return send(
          .refusal(413, "an order's body has at most \(Self.bodyBytes) bytes"), for: head, isLast: true,
          context)
      }
      body.append(contentsOf: bytes.readableBytesView)
    case .end:
      guard !isDeaf, let head else { return }
      deadline?.cancel()
      run(head, context)
    }
  }

  private func run(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var headers: [String: String] = [:]
    for (name, value) in head.headers {
      let name = name.lowercased()
      if headers[name] == nil { headers[name] = value }
    }
    let request = AdminRequest(
      method: head.method.rawValue, target: head.uri, headers: headers, body: body, peer: peer, isTLS: isTLS)
    body = []
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let (loop, answer) = (context.eventLoop, answer)
    Task {
      let response = await answer(request)
      loop.execute {
        let (handler, context) = bound.value
        handler.send(response, for: head, isLast: !head.isKeepAlive, context)
      }
    }
  }

  private func send(
    _ response: AdminResponse, for request: HTTPRequestHead?, isLast: Bool, _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive else { return }
    var response = response
    if response.isStream, !connections.hasRoomForViewer {
      response = .refusal(503, "\(AdminDoor.mostViewers) already look; close a page that nobody reads")
    }
    let isHead = request?.method == .HEAD
    let isStream = response.isStream && !isHead
    var headers = HTTPHeaders()
    headers.add(name: "content-type", value: response.type)
    for (name, value) in AdminResponse.always + response.headers { headers.add(name: name, value: value) }
    if !headers.contains(name: "content-security-policy") {
      headers.add(name: "content-security-policy", value: AdminResponse.nothingAllowed)
    }
    if isStream {
      // Events have no end: the connection's is theirs.
      headers.add(name: "connection", value: "close")
      headers.add(name: "x-accel-buffering", value: "no")
    } else {
      headers.add(name: "content-length", value: "\(response.body.count)")
      if isLast { headers.add(name: "connection", value: "close") }
    }
    let version = request?.version ?? .http1_1
    context.write(
      wrapOutboundOut(
        .head(
          HTTPResponseHead(version: version, status: .init(statusCode: response.status), headers: headers))),
      promise: nil)
    if !isHead, !response.body.isEmpty {
      context.write(
        wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: response.body)))),
        promise: nil)
    }
    if isStream {
      isStreaming = true
      deadline?.cancel()
      context.flush()
      return connections.looks(context.channel)
    }
    head = nil
    let ending = context.eventLoop.makePromise(of: Void.self)
    if isLast {
      let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
      ending.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: ending)
    if !isLast { wait(Self.idle, context) }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    context.write(wrapOutboundOut(.body(.byteBuffer(unwrapOutboundIn(data).bytes))), promise: promise)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  /// Closes what does not go on.
  private func wait(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
  }

  private static let bodyBytes = 16 << 10
  /// For the rest of a request whose head is there.
  private static let patience = TimeAmount.seconds(10)
  /// For a head, the first or the next.
  private static let idle = TimeAmount.seconds(60)
}
