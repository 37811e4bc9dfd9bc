import Foundation

/// Where Sluice listens or is reached: `127.0.0.1:6400`, `[::1]:6400`, `tls:0.0.0.0:6443` or `unix:/run/sluice.sock`.
public enum Address: Sendable, Hashable {
  /// A host name or IP address, without brackets; port 0 lets the kernel choose when listening.
  case tcp(host: String, port: Int)
  /// The same, speaking TLS.
  case tls(host: String, port: Int)
  /// The path of a unix socket: absolute, at most 107 bytes.
  case unix(path: String)

  /// Reads `host:port`, `[ipv6]:port`, either with `tls:` in front, `unix:/path` or `unix:///path`.
  /// - Throws: `ValueError` with what is wrong and what to write instead.
  public init(parsing text: String) throws(ValueError) {
    if text.hasPrefix("unix:") {
      let rest = text.dropFirst("unix:".count)
      self = .unix(path: try Self.socketPath(String(rest.hasPrefix("//") ? rest.dropFirst(2) : rest)))
      return
    }
    guard !text.contains("/") else {
      throw ValueError("\"\(text)\" is not an address; write host:port or unix:/path")
    }
    let isTLS = text.hasPrefix("tls:")
    let place = isTLS ? String(text.dropFirst("tls:".count)) : text
    let (host, port) = try Self.hostAndPort(place, defaultPort: nil, lowestPort: 0)
    self = isTLS ? .tls(host: host, port: port) : .tcp(host: host, port: port)
  }

  /// Whether only this machine can reach it.
  public var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _), .tls(let host, _): host == "localhost" || Self.isLoopback(host)
    }
  }

  /// Whether the kernel chooses the port.
  public var hasNoPort: Bool { if case .tcp(_, 0) = place { true } else { false } }

  /// Whether TLS is spoken there.
  public var isTLS: Bool { if case .tls = self { true } else { false } }

  /// The same place, whatever is spoken there.
  var place: Address {
    if case .tls(let host, let port) = self { .tcp(host: host, port: port) } else { self }
  }
}

extension Address {
  /// Whether a text is an address of the loopback network. A name such as `127.example.org` may lead
  /// anywhere.
  private static func isLoopback(_ host: String) -> Bool {
    var four = in_addr()
    var six = in6_addr()
    if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
    guard inet_pton(AF_INET6, host, &six) == 1 else { return false }
    let bytes = withUnsafeBytes(of: &six) { Array($0) }
    let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127]
    return bytes.starts(with: mapped) || bytes == [UInt8](repeating: 0, count: 15) + [1]
  }
}

extension Address {
  /// Whether a text is an IP address.
  static func isNumeric(_ text: String) -> Bool {
    var four = in_addr()
    var six = in6_addr()
    return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
  }
}

extension Address: CustomStringConvertible {
  /// The spelling that `init(parsing:)` reads.
  public var description: String {
    switch self {
    case .tcp(let host, let port): "\(Self.bracketed(host)):\(port)"
    case .tls(let host, let port): "tls:\(Self.bracketed(host)):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }

  static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}

extension Address {
  /// Splits `host:port`; the messages quote nothing, because a forgotten `@host` makes a password look like a
  /// port.
  static func hostAndPort(
    _ text: String, defaultPort: Int?, lowestPort: Int
  ) throws(ValueError) -> (host: String, port: Int) {
    var host = Substring(text)
    var port: Substring?
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else {
        throw ValueError("the address has no closing bracket; write [::1]:6400")
      }
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else {
        throw ValueError("the address goes on after its closing bracket; write [::1]:6400")
      }
      port = rest.isEmpty ? nil : rest.dropFirst()
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      port = text[text.index(after: colon)...]
      guard !host.contains(":") else {
        throw ValueError("an IPv6 address needs brackets; write [::1]:6400")
      }
    }
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "\0" || $0 == "@" }) else {
      throw ValueError("the host is missing; write host:port, for example 127.0.0.1:6400")
    }
    guard let port else {
      guard let defaultPort else {
        throw ValueError("the port is missing; write host:port, for example 127.0.0.1:6400")
      }
      return (String(host), defaultPort)
    }
    guard port.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(port),
      (lowestPort...65535).contains(number)
    else {
      throw ValueError("the port is not a number from \(lowestPort) to 65535; write host:port")
    }
    return (String(host), number)
  }

  /// Checks the path of a unix socket; the kernel's `sun_path` has room for 107 bytes and a zero.
  static func socketPath(_ path: String) throws(ValueError) -> String {
    guard path.hasPrefix("/"), path.count > 1, !path.contains("\0") else {
      throw ValueError("the path of a unix socket must be absolute; write unix:///run/cache.sock")
    }
    guard path.utf8.count <= 107 else {
      throw ValueError("the path of the unix socket is longer than 107 bytes; use a shorter one")
    }
    return path
  }
}
