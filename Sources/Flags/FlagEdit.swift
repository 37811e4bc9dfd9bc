import SluiceRouting

/// What going from one flag definition to another does to the keys.
///
/// It counts keys whose primary changes, so the stages count as well: in `shadow` another percentage moves
/// nobody.
public struct FlagEdit: Sendable, Equatable {
  /// The share of keys that go from legacy to new, 0 to 100.
  public let joins: Double
  /// The share of keys that go from new to legacy, 0 to 100.
  public let leaves: Double
  /// Whether the shares follow from the percentages. Otherwise (another hash, rules) they were measured on
  /// made-up keys.
  public let isExact: Bool
  /// Whether some keys join while others leave: an order turned round, another bucketing prefix, a changed
  /// rule. No growing percentage does that.
  public let movesKeysBackAndForth: Bool
  /// One line for people: `25 → 50 %: 25.0 % of keys join, 0 % leave`.
  public let text: String

  /// - Parameter from: what is in force; nil means that nothing was read yet, so everything is on legacy.
  public init(from old: FlagDefinition?, to new: FlagDefinition) {
    let before = old?.makeSnapshot(version: 0, isRolledBack: false) ?? .initial
    let after = new.makeSnapshot(version: 0, isRolledBack: false)
    let movement = Movement(from: before, to: after)
    joins = movement.joins
    leaves = movement.leaves
    isExact = movement.isExact
    movesKeysBackAndForth = movement.someJoin && movement.someLeave
    let about = isExact ? "" : "about "
    let effect =
      "\(about)\(FlagEdit.share(joins, some: movement.someJoin)) of keys join, "
      + "\(FlagEdit.share(leaves, some: movement.someLeave)) leave"
    text = "\(FlagEdit.change(from: before, to: after)): \(effect)"
  }

  /// - Throws: code `reshuffles` if it moves keys back and forth.
  func refuseReshuffle() throws(FlagError) {
    guard movesKeysBackAndForth else { return }
    throw FlagError(
      .reshuffles, path: "$.flags.cache-stack",
      "the edit moves keys back and forth (\(text)); undo it, or say RELOAD RESHUFFLE at the control port")
  }

  /// `stage shadow → live, 25 → 50 %`, leaving out what stays.
  private static func change(from old: RoutingSnapshot, to new: RoutingSnapshot) -> String {
    var parts: [String] = []
    if old.stage != new.stage { parts.append("stage \(old.stage.name) → \(new.stage.name)") }
    switch (old.cohort.percent, new.cohort.percent) {
    case (let from?, let to?):
      if from != to {
        parts.append("\(percent(from)) → \(percent(to)) %")
      } else if !new.cohort.hasSameKeys(as: old.cohort) {
        parts.append("\(percent(to)) % of other keys")
      }
    case (nil, let to?): parts.append("rules → \(percent(to)) %")
    case (let from?, nil): parts.append("\(percent(from)) % → rules")
    case (nil, nil): if !new.cohort.hasSameKeys(as: old.cohort) { parts.append("other rules") }
    }
    if old.sample != new.sample {
      parts.append("compared \(percent(old.sample.share.percent)) → \(percent(new.sample.share.percent)) %")
    }
    return parts.isEmpty ? "same routing" : parts.joined(separator: ", ")
  }

  /// Up to two decimals, none where none are needed.
  private static func percent(_ value: Double) -> String {
    Percentage(hundredths: Int((value * 100).rounded()))?.description ?? "\(value)"
  }

  /// One decimal: `25.0 %`; `0 %` only where not one key moves.
  private static func share(_ value: Double, some: Bool) -> String {
    guard some else { return "0 %" }
    let tenths = Int((value * 10).rounded())
    return tenths == 0 ? "under 0.1 %" : "\(tenths / 10).\(tenths % 10) %"
  }
}
