/// What a walk over the stacks has made sure of.
public enum Walked: String, Sendable {
  /// New holds every key that legacy holds.
  case new
  /// Both hold the same keys.
  case both
}
