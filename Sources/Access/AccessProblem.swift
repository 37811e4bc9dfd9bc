/// Why a rule cannot be, as one sentence that ends in what to do.
public struct AccessProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// Without the path of the setting and without a full stop.
  public let reason: String

  init(_ reason: String) { self.reason = reason }

  public var description: String { reason }
}
