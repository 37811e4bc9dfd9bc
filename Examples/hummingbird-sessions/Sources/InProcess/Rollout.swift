import SluiceRoutedCache

/// A service's own words about its migration: every type that `RoutedCache` speaks of can be named and used.
public struct Rollout: Sendable {
  public let stage: Stage
  public let share: Percentage?

  public init?(_ stage: String, percent: Int) {
    guard let named = Stage(name: stage) else { return nil }
    self.stage = named
    share = Percentage(percent: percent)
  }

  public var text: String { "\(stage.name)\(share.map { " \($0)" } ?? "")" }

  /// Why a key is where it is.
  public static func why(_ explanation: Explanation) -> String {
    let place: StackID = explanation.primary
    return switch explanation.reason {
    case .rolledBack: "\(place.name): rolled back"
    case .fractional, .rule: "\(place.name): chosen at \(explanation.position) %"
    default: place.name
    }
  }

  /// Who has gone back.
  public static func who(_ rollback: Rollback?) -> String {
    rollback.map { "\($0.who): \($0.reason)" } ?? "nobody"
  }
}
