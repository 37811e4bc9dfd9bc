import SluiceRedis

/// How a link is made, and who is told of its life.
public struct LinkSettings: Sendable {
  public var endpoint: RedisEndpoint
  public var connectTimeout: Duration
  /// From the call to the answer; a call that finds no connection has the time for making one besides.
  public var commandTimeout: Duration
  /// Whether the connection says `HELLO 3`.
  public var speaksRESP3 = false
  /// Needed where the endpoint has TLS.
  public var tls: LinkTLSMaker?
  public var order: LinkOrder
  /// A connection is there, on the loop, before anything is asked by it.
  public var connected: @Sendable () -> Void = {}
  /// None came about, or the server is silent: why.
  public var failed: @Sendable (RedisError) -> Void = { _ in }

  public init(
    _ endpoint: RedisEndpoint, connectTimeout: Duration, commandTimeout: Duration,
    order: LinkOrder = LinkOrder()
  ) {
    self.endpoint = endpoint
    self.connectTimeout = connectTimeout
    self.commandTimeout = commandTimeout
    self.order = order
  }

  /// What a new connection says first. TLS is known to be through by an answer, so there is always one to wait for.
  var introduction: LinkCommand? {
    var command = LinkCommand(isRead: false)
    func words(_ words: [String]) {
      command.begin(words.count)
      for word in words { command.append(word) }
    }
    let login = endpoint.password.map { [endpoint.user ?? "default", $0] }
    if speaksRESP3 {
      words(["HELLO", "3"] + (login.map { ["AUTH"] + $0 } ?? []))
    } else if let password = endpoint.password {
      words(["AUTH"] + (endpoint.user.map { [$0] } ?? []) + [password])
    }
    if endpoint.database != 0 { words(["SELECT", String(endpoint.database)]) }
    if command.count == 0, endpoint.tls != nil { words(["PING"]) }
    return command.count == 0 ? nil : command
  }

  /// What a refusal of a part of the introduction means.
  func refusal(_ text: String, isLast: Bool) -> RedisError {
    guard endpoint.database != 0, isLast else {
      let what = endpoint.password == nil ? "the connection" : "user or password"
      return RedisError(.refused, "\(endpoint) refused \(what) (\(text)); correct them in the address")
    }
    return RedisError(
      .refused,
      "\(endpoint) refused database \(endpoint.database) (\(text)); correct the number or the password")
  }
}
