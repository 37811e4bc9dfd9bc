import SluiceFlags
import SluiceProxy
import SluiceRouting

/// What an order is answered: who answers which keys from now on, in the words of somebody who has not read the documentation.
extension Cutover {
  /// `live 25 %`, `shadow`.
  func place() -> String { Cutover.place(inForce.definition) }

  static func place(_ definition: FlagDefinition) -> String {
    guard definition.stage == .live else { return definition.stage.name }
    return "live \(share(of: definition).map { "\($0) %" } ?? "by rules")"
  }

  /// Who answers from now on, and what was before where the share has changed.
  static func meaning(of definition: FlagDefinition, was before: FlagDefinition? = nil) -> String {
    switch definition.stage {
    case .off: return "legacy answers every key, and new gets nothing"
    case .dualwrite: return "legacy answers every key, and writes run on both"
    case .shadow: return "legacy answers every key, writes run on both, and reads are compared"
    case .live:
      guard let now = share(of: definition) else { return "new now answers the keys that the rules give it" }
      let was = before.flatMap { share(of: $0) }.flatMap { $0 == now ? nil : " (was \($0) %)" }
      return "new now answers \(now) % of the keys\(was ?? "")"
    case .rampdown: return "new answers every key, and writes still run on both"
    case .complete: return "new answers every key, and legacy gets nothing any more"
    }
  }

  /// Up to two decimals; nil where rules decide.
  private static func share(of definition: FlagDefinition) -> String? {
    switch definition.stage {
    case .off, .dualwrite, .shadow: "0"
    case .live:
      definition.percentage.map { "\($0)" }
        ?? definition.percent.map { percent in
          Percentage(hundredths: Int((percent * 100).rounded()))?.description ?? "\(percent)"
        }
    case .rampdown, .complete: "100"
    }
  }

  /// The first sentence of the answer to a stage or a share.
  func moved(from before: FlagDefinition, _ flips: [LaneFlip], _ percentage: Percentage?) -> String {
    let later = percentage.map { "; the percentage counts from stage live on, and is \($0) % then" } ?? ""
    let rest = definition.stage < .live ? later : ""
    guard !isRolledBack else { return "OK the flags say \(place())\(rest)" }
    return
      "OK \(place()): \(Cutover.meaning(of: inForce.definition, was: before))\(Cutover.held(flips))\(rest)"
  }

  static let noReturn =
    "; NOTE: legacy hears no write any more: the way back is 'stage rampdown', then 'verify --repair', "
    + "for a rollback from here empties legacy"
}
