/// Why a call on a ``RedisClient`` failed; an error *reply* of the server is not one of these but ``Reply/error(_:)``.
public struct RedisError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The closed list of reasons, for code that has to decide.
  public enum Code: String, Sendable, CaseIterable {
    /// The address could not be read; nothing was tried.
    case invalidEndpoint
    /// No connection came about.
    case connectFailed
    /// The server refused `AUTH` or `SELECT`.
    case refused
    /// The server did not answer within the time given. The connection is unusable from here on.
    case timeout
    /// The server closed the connection, or it broke. The connection is unusable from here on.
    case closed
    /// What came back is not RESP2. The connection is unusable from here on.
    case protocolViolation
    /// The call itself makes no sense, such as a command without a name. Nothing was sent.
    case misuse
    /// Whoever asked does not wait any more. A write that had left may come to pass.
    case cancelled
    /// More is waiting for the server than there is room for. Nothing was sent.
    case overloaded
  }

  /// The reason, for code.
  public let code: Code
  /// What happened, where, and what to do: one sentence for a person. Never holds a password.
  public let message: String

  /// An error with its sentence.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
