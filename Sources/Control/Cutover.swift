import Foundation
import Logging
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLedger
import SluiceProxy
import SluiceRouting
import Synchronization

/// The switchboard: what is in force, who changes it, and in which order it becomes true, is written down and is told.
///
/// Every flip takes the same way: routing to the lanes (behind their fences) → acknowledged → flag file or latch file →
/// audit row in the ledger. A rollback waits for none of the steps behind the first.
actor Cutover {
  /// A refusal for the operator; `message` begins with the error's word.
  struct Refused: Error {
    var message: String
    init(_ message: String, word: String = "ERR") { self.message = "\(word) \(message)" }
  }

  let proxy: ProxyServer
  let layers: LayeredStacks
  let settings: ProxySettings
  let health: HealthBoard
  let ledger: Ledger?
  let logger: Logger
  /// Where flags come from; nil keeps them in memory.
  let file: FlagFile?
  private let latch: LatchKeeper?
  private let switches: EnvironmentSwitches

  /// The last good definition.
  private(set) var definition: FlagDefinition
  /// The same as bytes; what edits in memory start from.
  private var bytes: [UInt8]
  private(set) var flagsError: String?
  private(set) var isFromFile: Bool
  private(set) var loadedAt: Date
  private(set) var rollback: Rollback?
  /// What has become of them in the lanes; see `Cutover+publish.swift`.
  var inForce: InForce
  /// Whether legacy stands in for new just now; see `Cutover+fallback.swift`.
  var fallenBack: FallenBack?
  var isConsideringFallback = false
  var lastFallback: (rest: TimeInterval, returned: Date)?
  var evidence = Evidence()
  var publications: UInt64 = 1
  /// Rollbacks asked for so far: a re-arm that one of them overtakes must not lift it.
  private var rollbacks = 0
  private var isRearming = false
  /// The order that is under way, in words: orders prepare, publish and write one after the other, and nobody's order is undone by
  /// one that did not know of it.
  private var moving: String?
  /// Whether an edit of the flag file is being put in force. Orders wait for it: it is bounded, and waits for no disk.
  private var isLoading = false
  private var waiters: [CheckedContinuation<Void, Never>] = []
  private var interval = (figures: LaneFigures(), since: Date())
  /// File work in the order in which it was asked for, away from the actor, so that a disk that hangs holds nobody up.
  private let disk = DispatchQueue(label: "sluice.flags")

  init(
    proxy: ProxyServer, layers: LayeredStacks, settings: ProxySettings, health: HealthBoard, start: FlagStart,
    ledger: Ledger?, logger: Logger
  ) {
    self.health = health
    self.proxy = proxy
    self.layers = layers
    self.settings = settings
    self.ledger = ledger
    self.logger = logger
    file = start.file
    latch = start.latch.map { LatchKeeper($0, logger: logger) }
    switches = start.switches
    definition = start.definition
    bytes = start.bytes
    flagsError = start.error
    isFromFile = start.file != nil && start.error == nil
    rollback = start.rollback
    loadedAt = Date()
    inForce = InForce(
      definition: definition, snapshot: start.snapshot, rollback: rollback, isFromFile: isFromFile,
      loadedAt: loadedAt)
  }

  var isRolledBack: Bool { rollback != nil }
  var position: FlipRecord.Position {
    FlipRecord.Position(definition.stage, percent: definition.percent ?? 0)
  }

  // MARK: Flips

  /// Goes back: every key's primary is legacy from the moment this returns.
  @discardableResult
  func rollBack(reason: String, who: String) async -> String {
    let before = effective
    let wasRolledBack = isRolledBack
    rollbacks += 1
    var latching: AsyncStream<Void>?
    if !wasRolledBack {
      rollback = Rollback(reason: reason, who: who, at: Date())
      latching = latch?.set(reason: reason, who: who)
    }
    let flips = await publish(deadline: settings.rollbackDeadline)
    // For a process that is killed right behind its word the file must be on its way; nobody waits for the disk.
    if let latching { for await _ in latching {} }
    let trouble = caveat(flips)
    if wasRolledBack { return "OK already rolled back: every key is answered by legacy\(trouble)" }
    logger.warning("rolled back by \(who): \(reason.isEmpty ? "no reason given" : reason)")
    record(
      .rollback, from: before, who: who, reason: reason, flips: flips)
    guard isRolledBack else { return "OK rolled back, and re-armed again meanwhile: \(describe())\(trouble)" }
    return "OK rolled back: every key is answered by legacy\(Cutover.held(flips)); 'rearm' lifts it\(trouble)"
  }

  /// What an operator must know about legacy at the moment of going back to it.
  private func caveat(_ flips: [LaneFlip]) -> String {
    var text = ""
    if flips.contains(where: { $0.emptied == .legacy }) {
      text +=
        "; NOTE: legacy \(emptying(.legacy)): it has heard no write since stage complete, what it had was old"
    }
    if let reason = health[.legacy].health.reason { text += "; NOTE: legacy is DOWN: \(reason)" }
    if let latchError { text += "; NOTE: a restart would forget it: \(latchError)" }
    return text
  }

  /// A stack that cannot be reached is emptied when it can.
  private func emptying(_ stack: StackID) -> String {
    health[stack].health == .up ? "was emptied first" : "is not there yet, and is emptied before it answers"
  }

  /// Why a restart would forget the rollback, as far as that is known by now; nil if it would not.
  var latchError: String? {
    guard isRolledBack, !switches.useLegacy else { return nil }
    guard let latch else {
      return "there is no flag file, beside which the latch file has its place (--flags)"
    }
    return latch.trouble
  }

  /// Lifts the latch; the flags are in force again.
  func rearm(who: String) async throws(Refused) -> String {
    guard isRolledBack else { return "OK nothing to lift: the proxy is not rolled back; \(describe())" }
    guard !switches.useLegacy else {
      throw Refused("still rolled back: \(EnvironmentSwitches.legacyReason) and wins; unset it and restart")
    }
    let seen = rollbacks
    isRearming = true
    defer { isRearming = false }
    // First the file: a latch that came back with the next restart would be a surprise of the worst kind.
    if let latch {
      do { try await latch.clear() } catch {
        throw Refused("still rolled back, the latch file could not be removed: \(error)")
      }
    }
    guard seen == rollbacks else { throw Refused("somebody rolled back meanwhile; look, and rearm again") }
    let before = effective
    rollback = nil
    let flips = await publish(deadline: settings.fenceDeadline)
    record(.rearm, from: before, who: who, reason: "", flips: flips)
    if let again = rollback {
      throw Refused("still rolled back: \(again.who) rolled back again meanwhile; look, and rearm again")
    }
    await considerFallback()
    logger.warning("re-armed by \(who): \(describe())")
    return "OK re-armed: \(describe())\(Cutover.held(flips))"
  }

  /// Goes to a stage, or to another percentage, or both.
  func move(to stage: Stage?, percentage: Percentage?, who: String, reason: String = "") async throws(Refused)
    -> String
  {
    let order = [stage.map { "stage \($0.name)" }, percentage.map { "\($0) %" }].compactMap(\.self)
    while isLoading { await otherwiseEnded() }
    if let moving {
      throw Refused(
        "nothing was changed: \(moving) is under way; look at STATUS, and say it again if you still want it",
        word: "TRYAGAIN")
    }
    moving = "the order '\(order.joined(separator: ", "))' of \(who)"
    defer {
      moving = nil
      ended()
    }
    let change: FlagChange
    do {
      change = try await prepared(stage, percentage)
    } catch {
      throw Refused("nothing was changed\(file.map { ", see \($0.path)" } ?? ""): \(error)")
    }
    await collect()
    let before = position
    let rollbacks = rollbacks
    let edit = FlagEdit(from: definition, to: change.definition)
    let shortfall = evidence.shortfall(of: change.definition.plan, from: definition, to: change.definition)
    definition = change.definition
    bytes = change.bytes
    isFromFile = file != nil
    loadedAt = Date()
    let flips = await publish(deadline: settings.fenceDeadline)
    record(stage == nil ? .ramp : .stage, from: before, who: who, reason: reason, flips: flips)
    var answer = "OK \(describe()): \(edit.text)\(Cutover.held(flips))"
    if percentage != nil, definition.stage < .live {
      answer += "; the percentage counts from stage live on"
    }
    if let shortfall { answer += "; NOTE: \(shortfall)" }
    if let emptied = flips.lazy.compactMap(\.emptied).first {
      answer +=
        "; NOTE: \(emptied.name) \(emptying(emptied)): it was not told of the writes in stage \(before.stage.name), "
        + "so what it had may have been old"
    } else if effective.stage != .off, let reason = health[.new].health.reason {
      answer += "; NOTE: new is DOWN: \(reason)"
    }
    if definition.stage == .complete {
      answer +=
        "; NOTE: legacy hears no write any more: the way back is 'stage rampdown', then 'verify --repair', "
        + "for a rollback from here empties legacy"
    }
    if let rollback {
      if rollbacks != self.rollbacks { answer += "; NOTE: \(rollback.who) rolled back meanwhile" }
      answer += "; in force after 'rearm', until then every key is answered by legacy"
    }
    if let problem = await written(change) { answer += "; NOT in the flag file: \(problem)" }
    logger.notice("\(answer.dropFirst(3)) (by \(who))")
    return answer
  }

  private func prepared(_ stage: Stage?, _ percentage: Percentage?) async throws -> FlagChange {
    guard let file else { return try FlagChange(editing: bytes, stage: stage, percentage: percentage) }
    return try await disk.run { try FlagWriter(file: file).prepare(stage: stage, percentage: percentage) }
  }

  private func written(_ change: FlagChange) async -> String? {
    guard let file else { return nil }
    do {
      try await disk.run { try FlagWriter(file: file).commit(change) }
      return nil
    } catch {
      return "\(error)"
    }
  }

  // MARK: The flag file

  func flagsHappened(_ event: FlagEvent) async {
    switch event {
    case .loaded(let definition, _):
      await load(definition)
    case .rejected(let error):
      flagsError = "\(error)"
      logger.error("\(refusal(error))")
    case .recovered:
      if let file, let said = try? await disk.run({ try file.load() }), said.version != definition.version {
        return await load(said)
      }
      flagsError = nil
      logger.notice("the flag file is good again, and it is the one in force")
    case .latchAppeared:
      // The event of a file that a re-arm has removed meanwhile says nothing about now. And our own writing is no second
      // order: a re-arm that is under way would be refused for it.
      guard let latch, !latch.isBeingWritten, latch.isSet else { return }
      let written = Rollback(note: latch.note)
      if let rollback, rollback.reason == written.reason, rollback.who == written.who { return }
      latch.changedByHand()
      await rollBack(reason: written.reason, who: "file")
    case .latchDisappeared:
      // Our own removing and writing tells nobody anything.
      if isRolledBack, !isRearming, let latch, !latch.isBeingWritten, !latch.isSet {
        latch.changedByHand()
        logger.warning("the latch file is gone; the proxy stays rolled back until it is told to rearm")
      }
    }
  }

  /// What is to be said of a refused file, and of what it leaves in force.
  func refusal(_ error: FlagError) -> String {
    let stays =
      isFromFile
      ? "the last good one stays in force"
      : "none was good since the start, so every key is answered by legacy"
    return "flag file \(file?.path ?? "") refused, \(stays): \(error)"
  }

  /// Puts an edit of the file in force.
  private func load(_ definition: FlagDefinition) async {
    guard definition.version != self.definition.version, await isStillSaid(definition) else {
      (flagsError, isFromFile, inForce.isFromFile) = (nil, true, true)
      return
    }
    isLoading = true
    defer {
      isLoading = false
      ended()
    }
    await collect()
    let before = position
    let edit = FlagEdit(from: self.definition, to: definition)
    let shortfall = evidence.shortfall(of: definition.plan, from: self.definition, to: definition)
    (self.definition, isFromFile, loadedAt) = (definition, true, Date())
    let flips = await publish(deadline: settings.fenceDeadline)
    flagsError = nil
    record(.reload, from: before, who: "file", reason: edit.text, flips: flips)
    let note = shortfall.map { "; NOTE: \($0)" } ?? ""
    logger.notice("flags reloaded: \(edit.text)\(Cutover.held(flips))\(note)")
  }

  /// Whether the file still says what an event tells of it. The event of one of our own writes may arrive when the next order is
  /// already in force, and must not take it back; the file's last word always has an event of its own.
  private func isStillSaid(_ definition: FlagDefinition) async -> Bool {
    guard let file else { return false }
    // An editor that writes in place leaves half a file for a moment: that is not another word, and nobody would tell this one again.
    for _ in 0..<20 {
      var said: String?
      repeat {
        if moving != nil { await otherwiseEnded() }
        said = try? await disk.run { try file.load().version }
      } while moving != nil
      if let said { return said == definition.version && said != self.definition.version }
      try? await ContinuousClock().sleep(for: .milliseconds(50))
    }
    return false
  }

  /// Waits until the order, or the edit, that is under way has ended.
  private func otherwiseEnded() async { await withCheckedContinuation { waiters.append($0) } }

  private func ended() {
    let waiting = waiters
    waiters = []
    for waiter in waiting { waiter.resume() }
  }

  // MARK: Evidence

  /// Called about once a second: adds what the lanes have counted.
  func tick(writeEvery period: TimeInterval) async {
    await collect()
    await considerFallback()
    if Date().timeIntervalSince(interval.since) >= period { flushInterval() }
  }

  /// Called about ten times a second: lets the guardrails look, and rolls back if they say so.
  func watch() async {
    let units = await proxy.takeGuardUnits(
      limit: definition.guardrails.newErrorRate, isSuspicious: evidence.isSuspicious)
    guard !isRolledBack, let reason = evidence.judge(units, by: definition.guardrails, in: effective.stage)
    else { return }
    var words = ""
    if evidence.failed.hasFired, let said = health.words(of: .new), said.at.timeIntervalSinceNow > -60 {
      words = "; it said: \(said.text)"
    }
    await rollBack(reason: reason + words, who: "guardrail")
  }

  /// The first line of this run's story.
  func recordStart() {
    record(.start, from: position, who: "start", reason: rollback?.reason ?? "", flips: [])
  }

  /// Brings the counts up to this moment, for `STATUS`.
  func refresh() async { await collect() }

  func finish() async {
    await recordFigures()
  }

  func collect() async {
    let figures = await proxy.takeFigures()
    interval.figures.merge(figures)
    evidence.add(figures)
  }

  func recordFigures() async {
    await collect()
    flushInterval()
  }

  private func flushInterval() {
    let now = Date()
    ledger?.record(interval.figures, from: interval.since, to: now)
    interval = (LaneFigures(), now)
  }
}
