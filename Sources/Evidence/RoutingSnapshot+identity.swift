import SluiceFlags
import SluiceRouting

extension RoutingSnapshot {
  /// A text that is the same for the same routing, over restarts: `isSameRouting` for one who has not both.
  public func identity(_ definition: FlagDefinition) -> String {
    func text(_ bucketing: Bucketing) -> String {
      // What the hash makes of one key tells it from others.
      "\(bucketing.share.threshold)/\(bucketing.hash.hash(of: Array("sluice".utf8).span))"
    }
    let keys = cohort.plainBucketing.map(text) ?? "rules \(definition.version)"
    return "\(stage.name) \(keys) \(text(sample))\(isRolledBack ? " rolled back" : "")"
  }
}
