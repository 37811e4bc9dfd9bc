import SluiceTLSSettings

/// Where a Redis listens, and who asks: `redis://[user:password@]host[:port][/db]`, the same with `rediss://` for TLS and how it is
/// spoken behind it (`?ca=/path`, `ClientTLS`), or `unix:///path`.
public struct RedisEndpoint: Hashable, Sendable {
  /// A name or address with a port, or the path of a socket.
  public enum Address: Hashable, Sendable {
    /// `host` is a name, an IPv4 or an IPv6 address (without brackets); `port` is 1...65535.
    case tcp(host: String, port: UInt16)
    /// An absolute path, at most 107 bytes (`sun_path`).
    case unix(path: String)
  }

  /// The port of Redis, used where a URL names none.
  public static let defaultPort: UInt16 = 6379

  /// Where to connect.
  public let address: Address
  /// The ACL user for `AUTH`; `nil` means the default user.
  public let user: String?
  /// The password for `AUTH`; `nil` means no `AUTH` is sent.
  public let password: String?
  /// The database for `SELECT`; 0 means none is sent.
  public let database: Int
  /// How TLS is spoken; `nil` means none is.
  public let tls: ClientTLS?

  /// An endpoint from its parts; nothing is checked here, the connection will tell.
  public init(
    _ address: Address, user: String? = nil, password: String? = nil, database: Int = 0, tls: ClientTLS? = nil
  ) {
    self.address = address
    self.user = user
    self.password = password
    self.database = database
    self.tls = tls
  }

  /// Reads a URL.
  ///
  /// `redis://secret@host` gives a password without a user, as `redis-cli -u` has it. User and password may be
  /// percent-encoded.
  ///
  /// - Throws: `RedisError` with code `invalidEndpoint` and a sentence that repeats no password.
  public init(_ url: String) throws(RedisError) {
    if url.hasPrefix("redis://") {
      self = try Self.tcp(url.dropFirst("redis://".count), tls: nil)
    } else if url.hasPrefix("rediss://") {
      self = try Self.tls(url.dropFirst("rediss://".count))
    } else if url.hasPrefix("unix://") {
      self = try Self.unix(url.dropFirst("unix://".count))
    } else {
      throw Self.invalid(
        "a Redis address starts with redis://, rediss:// or unix://, as in redis://127.0.0.1:6379")
    }
  }

  private static func invalid(_ message: String) -> RedisError {
    RedisError(.invalidEndpoint, message)
  }

  private static func unix(_ path: Substring) throws(RedisError) -> RedisEndpoint {
    guard path.hasPrefix("/") else {
      throw invalid("a socket is named by its absolute path with three slashes, as in unix:///run/redis.sock")
    }
    guard path.utf8.count <= 107 else {
      throw invalid("the socket path has \(path.utf8.count) bytes and Linux allows 107; use a shorter one")
    }
    guard !path.utf8.contains(0) else { throw invalid("the socket path holds a zero byte; remove it") }
    return RedisEndpoint(.unix(path: String(path)))
  }

  private static func tls(_ rest: Substring) throws(RedisError) -> RedisEndpoint {
    // Behind the last @: a password may hold a question mark.
    let start = rest.lastIndex(of: "@") ?? rest.startIndex
    let mark = rest[start...].firstIndex(of: "?") ?? rest.endIndex
    let settings: ClientTLS
    do throws(TLSFault) { settings = try ClientTLS(query: rest[mark...].dropFirst()) } catch {
      throw invalid("the address rediss://… \(error)")
    }
    return try tcp(rest[..<mark], tls: settings)
  }

  private static func tcp(_ rest: Substring, tls: ClientTLS?) throws(RedisError) -> RedisEndpoint {
    var rest = rest
    var user: String?
    var password: String?
    // The last @ ends the credentials: an unencoded password may hold one, a host cannot.
    if let at = rest.lastIndex(of: "@") {
      let credentials = rest[..<at]
      rest = rest[rest.index(after: at)...]
      if let colon = credentials.firstIndex(of: ":") {
        let name = try decoded(credentials[..<colon])
        user = name.isEmpty ? nil : name
        password = try decoded(credentials[credentials.index(after: colon)...])
      } else {
        password = try decoded(credentials)
      }
      guard password?.isEmpty == false else {
        throw invalid("there is an @ but no password before it; write redis://user:password@host:port")
      }
    }
    var database = 0
    if let slash = rest.firstIndex(of: "/") {
      let text = rest[rest.index(after: slash)...]
      guard let number = text.isEmpty ? 0 : Int(text), number >= 0 else {
        throw invalid("the database '\(text)' is not a number from 0 upwards; write redis://host:port/0")
      }
      database = number
      rest = rest[..<slash]
    }
    let (host, portText) = try split(rest)
    guard !host.isEmpty, !host.utf8.contains(0) else {
      throw invalid("the host is missing; write redis://host:port, as in redis://127.0.0.1:6379")
    }
    var port = defaultPort
    if let portText {
      guard let number = UInt16(portText), number > 0 else {
        throw invalid("the port '\(portText)' is not a number from 1 to 65535; write redis://\(host):6379")
      }
      port = number
    }
    return RedisEndpoint(
      .tcp(host: String(host), port: port), user: user, password: password, database: database, tls: tls)
  }

  /// Splits `host:port` and `[v6]:port`.
  private static func split(_ authority: Substring) throws(RedisError) -> (host: Substring, port: Substring?)
  {
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else {
        throw invalid("an IPv6 address ends with a bracket, as in redis://[::1]:6379")
      }
      let host = authority[authority.index(after: authority.startIndex)..<close]
      let rest = authority[authority.index(after: close)...]
      guard rest.isEmpty || rest.hasPrefix(":") else {
        throw invalid("after the bracket of an IPv6 address comes :port, as in redis://[::1]:6379")
      }
      return (host, rest.isEmpty ? nil : rest.dropFirst())
    }
    guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
    let port = authority[authority.index(after: colon)...]
    guard !port.contains(":") else {
      throw invalid("an IPv6 address needs brackets, as in redis://[::1]:6379")
    }
    return (authority[..<colon], port)
  }

  /// Decodes `%40` and its like; the sentence of the error does not repeat what may be a password.
  private static func decoded(_ text: Substring) throws(RedisError) -> String {
    guard let decoded = PercentEncoding.decoded(text) else {
      throw invalid(
        "user or password has a % that is not followed by two hex digits, or bytes that are not UTF-8; write %25 for a %"
      )
    }
    return decoded
  }
}

extension RedisEndpoint: CustomStringConvertible {
  /// The URL with `***` in place of the password: fit for logs and errors.
  public var description: String {
    switch address {
    case .unix(let path):
      return "unix://\(path)"
    case .tcp(let host, let port):
      let shownHost = host.contains(":") ? "[\(host)]" : host
      let credentials = password == nil ? "" : "\(user ?? ""):***@"
      let place = "\(credentials)\(shownHost):\(port)\(database == 0 ? "" : "/\(database)")"
      return tls.map { "rediss://\(place)\($0.query)" } ?? "redis://\(place)"
    }
  }
}
