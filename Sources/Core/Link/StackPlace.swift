/// Which database of which server answers for a stack, by the server's own word: two names may be one place.
public struct StackPlace: Sendable, Equatable {
  /// The server's `run_id`; nil if it would not tell.
  public var run: [UInt8]?
  /// The number of the database.
  public var database: Int

  func isSame(as other: StackPlace?) -> Bool { run != nil && self == other }
}
