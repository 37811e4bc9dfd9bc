import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import SluiceLocks
import SluiceTLS

/// Asks HTTP servers: a connection per request, for what happens a few times a minute. The requests of a proxy to others are webhooks,
/// metrics and a flag file, so there is no pool, no redirect and no cookie.
public final class HTTPCaller: Sendable {
  public struct Request: Sendable {
    public var method = "GET"
    public var place: HTTPPlace
    public var headers: [(name: String, value: String)] = []
    public var body: [UInt8] = []
    /// How TLS is spoken, where the place wants it.
    public var tls = ClientTLS()
    /// From the first byte of the question of the host's name to the last one of the answer.
    public var patience: Duration = .seconds(10)
    /// A longer answer is refused.
    public var answerBytes = 8 << 20

    public init(_ place: HTTPPlace) { self.place = place }
  }

  public struct Answer: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public subscript(_ name: String) -> String? {
      headers.first { $0.name.lowercased() == name }?.value
    }
  }

  private let group: MultiThreadedEventLoopGroup

  /// On a thread of its own.
  public init() { group = MultiThreadedEventLoopGroup(numberOfThreads: 1) }

  deinit { group.shutdownGracefully(queue: .global()) { _ in } }

  public func stop() async { try? await group.shutdownGracefully() }

  /// - Throws: why there is no answer. An answer of any status is one.
  public func call(_ request: Request) async throws(HTTPFault) -> Answer {
    let loop = group.next()
    let promise = loop.makePromise(of: Answer.self)
    let exchange = HTTPExchange(request, promise)
    let nanoseconds = request.patience.nanoseconds
    let deadline = loop.scheduleTask(in: .nanoseconds(nanoseconds)) {
      exchange.end(HTTPFault("did not answer within \(nanoseconds / 1_000_000) ms"))
    }
    let place = request.place
    do {
      let context = place.isSecure ? try ClientTLSContext.shared(request.tls) : nil
      let connecting = ClientBootstrap(group: loop)
        .connectTimeout(.nanoseconds(nanoseconds))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(exchange.handler)
            try context?.start(in: channel, host: place.host)
          }
        }
        .connect(host: place.host, port: place.port)
      connecting.whenFailure { exchange.end(HTTPFault("cannot be reached: \(Self.words($0))")) }
    } catch {
      exchange.end(HTTPFault("\(error)"))
    }
    defer { deadline.cancel() }
    do { return try await promise.futureResult.get() } catch {
      throw error as? HTTPFault ?? HTTPFault("cannot be reached: \(TLSWords.plain(error))")
    }
  }
}

extension HTTPCaller {
  /// Why a connection could not be made, without the inside of a library.
  static func words(_ error: any Error) -> String {
    guard let error = error as? NIOConnectionError else { return TLSWords.plain(error) }
    if let first = error.connectionErrors.first?.error { return TLSWords.plain(first) }
    return "no such host \(error.host)"
  }
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    let (seconds, atto) = components
    let (whole, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return isOver ? .max / 2 : max(0, min(.max / 2, whole &+ atto / 1_000_000_000))
  }
}

/// One request and what became of it; its answer is given once, whoever is first.
private final class HTTPExchange: Sendable {
  let request: HTTPCaller.Request
  private let promise: EventLoopPromise<HTTPCaller.Answer>
  private let state = Mutex((isOver: false, channel: (any Channel)?.none))

  init(_ request: HTTPCaller.Request, _ promise: EventLoopPromise<HTTPCaller.Answer>) {
    (self.request, self.promise) = (request, promise)
  }

  var handler: HTTPExchangeHandler { HTTPExchangeHandler(self) }

  /// - Returns: whether somebody waits for the answer yet.
  func opened(_ channel: any Channel) -> Bool {
    state.withLock { state in
      state.channel = channel
      return !state.isOver
    }
  }

  func end(_ fault: HTTPFault) { finish { $0.fail(fault) } }

  func end(_ answer: HTTPCaller.Answer) { finish { $0.succeed(answer) } }

  private func finish(_ tell: (EventLoopPromise<HTTPCaller.Answer>) -> Void) {
    let (isFirst, channel) = state.withLock { state in
      defer { state.isOver = true }
      return (!state.isOver, state.channel)
    }
    if isFirst { tell(promise) }
    channel?.close(promise: nil)
  }
}

private final class HTTPExchangeHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let exchange: HTTPExchange
  private var answer = HTTPCaller.Answer(status: 0, headers: [], body: [])

  init(_ exchange: HTTPExchange) { self.exchange = exchange }

  func channelActive(context: ChannelHandlerContext) {
    guard exchange.opened(context.channel) else { return context.close(promise: nil) }
    let request = exchange.request
    var headers = HTTPHeaders()
    headers.add(name: "Host", value: request.place.authority)
    headers.add(name: "User-Agent", value: "sluice")
    headers.add(name: "Connection", value: "close")
    if !request.body.isEmpty { headers.add(name: "Content-Length", value: "\(request.body.count)") }
    if let login = request.place.login {
      let text = PercentEncoding.decoded(Substring(login)) ?? login
      headers.add(name: "Authorization", value: "Basic \(Data(text.utf8).base64EncodedString())")
    }
    for (name, value) in request.headers { headers.add(name: name, value: value) }
    let head = HTTPRequestHead(
      version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: request.place.path,
      headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !request.body.isEmpty {
      let body = context.channel.allocator.buffer(bytes: request.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      answer.status = Int(head.status.code)
      answer.headers = head.headers.map { ($0.name, $0.value) }
    case .body(let bytes):
      guard answer.body.count + bytes.readableBytes <= exchange.request.answerBytes else {
        return exchange.end(HTTPFault("answers with more than \(exchange.request.answerBytes) bytes"))
      }
      answer.body.append(contentsOf: bytes.readableBytesView)
    case .end: exchange.end(answer)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    exchange.end(HTTPFault("closed the connection before it had answered"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The end of a stream without a farewell follows many an answer.
    guard !TLSWords.isEnd(error) else { return }
    let words = TLSWords.reason(of: error, exchange.request.tls, in: context.channel)
    exchange.end(
      HTTPFault(
        words?.replacing("redis://", with: "http://") ?? "cannot be talked to: \(TLSWords.plain(error))"))
  }
}
