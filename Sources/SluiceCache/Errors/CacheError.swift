/// What the library throws: one closed set of kinds, a sentence that says what to do, and the facts behind it.
public struct CacheError: Error, Sendable, CustomStringConvertible {
  /// Who has to do something about it.
  public enum Kind: String, Sendable, CaseIterable {
    /// An argument is wrong; the caller.
    case validation
    /// A configuration, a file or an environment variable is wrong; whoever configures the service.
    case configuration
    /// Redis, or the way to it, fails; the operator.
    case infrastructure
  }

  public let kind: Kind
  /// One sentence for people.
  public let message: String
  /// The facts behind the sentence, secrets removed.
  public let context: [String: CacheValue]

  public init(_ kind: Kind, _ message: String, context: [String: CacheValue] = [:]) {
    self.kind = kind
    self.message = message
    self.context = context
  }

  public var description: String { message }
}
