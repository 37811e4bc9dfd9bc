extension FlagSettings {
  /// A guardrail: an object `{"healthy": 0.01, "broken": 0.05, "reaction": "pause"}`, of which every field may be left out, or only
  /// its limit as a number of its own.
  mutating func signal(
    _ name: String, limit: String, default signal: Guardrails.Signal
  ) throws(FlagError) -> Guardrails.Signal {
    let whole = take(name)
    let rate = try optionalNumber(limit, in: 0...1)
    guard let whole else { return rate.map { .init(limit: $0, signal.reaction) } ?? signal }
    let here = path.member(name)
    if rate != nil {
      throw here.error(.invalid, "and \(limit) say the same thing; write only one of them")
    }
    guard case .object(let members) = whole.value else {
      throw here.error(
        .invalid, "is \(whole.summary); write an object such as {\"healthy\": 0.01, \"reaction\": \"pause\"}")
    }
    var fields = FlagSettings(members, at: here)
    let healthy = try fields.optionalNumber("healthy", in: 0...1) ?? signal.healthy
    var result = Guardrails.Signal(limit: healthy, signal.reaction)
    if let broken = try fields.optionalNumber("broken", in: 0...1) {
      guard broken > healthy || healthy == 1 else {
        throw here.member("broken").error(
          .outOfRange, "is not above healthy, \(healthy); between the two the guardrail decides")
      }
      result.broken = broken
    }
    if let reaction = try fields.text("reaction") {
      guard let known = Guardrails.Reaction(rawValue: reaction) else {
        throw here.member("reaction").error(
          .invalid, "is \"\(reaction.prefix(64))\"; write rollback, pause or notify")
      }
      result.reaction = known
    }
    try fields.finish()
    return result
  }
}
