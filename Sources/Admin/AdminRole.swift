/// What the holder of a token may do at the door. Each may do what the ones before it may.
public enum AdminRole: String, Sendable, Hashable, CaseIterable, Comparable {
  /// Look: status, metrics, the story.
  case view
  /// The way back as well, and no other order: for everybody who may be woken at night.
  case rollBack = "roll-back"
  /// Every order.
  case operate

  private var rank: Int {
    switch self {
    case .view: 0
    case .rollBack: 1
    case .operate: 2
    }
  }

  public static func < (left: AdminRole, right: AdminRole) -> Bool { left.rank < right.rank }
}
