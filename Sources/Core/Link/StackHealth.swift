/// Whether a stack's connection can take commands.
public enum StackHealth: Sendable, Equatable {
  /// The first attempt to connect has not come to an end.
  case connecting
  case up
  /// Why it is down, as a part of a sentence.
  case down(String)

  /// The word for people.
  public var name: String {
    switch self {
    case .connecting: "connecting"
    case .up: "up"
    case .down: "down"
    }
  }

  public var reason: String? {
    if case .down(let reason) = self { reason } else { nil }
  }
}
