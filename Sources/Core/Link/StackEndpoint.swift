/// Where a stack's server is and how to be let in.
public struct StackEndpoint: Sendable {
  public enum Address: Sendable, Equatable {
    case tcp(host: String, port: Int)
    case unix(path: String)
  }

  public var address: Address
  /// ACL user; nil sends the password alone.
  public var user: String?
  public var password: String?
  /// Where the password may be another one at the next hand-shake; nil where it is `password` for ever.
  public var passwords: PasswordSource?
  /// How TLS is spoken to it; nil where none is.
  public var tls: (any LinkSecurity)?
  /// Number of the database that is selected on every connection.
  public var database: Int
  /// The server's number of the database that holds the stack's keys; another one than `database` where layers select it.
  public var serverDatabase: Int
  /// What people see: an address without its password.
  public var label: String
  /// How long a connection attempt may take, hand-shake included, in nanoseconds.
  public var connectTimeout: Int64 = 1_000_000_000
  /// How long nothing may move on a connection on which a reply is owed before it is cut, in nanoseconds.
  public var commandTimeout: Int64 = 1_000_000_000
  /// What the layers before the stack tell of the link behind them; nil where there are none.
  public var pulse: StackPulse?

  public init(
    address: Address, user: String? = nil, password: String? = nil, database: Int = 0, label: String
  ) {
    self.address = address
    self.user = user
    self.password = password
    self.database = database
    serverDatabase = database
    self.label = label
  }
}
