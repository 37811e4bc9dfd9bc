import Foundation
import SluiceCache
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLedger
import SluiceRESP
import SluiceRouting

extension RoutedCore {
  // MARK: Flips

  func move(
    to stage: Stage?, percentage: Percentage?, who: String, reason: String, force: String? = nil
  ) throws(CacheError) -> String {
    // Moves and reloads one after the other; a rollback takes its own way.
    try moves.withLock { _ throws(CacheError) in
      let change: FlagChange
      do throws(FlagError) {
        change =
          if let file = start.file {
            try FlagWriter(file: file).prepare(stage: stage, percentage: percentage)
          } else {
            try FlagChange(
              editing: cutover.withLock { $0.bytes }, stage: stage, percentage: percentage)
          }
      } catch {
        throw CacheError(.validation, "nothing was changed: \(error)")
      }
      let before = definition
      if change.definition.version == before.version, cutover.withLock({ $0.isGood && $0.flagsError == nil })
      {
        return "already \(describe()): nothing was changed"
          + (isRolledBack ? "; in force after rearm, until then every key is answered by legacy" : "")
      }
      let edit = FlagEdit(from: before, to: change.definition)
      let unmet = unmetGates(from: before, to: change.definition)
      let missing = unmet.map(\.text).joined(separator: "; ")
      guard unmet.isEmpty || force != nil else {
        decided(who, .refused, missing)
        throw CacheError(.validation, "nothing was changed, the step is ahead of its gates; \(missing)")
      }
      let why = unmet.isEmpty ? reason : "forced: \(force ?? "") (ahead of: \(missing))"
      let forced = unmet.isEmpty ? nil : "\(force ?? "") (ahead of: \(missing))"
      _ = flip(stage == nil ? .ramp : .stage, who: who, reason: why, forced: forced) { cutover in
        cutover.definition = change.definition
        cutover.bytes = change.bytes
        cutover.isGood = true
        return true
      }
      var answer = "\(describe()): \(edit.text)"
      if !unmet.isEmpty { answer += "; FORCED: \(missing)" }
      if before.stage == .off, change.definition.stage > .shadow {
        answer += "; NOTE: new was not fed in stage off: what it has from before the start may be old"
      }
      if change.definition.stage == .complete {
        answer += "; NOTE: legacy hears no write any more, so there is no way back without a warm-up"
      }
      if isRolledBack { answer += "; in force after rearm, until then every key is answered by legacy" }
      if let file = start.file {
        do { try FlagWriter(file: file).commit(change) } catch {
          answer += "; NOT in the flag file: \(error)"
        }
      }
      logger.notice("\(answer) (by \(who))")
      return answer
    }
  }

  /// The watcher's news.
  func flagsHappened(_ event: FlagEvent) {
    switch event {
    case .loaded(let loaded, let edit):
      moves.withLock { _ in
        cutover.withLock { $0.flagsError = nil }
        // The event of an own write that a later move has overtaken says nothing about now.
        guard loaded.version != definition.version || routing.version == 1 && start.error != nil,
          let file = start.file, (try? file.load())?.version == loaded.version
        else { return }
        let bytes = try? file.read()
        let unmet = unmetGates(from: definition, to: loaded)
        let missing = unmet.map(\.text).joined(separator: "; ")
        if !unmet.isEmpty, loaded.stage == .complete {
          cutover.withLock {
            $0.flagsError = "stage complete is ahead of its gates, what was in force stays; \(missing)"
          }
          return logger.error("flag file refused, stage complete is ahead of its gates; \(missing)")
        }
        let shortfall = unmet.isEmpty ? "" : "; forced, ahead of: \(missing)"
        let forced = unmet.isEmpty ? nil : "\(edit.text) (ahead of: \(missing))"
        _ = flip(.reload, who: "file", reason: edit.text + shortfall, forced: forced) { cutover in
          cutover.definition = loaded
          if let bytes { cutover.bytes = bytes }
          cutover.isGood = true
          return true
        }
        logger.notice("flags reloaded: \(edit.text)\(shortfall)")
      }
    case .rejected(let error):
      cutover.withLock { $0.flagsError = "\(error)" }
      let stays =
        cutover.withLock { $0.isGood }
        ? "the last good one stays in force" : "every key is answered by legacy"
      logger.error("flag file refused, \(stays): \(error)")
    case .recovered:
      cutover.withLock { $0.flagsError = nil }
      logger.notice("the flag file is good again, and it is the one in force")
    case .latchAppeared: latchAppeared()
    case .latchDisappeared: latchDisappeared()
    }
  }

  /// What speaks against a step, and what its plan asks for and is not there.
  func unmetGates(from old: FlagDefinition, to new: FlagDefinition) -> [Gate] {
    cutover.withLock { cutover in
      collect(&cutover)
      // Suspects are repaired here when they are asked for, or never: none of them holds a step up.
      var around = Surroundings()
      if case .degraded(let reason, _)? = ledger?.health().state { around.ledgerTrouble = reason }
      return cutover.evidence.gates(from: old, to: new, around).filter { !$0.isMet }
    }
  }

  /// Changes what is in force, all of it in one moment, and writes the audit row. False if `change` says that nothing changed.
  ///
  /// - Parameter forced: why it is ahead of its gates; nil if it is not.
  func flip(
    _ action: FlipRecord.Action, who: String, reason: String, forced: String? = nil,
    _ change: (inout Cutover) -> Bool
  ) -> Bool {
    let flip: FlipRecord? = cutover.withLock { cutover in
      let from = cutover.position
      let leftOut = cutover.routing.effectiveStage.leftOut
      guard change(&cutover) else { return nil }
      let routing = cutover.definition.makeSnapshot(
        version: cutover.routing.version + 1, isRolledBack: cutover.rollback != nil)
      // A stack is left out before the first write that it is not told of, and until the doubts that this makes are written down.
      let before = cutover.leftOut
      cutover.remember(in: journal, hasLatchFile: latch?.wasThere ?? false)
      comesIntoUse(leftOut, routing.effectiveStage, &cutover)
      let isAnother = !routing.isSameRouting(as: cutover.routing)
      cutover.routing = routing
      journal?.keep { $0.leaveOut(before.union(cutover.leftOut)) }
      // What was counted until now belongs to what was in force until now; the same routing again continues its account.
      flush(&cutover)
      if isAnother {
        cutover.evidence.startAgain()
        cutover.accountBegan = Date()
        // What was counted under another routing is nothing of this one's.
        _ = takeUnits(cutover)
        meter.withLock { $0.beginAccount() }
      }
      if let forced { cutover.evidence.forced = "\(forced), by \(who)" }
      writeAccount(&cutover, isDue: true)
      journal?.keep { $0.leaveOut(cutover.leftOut) }
      return FlipRecord(
        at: Date(), who: who, action: action, from: from, to: cutover.position, reason: reason,
        fileVersion: cutover.definition.version)
    }
    guard let flip else { return false }
    ledger?.record(flip)
    if let forced { decided(who, .forced, forced) }
    return true
  }

  /// A stack that comes into use again was not told of the writes meanwhile: nothing of it is served before it is repaired. Before the
  /// routing is in force, so that no read gets ahead of it.
  private func comesIntoUse(_ leftOut: StackID?, _ stage: Stage, _ cutover: inout Cutover) {
    if let leftOut, stage.leftOut != leftOut, leftOut == .legacy || cutover.hasUsedNew {
      doubt(suspects.insertEverything(on: leftOut), leftOut)
    }
    if stage.leftOut != .new { cutover.hasUsedNew = true }
  }

  // MARK: Evidence

  /// The first line of this run's story, and loud words about what the environment says.
  func started() {
    let (position, rollback, routing) = cutover.withLock { ($0.position, $0.rollback, $0.routing) }
    // Whoever was here in stage complete told legacy nothing.
    if routing.stage == .complete, routing.effectiveStage != .complete {
      doubt(suspects.insertEverything(on: .legacy), .legacy)
    }
    ledger?.record(
      FlipRecord(
        at: Date(), who: "start", action: .start, from: position, to: position,
        reason: rollback?.reason ?? "",
        fileVersion: definition.version))
    if let error = start.error {
      let instead =
        start.isRemembered
        ? "what was in force before this start stays (stage \(start.definition.stage.name))"
        : "every key is answered by legacy"
      logger.error("the flag file cannot be used, \(instead) until it is right: \(error)")
    }
    if let rollback { logger.warning("starting rolled back: \(rollback.reason)") }
    if start.switches.useNew {
      logger.notice(
        start.file == nil
          ? "\(EnvironmentSwitches.newName) is set: \(describe())"
          : "\(EnvironmentSwitches.newName) is set, but the flag file decides: \(describe())")
    }
  }

  /// Called about once a second.
  func tick() async {
    let finding: Finding? = cutover.withLock { cutover in
      collect(&cutover)
      let units = takeUnits(cutover)
      let isDue = Date().timeIntervalSince(cutover.interval.since) >= options.figuresInterval
      if isDue { flush(&cutover) }
      writeAccount(&cutover, isDue: isDue)
      guard cutover.rollback == nil else { return nil }
      return cutover.evidence.judge(
        units, by: cutover.definition.guardrails, in: cutover.routing.effectiveStage)
    }
    if let finding { heed(finding) }
    await repairSome()
    suspects.tidy()
    latch?.tend()
    cutover.withLock { $0.remember(in: journal, hasLatchFile: latch?.wasThere ?? false) }
    await journal?.tend()
  }

  private func heed(_ finding: Finding) {
    switch finding.reaction {
    case .rollback:
      decided("guardrail", .rolledBack, finding.reason, finding)
      _ = rollBack(reason: finding.reason, who: "guardrail")
    case .pause:
      decided("guardrail", .paused, finding.reason, finding)
      logger.error("paused, no step up is taken until somebody answers for it: \(finding.reason)")
    case .notify:
      decided("guardrail", .notified, finding.reason, finding)
      logger.error("a guardrail has found: \(finding.reason)")
    }
  }

  func close(within limit: Duration) async {
    let isClean = await settled(within: limit)
    cutover.withLock {
      flush(&$0)
      writeAccount(&$0, isDue: true)
    }
    ledger?.close(clean: isClean)
    journal?.close()
  }

  func collect(_ cutover: inout Cutover) {
    let now = nanoseconds()
    let taken = figures.withLock { figures in
      meter.withLock { $0.willTakeFigures(at: now, figures) }
      return figures.take()
    }
    cutover.evidence.add(taken)
    countOpen(&cutover)
    cutover.interval.figures.merge(taken)
  }

  /// What the guardrails have not looked at yet.
  private func takeUnits(_ cutover: Cutover) -> GuardUnits {
    let wanted = cutover.evidence.limits(
      cutover.definition.guardrails, countsKeys: (cutover.definition.plan?.minimumKeys ?? 0) > 0)
    let now = nanoseconds()
    return figures.withLock { figures in meter.withLock { $0.take(at: now, figures, wanted) } }
  }

  private func flush(_ cutover: inout Cutover) {
    collect(&cutover)
    let now = Date()
    // Of a whole stack nobody knows how many keys it has.
    for stack in StackID.allCases where suspects.count(on: stack) < .max {
      let count = UInt64(clamping: suspects.count(on: stack))
      guard count != cutover.pending[stack, default: 0] || !cutover.interval.figures.suspects[stack].isEmpty
      else { continue }
      cutover.interval.figures.suspects[stack].pending = count
      cutover.pending[stack] = count
    }
    ledger?.record(cutover.interval.figures, from: cutover.interval.since, to: now)
    cutover.interval = (LaneFigures(), now)
  }

  func diverged(
    _ kind: DivergenceKind, _ command: RoutedCommand, _ key: String, _ legacy: Reading.Answer,
    _ new: Reading.Answer, isServed: Bool
  ) {
    figures.withLock { $0.recordDivergence(kind, command: command.rawValue, isServed: isServed) }
    let (name, now) = (Digest(Array(key.utf8).span).value, nanoseconds())
    if kind.isAboutData {
      meter.withLock { $0.differed(name, at: now) }
    } else if kind == .missingInNew, isServed {
      meter.withLock { $0.missed(name, at: now) }
    }
    func reply(_ answer: Reading.Answer) -> DivergenceSample.Reply? {
      answer.evidence.map {
        DivergenceSample.Reply(
          digest: Digest($0.span).value, length: $0.count, preview: options.previewBytes > 0 ? $0 : nil)
      }
    }
    let (left, right) = (legacy.evidence ?? [], new.evidence ?? [])
    let offset = zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    ledger?.record(
      DivergenceSample(
        at: Date(), kind: kind, command: command.rawValue, key: Array(key.utf8), legacy: reply(legacy),
        new: reply(new), firstDifference: offset ?? min(left.count, right.count)))
  }

  func failed(_ kind: ErrorKind, _ stack: StackID, _ command: RoutedCommand, _ role: Role = .primary) {
    figures.withLock { $0.recordError(kind, on: stack, role, command.commandClass) }
    ledger?.record(
      ErrorSample(
        at: Date(), stack: stack, kind: kind, command: command.rawValue,
        message: kind == .unreachable ? "the store could not be asked" : "the cache did not take it"))
  }

  // MARK: Answers

  var definition: FlagDefinition { cutover.withLock { $0.definition } }
  var isRolledBack: Bool { cutover.withLock { $0.rollback != nil } }

  func describe() -> String {
    let definition = definition
    let percent = definition.percentage.map { ", \($0) %" }
    return "stage \(definition.stage.name)\(definition.stage == .live ? percent ?? ", by rules" : "")"
  }

  var status: RoutedStatus {
    let cutover = cutover.withLock { cutover in
      collect(&cutover)
      return cutover
    }
    let total = cutover.evidence.total
    let compare = cutover.evidence.sinceFlip.compare
    var kinds: [String: UInt64] = [:]
    for kind in DivergenceKind.allCases where cutover.evidence.sinceFlip.divergences[kind] > 0 {
      kinds[kind.name] = cutover.evidence.sinceFlip.divergences[kind]
    }
    var ledgerError: String?
    let ledgerHealth = ledger?.health()
    ledgerError = ledgerHealth?.replaced
    if case .degraded(let reason, _)? = ledgerHealth?.state { ledgerError = reason }
    return RoutedStatus(
      stage: cutover.definition.stage.name, effective_stage: cutover.routing.effectiveStage.name,
      percent: cutover.percent, rolled_back: cutover.rollback != nil,
      rollback: cutover.rollback, latch_error: latchError(cutover), memory_error: memoryError,
      flags: RoutedStatus.Flags(
        path: start.file?.path, version: cutover.definition.version, error: cutover.flagsError),
      stacks: ["legacy": stack(.legacy, total), "new": stack(.new, total)],
      compare: RoutedStatus.Compare(
        matched: compare.matched, superseded: compare.superseded, diverged: compare.diverged,
        dropped: compare.dropped, kinds: kinds, verdict: cutover.evidence.verdict.rawValue,
        open: cutover.evidence.open ?? 0, paused: cutover.evidence.paused, forced: cutover.evidence.forced),
      mirror: RoutedStatus.Mirror(
        writes: total.compare.mirroredWrites, dropped_writes: total.compare.droppedWrites,
        errors: total.compare.mirrorErrors),
      ledger_error: ledgerError, journal_error: journalError)
  }

  private func stack(_ id: StackID, _ total: LaneFigures) -> RoutedStatus.Stack {
    var latency = LatencyHistogram()
    for commandClass in CommandClass.allCases { latency.merge(total[id, commandClass].latency) }
    func sum(_ count: (OperationFigures) -> UInt64) -> UInt64 {
      CommandClass.allCases.reduce(0) { $0 &+ count(total[id, $1]) }
    }
    return RoutedStatus.Stack(
      operations: sum(\.operations), hits: sum(\.hits), misses: sum(\.misses), errors: total.errors.total(id),
      suspects: suspects.count(on: id), mirror_queue: log.queued(id), p50_us: latency.value(atPercentile: 50),
      p99_us: latency.value(atPercentile: 99))
  }
}

extension RoutedCore.Cutover {
  /// The stage and the share in force, for the audit.
  var position: FlipRecord.Position {
    FlipRecord.Position(routing.effectiveStage, percent: rollback == nil ? percent ?? 0 : 0)
  }

  /// The share of the keys as it was written, 0 to 100; nil when it depends on rules.
  var percent: Double? {
    definition.percentage.map { Double($0.hundredths) / 100 } ?? definition.cohort.percent
  }
}
