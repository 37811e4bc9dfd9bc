/// The one error of the legacy world: a sentence, and nothing else to decide by. The guide moves away from it
/// to ``CacheError``.
public struct LegacyCacheFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence for people, logins in URLs removed.
  public let message: String

  public init(_ message: String) {
    self.message = Secrets.masked(message)
  }

  public var description: String { message }
}
