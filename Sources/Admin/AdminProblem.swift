/// Why something that came to the door cannot be used, as one sentence for people.
public struct AdminProblem: Error, Sendable, Hashable, CustomStringConvertible {
  public let reason: String

  public init(_ reason: String) { self.reason = reason }

  public var description: String { reason }
}
