import Foundation
import SluiceTLS

extension Endpoint {
  /// Reads `redis://[user:password@]host[:port][/db]`, the same with `rediss://` for TLS and `?ca=…` behind it, `unix://[user:password@]/path[?db=n]`, `memory:` and
  /// `memory:?max=256mb`. User and password may be percent-encoded.
  /// - Throws: `ValueError` that quotes the scheme alone, because the rest may hold a password.
  public init(parsing text: String) throws(ValueError) {
    guard let colon = text.firstIndex(of: ":") else {
      throw ValueError("the URL has no scheme; use redis://host:port, unix:///path or memory:")
    }
    let scheme = text[..<colon]
    let rest = text[text.index(after: colon)...]
    switch scheme {
    case "redis": self = try Self.redis(rest)
    case "rediss": self = try Self.rediss(rest)
    case "unix": self = try Self.unix(rest)
    case "memory": self = try Self.memory(rest)
    default:
      guard rest.hasPrefix("//") else {
        throw ValueError("the URL has no scheme; use redis://host:port, unix:///path or memory:")
      }
      throw ValueError("\"\(scheme)://…\" has an unknown scheme; use redis://, unix:// or memory:")
    }
  }

  private static func redis(_ rest: Substring) throws(ValueError) -> Endpoint {
    guard rest.hasPrefix("//") else { throw ValueError("\"redis:…\" lacks //; write redis://host:port") }
    let (login, place) = try splitLogin(rest.dropFirst(2))
    guard !place.contains("?"), !place.contains("#") else {
      throw ValueError("\"redis://…\" takes no parameters; write redis://host:port/db")
    }
    return try redis(login, place, tls: nil)
  }

  private static func rediss(_ rest: Substring) throws(ValueError) -> Endpoint {
    guard rest.hasPrefix("//") else { throw ValueError("\"rediss:…\" lacks //; write rediss://host:port") }
    let (login, place) = try splitLogin(rest.dropFirst(2))
    let mark = place.firstIndex(of: "?") ?? place.endIndex
    let tls: ClientTLS
    do throws(TLSFault) { tls = try ClientTLS(query: place[mark...].dropFirst()) } catch {
      throw ValueError("\"rediss://…\" \(error)")
    }
    return try redis(login, place[..<mark], tls: tls)
  }

  private static func redis(
    _ login: (user: String?, password: Secret?), _ place: Substring, tls: ClientTLS?
  ) throws(ValueError) -> Endpoint {
    var database = 0
    var authority = place
    if let slash = place.firstIndex(of: "/") {
      authority = place[..<slash]
      let name = place[place.index(after: slash)...]
      database = name.isEmpty ? 0 : try Self.database(name)
    }
    let (host, port) = try Address.hostAndPort(String(authority), defaultPort: 6379, lowestPort: 1)
    return .redis(
      host: host, port: port, user: login.user, password: login.password, database: database, tls: tls)
  }

  private static func unix(_ rest: Substring) throws(ValueError) -> Endpoint {
    guard rest.hasPrefix("//") else {
      return .unix(path: try Address.socketPath(String(rest)), user: nil, password: nil, database: 0)
    }
    var (login, place) = try splitLogin(rest.dropFirst(2))
    var database = 0
    if let mark = place.firstIndex(of: "?") {
      let query = place[place.index(after: mark)...]
      guard query.hasPrefix("db=") else {
        throw ValueError("\"unix://…\" takes the parameter db alone; write unix:///path?db=1")
      }
      database = try Self.database(query.dropFirst(3))
      place = place[..<mark]
    }
    let path = try Address.socketPath(String(place))
    return .unix(path: path, user: login.user, password: login.password, database: database)
  }

  private static func memory(_ rest: Substring) throws(ValueError) -> Endpoint {
    guard !rest.isEmpty else { return .memory(maxBytes: defaultMemoryBytes) }
    guard rest.hasPrefix("?max=") else {
      throw ValueError("\"memory:…\" takes the parameter max alone; write memory: or memory:?max=256mb")
    }
    let size = try ByteSize(parsing: String(rest.dropFirst(5)))
    guard size.bytes >= 1 << 20 else {
      throw ValueError("\"memory:?max=\(size)\" is less than 1mb; write memory:?max=256mb")
    }
    return .memory(maxBytes: size.bytes)
  }

  private static func database(_ text: Substring) throws(ValueError) -> Int {
    guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(text), number <= 65535 else {
      throw ValueError("the database is not a number from 0 to 65535; write redis://host:port/0")
    }
    return number
  }

  /// Takes `user:password@` off the front. The last `@` counts: a password may hold one.
  private static func splitLogin(
    _ text: Substring
  ) throws(ValueError) -> (login: (user: String?, password: Secret?), place: Substring) {
    guard let at = text.lastIndex(of: "@") else { return ((nil, nil), text) }
    let login = text[..<at]
    let place = text[text.index(after: at)...]
    let colon = login.firstIndex(of: ":")
    let user = login[..<(colon ?? login.endIndex)].removingPercentEncoding
    let password = colon.map { login[login.index(after: $0)...].removingPercentEncoding }
    guard let user, password != .some(nil) else {
      throw ValueError("the user or password has a bad % escape; write % itself as %25")
    }
    if let password = password ?? nil, password.isEmpty {
      throw ValueError("the password before @ is empty; write user:password@ or use password_file")
    }
    return ((user.isEmpty ? nil : user, (password ?? nil).map { Secret($0) }), place)
  }
}
