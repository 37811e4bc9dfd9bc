/// What keeps a dead stack from being asked again and again, lane by lane.
public enum Breaker: String, Sendable {
  /// The connection is up.
  case closed
  /// The connection failed: nothing is sent until the wait is over, which doubles with each failure.
  case open
  /// The wait is over: a connection and its hand-shake are tried.
  case halfOpen = "half_open"

  /// Of several lanes the one that says most about the stack.
  public static func worst(_ breakers: [Breaker]) -> Breaker {
    breakers.contains(.open) ? .open : breakers.contains(.halfOpen) ? .halfOpen : .closed
  }
}
