import Foundation
import SluiceCommands
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLedger
import SluiceProxy
import SluiceRouting
import SluiceServers

/// What is counted, what the guardrails make of it, and what the gates ask for.
extension Cutover {
  /// Called about once a second: adds what the lanes have counted.
  func tick(writeEvery period: TimeInterval) async {
    await collect()
    await considerFallback()
    considerPlan()
    latch?.tend()
    remember()
    memory.tend()
    let isDue = Date().timeIntervalSince(interval.since) >= period
    if isDue {
      await notePending()
      flushInterval()
    }
    // What a restart would forget of a fault that is just being found is the one thing that must not be forgotten.
    if isDue || evidence.isUneasy || written.isOld || evidence.open != written.open { await writeAccount() }
  }

  /// Called about ten times a second: lets the guardrails look, and does what they say.
  func watch() async {
    let units = await proxy.takeGuardUnits(
      evidence.limits(definition.guardrails, countsKeys: (definition.plan?.minimumKeys ?? 0) > 0))
    evidence.open = units.open
    let last = health.words(of: .new)
    evidence.said = last.map { Cutover.inOneBreath("\($0.text) (to \($0.command))") } ?? evidence.said
    let isFresh = (last?.at.timeIntervalSinceNow ?? -.infinity) > -60
    guard !isRolledBack,
      let finding = evidence.judge(
        units, by: definition.guardrails, in: effective.stage, said: isFresh ? evidence.said : nil)
    else { return }
    tally.trip(finding.signal.rawValue, finding.reaction.rawValue)
    let step = describe()
    var words = finding.reason
    var reaction = finding.reaction
    if reaction == .rollback, effective.stage == .complete {
      // Legacy has heard nothing since, and would be emptied: that nothing does by itself.
      reaction = .notify
      words += "; nothing rolls back by itself from complete, for legacy would be emptied: look, and decide"
    }
    switch reaction {
    case .rollback: await rollBack(reason: words, who: "guardrail")
    case .pause: logger.error("paused, no step up is taken until 'sluice close': \(words)")
    case .notify: logger.error("a guardrail has found: \(words)")
    }
    let action: DecisionRecord.Action =
      switch reaction {
      case .rollback: .rolledBack
      case .pause: .paused
      case .notify: .notified
      }
    decided(
      DecisionRecord(
        who: "guardrail", action, step: step, signal: finding.signal.rawValue, bad: finding.bad,
        total: finding.total, limit: finding.limit, words: words))
  }

  /// The first line of this run's story. Where something else was in force in the run before, the lanes have begun with that, and this
  /// is a flip like any other: before the first client.
  func begin(_ start: FlagStart, _ before: Ledger.Before? = nil) async {
    await put(start)
    proxy.tellStrays()
    await recall(before)
    await writeAccount()
  }

  private func put(_ start: FlagStart) async {
    guard start.past != nil, let before = start.before else {
      return record(.start, from: position, who: "start", reason: rollback?.reason ?? "", flips: [])
    }
    let from = inForce.snapshot.effectiveStage
    // No client waits yet, so there is time to copy what is doubtful, instead of deleting it when it is asked for.
    let flips = await publish(deadline: max(settings.fenceDeadline, 2_000_000_000))
    record(
      .start, from: FlipRecord.Position(from, percent: before.percent ?? 0), who: "start",
      reason: rollback?.reason ?? FlagEdit(from: before, to: definition).text, flips: flips)
    for stack in Set(flips.compactMap(\.emptied)) {
      logger.warning(
        "stack \(stack.name) \(emptying(stack)): it was not told of the writes in stage \(from.name)")
    }
  }

  /// Brings the counts up to this moment, for `STATUS`.
  func refresh() async { await collect() }

  func finish() async {
    await recordFigures()
    await writeAccount()
  }

  func collect() async {
    let figures = await proxy.takeFigures()
    interval.figures.merge(figures)
    evidence.add(figures)
    await countOpen()
    recordServers()
  }

  /// Which servers the stacks are, as often as one is another than before.
  private func recordServers() {
    for stack in StackID.allCases {
      guard let facts = proxy.facts(of: stack), servers[stack] != facts else { continue }
      servers[stack] = facts
      ledger?.record(
        ServerRecord(
          stack: stack, server: facts.kind.name, version: facts.version?.description ?? "", stamp: facts.stamp
        ))
    }
  }

  func recordFigures() async {
    await collect()
    await notePending()
    flushInterval()
  }

  /// How many keys are doubtful now, where that is news.
  private func notePending() async {
    let lanes = await proxy.health()
    let counts = [
      StackID.legacy: lanes.reduce(0) { $0 + $1.legacySuspects },
      .new: lanes.reduce(0) { $0 + $1.newSuspects },
    ]
    for (stack, count) in counts {
      let count = UInt64(clamping: count)
      guard count != pending[stack, default: 0] || !interval.figures.suspects[stack].isEmpty else { continue }
      interval.figures.suspects[stack].pending = count
      pending[stack] = count
    }
  }

  private func flushInterval() {
    let now = Date()
    ledger?.record(interval.figures, from: interval.since, to: now)
    interval = (LaneFigures(), now)
  }

  // MARK: Gates

  /// The gates of the way from `old` to `new` that are not met.
  func unmetGates(from old: FlagDefinition, to new: FlagDefinition) async -> [Gate] {
    await collect()
    guard Evidence.isUp(from: old, to: new) else { return [] }
    var around = await surroundings()
    // Under traffic some key is always just being copied: what counts is whether there is a moment without one.
    for _ in 0..<20 where around.newSuspects + around.legacySuspects > 0 && around.newTrouble == nil {
      try? await ContinuousClock().sleep(for: .milliseconds(50))
      around = await surroundings()
    }
    return evidence.gates(from: old, to: new, around).filter { !$0.isMet }
  }

  /// - Parameter seconds: the servers are not asked for their memory if they were within so many.
  func surroundings(askedWithin seconds: Int = 0) async -> Surroundings {
    var around = Surroundings()
    around.newTrouble = health[.new].health.reason
    let lanes = await proxy.health()
    for lane in lanes {
      around.legacySuspects += lane.legacySuspects
      around.newSuspects += lane.newSuspects
    }
    around.uncarried = lanes.uncarried(to: .new).values.reduce(0, +)
    // They are suspects as well, but no repair of them goes on by itself.
    around.newSuspects = max(0, around.newSuspects - around.uncarried)
    around.legacySuspects = max(
      0, around.legacySuspects - lanes.uncarried(to: .legacy).values.reduce(0, +))
    let readings = await memoryReadings(askedWithin: seconds)
    around.memory = evictions.outlook(readings, since: evidence.since)
    around.ledgerTrouble = ledgerError
    if case .degraded(let reason, _)? = ledger?.health().state { around.ledgerTrouble = reason }
    return around
  }

  private func memoryReadings(askedWithin seconds: Int) async -> (legacy: MemoryReading?, new: MemoryReading?)
  {
    if let last = lastReadings, .now - last.at < .seconds(seconds) { return (last.legacy, last.new) }
    let readings = await proxy.memory()
    lastReadings = (.now, readings.legacy, readings.new)
    return readings
  }

  /// Which commands clients have asked for that new's server does not have: who asks for them where new answers gets its error.
  func lacking() -> String {
    let reason = LaneFigures.lacking(.new)
    let asked = evidence.total.lacks.ranked.filter { $0.place.reason == reason }
    guard !asked.isEmpty else { return "" }
    let names = asked.prefix(8).map {
      "\(CommandTable.shared.name(of: $0.place.command)) (asked for \($0.tally.count) \($0.tally.count == 1 ? "time" : "times"))"
    }
    return "; NOTE: new does not have \(names.joined(separator: ", "))\(asked.count > 8 ? " …" : ""): "
      + "clients get its error for that where new answers"
  }

  func refusal(of order: String, _ unmet: [Gate], who: String) -> Refused {
    let text = unmet.map(\.text).joined(separator: "; ")
    logger.warning("refused to \(who): \(order) is ahead of its gates: \(text)")
    decided(DecisionRecord(who: who, .refused, step: order, words: text))
    return Refused("nothing was changed, \(order) is ahead of its gates; \(text)", word: "GATE")
  }

  /// What a server says, so that it cannot be taken for a part of our own sentence.
  private static func inOneBreath(_ words: String) -> String {
    words.replacing(";", with: ",").replacing(": now ", with: " now ").replacing(
      ", needed ", with: " needed "
    )
    .replacing(", missing ", with: " missing ")
  }

  /// What the reason of a flip begins with that was ahead of its gates.
  static let forcedWord = "forced: "

  static func forced(_ why: String, _ unmet: [Gate]) -> String {
    "\(forcedWord)\(ahead(of: unmet, why))"
  }

  private static func ahead(of unmet: [Gate], _ why: String) -> String {
    "\(why) (ahead of: \(unmet.map(\.name).joined(separator: ", ")))"
  }

  /// The step that was just taken was taken ahead of its gates: that is shown until the next one, which begins an account of its own.
  func noteForced(_ why: String, _ unmet: [Gate], who: String) async {
    guard !unmet.isEmpty else { return }
    evidence.forced = "\(Cutover.ahead(of: unmet, why)), by \(who)"
    await writeAccount()
    decided(
      DecisionRecord(
        who: who, .forced, step: describe(), words: "\(why): \(unmet.map(\.text).joined(separator: "; "))")
    )
  }

  /// A walk over the stacks has ended well.
  func walked(_ walked: Walked, since losses: UInt64) async -> Bool {
    guard await proxy.walked(walked, since: losses) else { return false }
    await collect()
    switch walked {
    case .new: evidence.wasWarmed()
    case .both: evidence.wasVerified()
    }
    await countOpen()
    await writeAccount()
    return true
  }
}
