/// What the library throws: one closed set of kinds, a sentence that says what to do, and the facts behind
/// it.
///
/// No secret gets through: passwords in URLs and values under names such as `redis_password` are replaced by
/// `***` in the message and in the context when the error is made.
public struct CacheError: Error, Sendable, Hashable, CustomStringConvertible {
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
    self.message = Secrets.masked(message)
    self.context = Secrets.masked(context)
  }

  public var description: String { message }
}

extension CacheError {
  /// The error for a list of things that are wrong: `title: first; second`, with the list in the context.
  static func validation(
    _ title: String, _ problems: [String], context: [String: CacheValue] = [:]
  ) -> CacheError {
    var context = context
    context["validation_errors"] = .array(problems.map(CacheValue.string))
    return CacheError(.validation, "\(title): \(problems.joined(separator: "; "))", context: context)
  }
}
