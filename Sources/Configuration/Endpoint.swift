import SluiceTLS

/// What answers for a stack: a Redis by TCP or unix socket, or the embedded memory engine.
public enum Endpoint: Sendable, Hashable {
  /// A Redis server. `database` is selected after connecting; 0 is what every connection starts with. `tls` says
  /// how TLS is spoken to it; nil speaks none.
  case redis(
    host: String, port: Int, user: String?, password: Secret?, database: Int, tls: ClientTLS? = nil)
  /// A Redis server behind a unix socket at an absolute path.
  case unix(path: String, user: String?, password: Secret?, database: Int)
  /// The embedded engine, holding at most `maxBytes` of keys and values.
  case memory(maxBytes: Int)

  /// What `memory:` without `?max=` holds: 256 MiB.
  public static let defaultMemoryBytes = 256 << 20

  /// The same endpoint with this password; the memory engine has none and stays as it is.
  func authenticated(by password: Secret) -> Endpoint {
    switch self {
    case .redis(let host, let port, let user, _, let database, let tls):
      .redis(host: host, port: port, user: user, password: password, database: database, tls: tls)
    case .unix(let path, let user, _, let database):
      .unix(path: path, user: user, password: password, database: database)
    case .memory: self
    }
  }

  /// How TLS is spoken to it; nil where none is.
  public var tls: ClientTLS? {
    get { if case .redis(_, _, _, _, _, let tls) = self { tls } else { nil } }
    set {
      guard case .redis(let host, let port, let user, let password, let database, .some) = self else {
        return
      }
      self = .redis(host: host, port: port, user: user, password: password, database: database, tls: newValue)
    }
  }

  var user: String? {
    switch self {
    case .redis(_, _, let user, _, _, _), .unix(_, let user, _, _): user
    case .memory: nil
    }
  }

  /// Sent on every connection; nil sends none.
  public var password: Secret? {
    switch self {
    case .redis(_, _, _, let password, _, _), .unix(_, _, let password, _): password
    case .memory: nil
    }
  }

  /// Whether commands sent to both end up in one key space. Two memory engines never do.
  func sharesData(with other: Endpoint) -> Bool {
    switch (self, other) {
    case (
      .redis(let host, let port, _, _, let database, _), .redis(let host2, let port2, _, _, let database2, _)
    ):
      host == host2 && port == port2 && database == database2
    case (.unix(let path, _, _, let database), .unix(let path2, _, _, let database2)):
      path == path2 && database == database2
    case (.redis, _), (.unix, _), (.memory, _): false
    }
  }

  /// Where it is reached; nil for the embedded engine.
  public var address: Address? {
    switch self {
    case .redis(let host, let port, _, _, _, _): .tcp(host: host, port: port)
    case .unix(let path, _, _, _): .unix(path: path)
    case .memory: nil
    }
  }
}

extension Endpoint: CustomStringConvertible {
  /// The URL with `***` in the place of a password: safe to show and to log.
  public var description: String {
    switch self {
    case .redis(let host, let port, let user, let password, let database, let tls):
      let suffix = database == 0 ? "" : "/\(database)"
      let place = "\(Self.login(user, password))\(Address.bracketed(host)):\(port)\(suffix)"
      return tls.map { "rediss://\(place)\($0.query)" } ?? "redis://\(place)"
    case .unix(let path, let user, let password, let database):
      return "unix://\(Self.login(user, password))\(path)\(database == 0 ? "" : "?db=\(database)")"
    case .memory(let maxBytes):
      return "memory:\(maxBytes == Self.defaultMemoryBytes ? "" : "?max=\(ByteSize(bytes: maxBytes))")"
    }
  }

  private static func login(_ user: String?, _ password: Secret?) -> String {
    switch (user, password) {
    case (nil, nil): ""
    case (let user?, nil): "\(user)@"
    case (let user, let password?): "\(user ?? ""):\(password)@"
    }
  }
}
