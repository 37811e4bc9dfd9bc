/// Why a server that a benchmark or a test needs is not there; a sentence for a person.
public struct ProcessError: Error, Sendable, CustomStringConvertible {
  /// What happened, and what to do.
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
