import SluiceRESP

/// One command, or several that belong together, as they go over the wire: their replies come back together.
public struct LinkCommand: Sendable {
  public private(set) var bytes: [UInt8] = []
  /// How many commands there are, and so replies.
  public private(set) var count = 0
  /// Whether all of it may be sent again where a connection broke before the answer. Only what changes nothing may be: of a write nobody
  /// knows whether it came to pass, nor who has written since.
  public let isRead: Bool
  /// Called where an answer comes, or will come no more, after the one who asked has gone. On the link's loop.
  public var late: (@Sendable () -> Void)?

  /// An empty one, to be filled.
  ///
  /// - Parameter size: about how many bytes it will have.
  public init(isRead: Bool, size: Int = 64) {
    self.isRead = isRead
    bytes.reserveCapacity(size)
  }

  /// One command from its arguments, its name first.
  public init(isRead: Bool, _ arguments: [[UInt8]]) {
    self.init(isRead: isRead, size: arguments.reduce(16) { $0 + $1.count + 16 })
    begin(arguments.count)
    for argument in arguments { append(argument) }
  }

  /// Begins the next command, of so many arguments.
  public mutating func begin(_ arguments: Int) {
    count += 1
    bytes.appendArrayHeader(arguments)
  }

  public mutating func append(_ argument: [UInt8]) { bytes.appendBulk(argument.span) }

  public mutating func append(_ argument: String) {
    bytes.appendBulkHeader(argument.utf8.count)
    bytes.append(contentsOf: argument.utf8)
    bytes.append(0x0d)
    bytes.append(0x0a)
  }
}
