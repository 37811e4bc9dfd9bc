import CSluiceHiredis
import Glibc
import SluiceTLS

/// A blocking connection to one Redis, for one thread: the safe face of hiredis wherever Sluice is a client.
///
/// Nothing that a server does can trap: what fails throws a ``RedisError``. After `timeout`, `closed` or
/// `protocolViolation` the connection stays unusable and every call throws the same error again, because a
/// late reply would be taken for the answer to another command; make a new client then. The connection is
/// closed when the client is released.
public final class RedisClient {
  /// Where this client is connected.
  public let endpoint: RedisEndpoint
  /// Replies that were asked for by `append` and not yet taken.
  public private(set) var pending = 0

  let context: UnsafeMutablePointer<redisContext>
  /// Where TLS is spoken, who speaks it.
  private let bridge: TLSBridge?
  private let commandTimeout: Duration
  private var broken: RedisError?

  /// Connects, and sends `AUTH` and `SELECT` where the endpoint asks for them.
  ///
  /// Names are resolved by the system's resolver, whose time is not part of `connectTimeout`.
  /// `SIGPIPE` is ignored for the whole process from here on: hiredis 0.14 writes with `write(2)`, and a
  /// server that went away must be an error and not the end.
  ///
  /// - Parameters:
  ///   - connectTimeout: for the connection alone; zero or less means as long as the system tries.
  ///   - commandTimeout: for every wait for bytes; zero or less means forever.
  /// - Throws: `connectFailed`, `refused`, or what a command throws.
  public init(
    _ endpoint: RedisEndpoint, connectTimeout: Duration = .seconds(2), commandTimeout: Duration = .seconds(5)
  ) throws(RedisError) {
    _ = Self.sigpipeIsIgnored
    let limit = timeval(connectTimeout)
    let bridge = try Self.bridge(endpoint, connectTimeout)
    self.bridge = bridge
    let made: UnsafeMutablePointer<redisContext>? =
      switch endpoint.address {
      case .tcp where bridge != nil: bridge.flatMap { redisConnectFd($0.descriptor) }
      case .tcp(let host, let port):
        connectTimeout > .zero
          ? redisConnectWithTimeout(host, Int32(port), limit) : redisConnect(host, Int32(port))
      case .unix(let path):
        connectTimeout > .zero ? redisConnectUnixWithTimeout(path, limit) : redisConnectUnix(path)
      }
    guard let made else {
      if let bridge { close(bridge.descriptor) }
      throw RedisError(.connectFailed, "no memory for a connection to \(endpoint); free some and try again")
    }
    self.endpoint = endpoint
    self.commandTimeout = commandTimeout
    context = made
    // From here on deinit frees the context, also when this throws.
    guard made.pointee.err == 0 else {
      throw RedisError(
        .connectFailed,
        "cannot connect to \(endpoint): \(Self.reason(made)); check that a Redis listens there")
    }
    guard redisSetTimeout(made, timeval(commandTimeout)) == REDIS_OK else {
      throw RedisError(.connectFailed, "cannot set the timeout of \(endpoint): \(Self.reason(made))")
    }
    try introduce()
  }

  deinit {
    redisFree(context)
  }

  /// - Returns: nil for an endpoint without TLS.
  private static func bridge(_ endpoint: RedisEndpoint, _ patience: Duration) throws(RedisError) -> TLSBridge?
  {
    guard let settings = endpoint.tls, case .tcp(let host, let port) = endpoint.address else { return nil }
    let tls: ClientTLSContext
    do throws(TLSFault) { tls = try ClientTLSContext.shared(settings) } catch {
      throw RedisError(.invalidEndpoint, "\(endpoint): \(error)")
    }
    do throws(BridgeFailure) {
      return try TLSBridge(host: host, port: port, tls, patience: patience)
    } catch {
      throw RedisError(.connectFailed, "cannot connect by TLS: \(endpoint) \(error.reason)")
    }
  }

  /// Sends one command and waits for its reply; with replies still pending, those come first and are lost.
  ///
  /// - Returns: the reply; an error of the server is ``Reply/error(_:)`` and does not throw.
  public func command(_ arguments: [[UInt8]]) throws(RedisError) -> Reply {
    try command(CommandArguments(arguments))
  }

  /// Sends one command in UTF-8 and waits for its reply: `try client.command("SET", "k", "v")`.
  public func command(_ arguments: String...) throws(RedisError) -> Reply {
    try command(CommandArguments(arguments.map(\.utf8)))
  }

  /// Sends one command and waits for its reply.
  public func command(_ arguments: CommandArguments) throws(RedisError) -> Reply {
    while pending > 0 { _ = try reply() }
    try append(arguments)
    return try reply()
  }

  /// Puts a command into the pipeline; it is sent at the next ``reply()``.
  public func append(_ arguments: [[UInt8]]) throws(RedisError) {
    try append(CommandArguments(arguments))
  }

  /// Puts a command in UTF-8 into the pipeline; it is sent at the next ``reply()``.
  public func append(_ arguments: String...) throws(RedisError) {
    try append(CommandArguments(arguments.map(\.utf8)))
  }

  /// Puts a command into the pipeline; it is sent at the next ``reply()``.
  public func append(_ arguments: CommandArguments) throws(RedisError) {
    if let broken { throw broken }
    guard arguments.count > 0 else {
      throw RedisError(.misuse, "a command needs at least its name; pass one argument or more")
    }
    guard arguments.append(to: context) else { throw failed() }
    pending += 1
  }

  /// Puts commands into the pipeline that are framed already; they are sent at the next ``reply()`` or ``send()``.
  public func append(_ commands: FramedCommands) throws(RedisError) {
    if let broken { throw broken }
    guard commands.count > 0 else { return }
    let result = commands.bytes.withUnsafeBytes {
      redisAppendFormattedCommand(context, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
    }
    guard result == REDIS_OK else { throw failed() }
    pending += commands.count
  }

  /// Hands all of the pipeline to the kernel, and waits for no reply: somebody else may be asked meanwhile.
  public func send() throws(RedisError) {
    if let broken { throw broken }
    var done: Int32 = 0
    while done == 0 {
      guard redisBufferWrite(context, &done) == REDIS_OK else { throw failed() }
    }
  }

  /// As ``reply()``, for whoever only looks: nothing is copied, and `body` must not let the view out.
  public func withReply<Value>(_ body: (ReplyView) -> Value) throws(RedisError) -> Value {
    let reply = try next()
    defer { freeReplyObject(reply) }
    return body(ReplyView(reply))
  }

  /// The next replies of two connections side by side; nothing is copied.
  public static func withReplies<Value>(
    of one: RedisClient, and other: RedisClient, _ body: (ReplyView, ReplyView) -> Value
  ) throws(RedisError) -> Value {
    let left = try one.next()
    defer { freeReplyObject(left) }
    let right = try other.next()
    defer { freeReplyObject(right) }
    return body(ReplyView(left), ReplyView(right))
  }

  private func next() throws(RedisError) -> UnsafeMutablePointer<redisReply> {
    if let broken { throw broken }
    guard pending > 0 else {
      throw RedisError(.misuse, "no reply is pending on \(endpoint); append a command first")
    }
    var object: UnsafeMutableRawPointer?
    guard redisGetReply(context, &object) == REDIS_OK, let object else { throw failed() }
    pending -= 1
    return object.assumingMemoryBound(to: redisReply.self)
  }

  /// Sends what is in the pipeline and waits for the next reply, in the order of the commands.
  ///
  /// - Throws: `misuse` when no reply is pending, for that wait would have no end.
  public func reply() throws(RedisError) -> Reply {
    let reply = try next()
    defer { freeReplyObject(reply) }
    return Reply(copying: reply)
  }

  /// Remembers and describes the error that hiredis reports; the connection is of no use from here on.
  ///
  /// To be called at once after the failing call, while `errno` still is what that call left.
  func failed() -> RedisError {
    let number = errno
    let reason = Self.reason(context)
    let error =
      switch context.pointee.err {
      // The other end of its socket pair knows more. It ends as a reset where hiredis's words were not taken any more.
      case REDIS_ERR_EOF where bridge?.reason != nil,
        REDIS_ERR_IO where bridge?.reason != nil && number != EAGAIN:
        RedisError(.closed, "\(endpoint) \(bridge?.reason ?? "closed the connection")")
      case REDIS_ERR_EOF:
        RedisError(.closed, "\(endpoint) closed the connection; see its log for the reason and connect again")
      case REDIS_ERR_PROTOCOL:
        RedisError(
          .protocolViolation, "\(endpoint) sent what is not RESP2 (\(reason)); check that it is a Redis")
      case REDIS_ERR_IO where number == EAGAIN:
        RedisError(
          .timeout,
          "\(endpoint) did not answer within \(commandTimeout); see whether it is overloaded or stopped")
      default:
        RedisError(.closed, "the connection to \(endpoint) broke: \(reason); connect again")
      }
    broken = error
    return error
  }

  private func introduce() throws(RedisError) {
    if let password = endpoint.password {
      let answer =
        if let user = endpoint.user {
          try command("AUTH", user, password)
        } else {
          try command("AUTH", password)
        }
      if case .error(let text) = answer {
        throw RedisError(
          .refused, "\(endpoint) refused user or password (\(text)); correct them in the address")
      }
    }
    if endpoint.database != 0,
      case .error(let text) = try command("SELECT", String(endpoint.database))
    {
      throw RedisError(
        .refused,
        "\(endpoint) refused database \(endpoint.database) (\(text)); correct the number or the password")
    }
  }

  private static func reason(_ context: UnsafeMutablePointer<redisContext>) -> String {
    withUnsafeBytes(of: context.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private static let sigpipeIsIgnored: Bool = {
    signal(SIGPIPE, SIG_IGN)
    return true
  }()
}

extension timeval {
  /// Rounded up to a microsecond, so that a tiny wait does not become zero, which means forever.
  fileprivate init(_ duration: Duration) {
    let (seconds, attoseconds) = max(.zero, duration).components
    let microseconds = (attoseconds + 999_999_999_999) / 1_000_000_000_000
    self.init(
      tv_sec: Int(min(seconds + microseconds / 1_000_000, 1_000_000_000)),
      tv_usec: Int(microseconds % 1_000_000))
  }
}
