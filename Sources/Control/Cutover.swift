import Foundation
import Logging
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLedger
import SluiceProxy
import SluiceRouting
import SluiceServers
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
    /// - Parameter message: with its word.
    init(whole message: String) { self.message = message }
  }

  let proxy: ProxyServer
  let layers: LayeredStacks
  let settings: ProxySettings
  let health: HealthBoard
  let ledger: Ledger?
  let logger: Logger
  /// Who tells others; nil if nobody is told.
  let messenger: Messenger?
  /// Whether keys may be told: where the ledger does not hash them.
  let tellsKeys: Bool
  /// By which name the flags of this service are known to others.
  let flagSet: String
  /// Where flags come from; nil keeps them in memory.
  let file: FlagFile?
  let latch: LatchKeeper?
  let switches: EnvironmentSwitches
  /// Where what is in force outlives the process; see `Cutover+memory.swift`.
  let memory: Memory

  /// What was evicted before the routing in force; see `Cutover+room.swift`.
  var evictions = EvictionBase()

  /// The last good definition.
  var definition: FlagDefinition
  /// The same as bytes; what edits in memory start from.
  private var bytes: [UInt8]
  /// What the flag file says, if its gates have refused that; `reload` asks them again.
  private var refusedEdit: FlagDefinition?
  /// Why there is no ledger although one is wanted.
  let ledgerError: String?
  var flagsError: String?
  private(set) var isFromFile: Bool
  /// Whether somebody has written the definition for this proxy, in this run or in the one before.
  private(set) var isGood: Bool
  /// Whether the definition is that of the run before, for there is no file that could be used.
  private(set) var isRemembered: Bool
  private(set) var loadedAt: Date
  var rollback: Rollback?
  /// What of it outlives the process: not what the environment says.
  var ownLatch: Rollback?
  /// The latch file that a re-arm has lifted here and left where it is, for others.
  var lifted: RollbackLatch.Mark?
  /// What has become of them in the lanes; see `Cutover+publish.swift`.
  var inForce: InForce
  /// Whether legacy stands in for new just now; see `Cutover+fallback.swift`.
  var fallenBack: FallenBack?
  var isConsideringFallback = false
  var lastFallback: (rest: TimeInterval, returned: Date)?
  var evidence = Evidence()
  /// The ramp that goes up by itself; see `Cutover+plan.swift`.
  var ramp = Ramp()
  var isConsideringPlan = false
  /// What the ledger knows of it by now.
  var written: (open: UInt64?, version: UInt64, isOld: Bool) = (nil, 0, true)
  /// What is meant to differ.
  var closings: [Closing] = []
  /// When its account began, over restarts.
  var accountBegan = Date()
  /// What the ledger was told last of each stack.
  var servers: [StackID: ServerFacts] = [:]
  /// Keys that were doubtful when the ledger was told last.
  var pending: [StackID: UInt64] = [:]
  var publications: UInt64 = 1
  /// Rollbacks asked for so far: a re-arm that one of them overtakes must not lift it.
  var rollbacks = 0
  var isRearming = false
  /// The order that is under way, in words: orders prepare, publish and write one after the other, and nobody's order is undone by
  /// one that did not know of it.
  private var moving: String?
  /// Whether an edit of the flag file is being put in force. Orders wait for it: it is bounded, and waits for no disk.
  private var isLoading = false
  private var waiters: [CheckedContinuation<Void, Never>] = []
  /// What the servers said of their memory when they were asked last.
  var lastReadings: (at: ContinuousClock.Instant, legacy: MemoryReading?, new: MemoryReading?)?
  /// Flips of this process, for the metrics.
  var tally = FlipTally()
  var interval = (figures: LaneFigures(), since: Date())
  /// File work in the order in which it was asked for, away from the actor, so that a disk that hangs holds nobody up.
  private let disk = DispatchQueue(label: "sluice.flags")

  init(
    proxy: ProxyServer, layers: LayeredStacks, settings: ProxySettings, health: HealthBoard, start: FlagStart,
    memory: Memory, ledger: Ledger?, ledgerError: String? = nil, messenger: Messenger? = nil,
    tellsKeys: Bool = false, flagSet: String = "", logger: Logger
  ) {
    (self.messenger, self.tellsKeys, self.flagSet) = (messenger, tellsKeys, flagSet)
    self.ledgerError = ledgerError
    self.health = health
    self.proxy = proxy
    self.layers = layers
    self.settings = settings
    self.ledger = ledger
    self.logger = logger
    file = start.file
    self.memory = memory
    latch = LatchKeeper(start, logger: logger)
    switches = start.switches
    definition = start.definition
    bytes = start.bytes
    (flagsError, refusedEdit) = (start.error, start.ahead)
    isFromFile = start.file != nil && start.error == nil
    (isGood, isRemembered) = (start.isGood, start.isRemembered)
    (rollback, ownLatch, lifted) = (start.rollback, start.ownLatch, start.lifted)
    loadedAt = Date()
    inForce = InForce(
      definition: definition, snapshot: start.past ?? start.snapshot, rollback: rollback,
      isFromFile: isFromFile,
      loadedAt: loadedAt)
    memory.keep(start)
  }

  var isRolledBack: Bool { rollback != nil }
  var position: FlipRecord.Position {
    FlipRecord.Position(definition.stage, percent: definition.percent ?? 0)
  }

  // MARK: Flips

  /// Goes to a stage, or to another percentage, or both.
  ///
  /// - Parameters:
  ///   - force: why it is done although its gates are not met; nil leaves it undone then.
  ///   - judged: the flags on which a plan has decided for it; other ones, and a latch, leave it undone.
  func move(
    to stage: Stage?, percentage: Percentage?, who: String, force: String? = nil, reason: String = "",
    judged: String? = nil
  ) async throws(Refused) -> String {
    let order = [stage.map { "stage \($0.name)" } ?? "ramp", percentage.map { "\($0) %" }].compactMap(\.self)
      .joined(separator: " ")
    try await begin("the order '\(order)' of \(who)")
    defer {
      moving = nil
      ended()
    }
    let lock = try await lock(order)
    defer { withExtendedLifetime(lock) {} }
    let change: FlagChange
    do {
      change = try await prepared(stage, percentage)
    } catch {
      throw Refused("nothing was changed\(file.map { ", see \($0.path)" } ?? ""): \(error)")
    }
    // Somebody else has written it, and it is not in force here yet: who gave this order did not know of it.
    if change.base != definition.version, flagsError == nil, refusedEdit == nil, !isRemembered {
      throw Refused(
        "nothing was changed: the flag file has just been changed to \(Cutover.describe(change.before)); "
          + "look at STATUS, and say '\(order)' again if you still want it", word: "TRYAGAIN")
    }
    // The file may say what its gates have refused, or what was not read yet: no order goes there that does not name it.
    let wanted = change.definition.stage
    guard wanted == stage ?? definition.stage else {
      throw Refused(
        "nothing was changed: the flag file says stage \(wanted.name), and stage \(definition.stage.name) is wanted; "
          + "correct the file, or name the stage in the order")
    }
    if stage == .live, percentage == nil, change.definition.percent == 0 {
      throw Refused(
        "nothing was changed: the flag file gives new 0 % of the keys; say how many, as in 'stage live 25'")
    }
    if isRolledBack, wanted == .complete, definition.stage != .complete {
      throw Refused(
        "nothing was changed: the proxy is rolled back, and from complete there is no way back; 'rearm' first"
      )
    }
    if change.definition.version == inForce.definition.version, isGood, flagsError == nil {
      return "OK already at \(place()): nothing changed"
        + (isRolledBack ? "; in force after 'rearm', until then every key is answered by legacy" : "")
    }
    let unmet = await unmetGates(from: definition, to: change.definition)
    if let judged, judged != change.base || judged != definition.version || isRolledBack {
      throw Refused("nothing was changed: something else was, while the plan decided", word: "TRYAGAIN")
    }
    guard unmet.isEmpty || force != nil else { throw refusal(of: order, unmet, who: who) }
    let before = position
    let rollbacks = rollbacks
    let past = definition
    let isUp = Evidence.isUp(from: definition, to: change.definition)
    take(change)
    let reason = unmet.isEmpty ? force ?? reason : Cutover.forced(force ?? "", unmet)
    let flips = await publish(deadline: settings.fenceDeadline)
    await noteForced(force ?? "", unmet, who: who)
    record(stage == nil ? .ramp : .stage, from: before, who: who, reason: reason, flips: flips)
    var answer = moved(from: past, flips, percentage)
    if !unmet.isEmpty { answer += "; FORCED: \(unmet.map(\.text).joined(separator: "; "))" }
    if let emptied = flips.lazy.compactMap(\.emptied).first {
      answer +=
        "; NOTE: \(emptied.name) \(emptying(emptied)): it was not told of the writes in stage \(before.stage.name), "
        + "so what it had may have been old"
    } else if effective.stage != .off, let reason = health[.new].health.reason {
      answer += "; NOTE: new is DOWN: \(reason)"
    }
    if isUp { answer += lacking() }
    if definition.stage == .complete { answer += Cutover.noReturn }
    if let rollback {
      if rollbacks != self.rollbacks { answer += "; NOTE: \(rollback.who) rolled back meanwhile" }
      answer += "; in force after 'rearm', until then every key is answered by legacy"
    }
    if let problem = await written(change) { answer += "; NOT in the flag file: \(problem)" }
    logger.notice("\(answer.dropFirst(3)) (by \(who))")
    return answer
  }

  /// One order after the other, and none amid an edit of the file.
  private func begin(_ order: String) async throws(Refused) {
    while isLoading { await otherwiseEnded() }
    if let moving {
      throw Refused(
        "nothing was changed: \(moving) is under way; look at STATUS, and say it again if you still want it",
        word: "TRYAGAIN")
    }
    moving = order
  }

  /// Of the orders that proxies on one flag file are given at a time one goes through, and the others are told before anything happens.
  private func lock(_ order: String) async throws(Refused) -> FlagLock? {
    guard let file else { return nil }
    let lock = try? await disk.run { FlagLock(file) }
    guard let lock else {
      throw Refused(
        "nothing was changed: another proxy is changing the flag file \(file.path) just now; look at STATUS, and say '\(order)' again "
          + "if you still want it", word: "TRYAGAIN")
    }
    return lock
  }

  private func take(_ change: FlagChange) {
    definition = change.definition
    bytes = change.bytes
    (isFromFile, isGood, isRemembered, refusedEdit) = (file != nil, true, false, nil)
    loadedAt = Date()
  }

  /// Writes stage shadow into the file, if it says more than that: before a latch lifts, so that nothing but an order, and no restart,
  /// brings clients back to a new stack that has just failed.
  func writeShadow(who: String) async throws(Refused) {
    guard definition.stage > .shadow else { return }
    try await begin("the re-arm of \(who)")
    defer {
      moving = nil
      ended()
    }
    let change: FlagChange
    do {
      change = try await prepared(.shadow, nil)
    } catch {
      throw Refused("still rolled back, the flag file cannot be made to say shadow: \(error)")
    }
    if let problem = await written(change) {
      throw Refused("still rolled back, the flag file cannot be made to say shadow: \(problem)")
    }
    take(change)
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
      (flagsError, isRemembered, isFromFile, inForce.isFromFile) = (nil, false, true, true)
      logger.notice("the flag file is good again, and it is the one in force")
    case .latchAppeared: await latchAppeared()
    case .latchDisappeared: latchDisappeared()
    }
  }

  /// What is to be said of a refused file, and of what it leaves in force.
  func refusal(_ error: FlagError) -> String {
    let stays =
      isGood
      ? "the last good one stays in force"
      : "none was good since the start, so every key is answered by legacy"
    return "flag file \(file?.path ?? "") refused, \(stays): \(error)"
  }

  /// Puts an edit of the file in force.
  ///
  /// - Parameter isAsked: somebody is there who asks for it. Once an edit to complete was refused, in this run or in the one before, nothing
  ///   else takes one: neither time nor another edit beside it.
  private func load(_ definition: FlagDefinition, isAsked: Bool = false) async {
    guard definition.version != self.definition.version, await isStillSaid(definition) else {
      (flagsError, isRemembered, isFromFile, inForce.isFromFile, isGood) = (nil, false, true, true, true)
      refusedEdit = nil
      return
    }
    if !isAsked, definition.stage == .complete, refusedEdit?.stage == .complete {
      refusedEdit = definition
      return logger.error(
        "the flag file still says complete, which was refused; 'reload' asks its gates again")
    }
    isLoading = true
    defer {
      isLoading = false
      ended()
    }
    let unmet = await unmetGates(from: self.definition, to: definition)
    if !unmet.isEmpty, definition.stage == .complete {
      refusedEdit = definition
      _ = refusal(of: "stage complete", unmet, who: "file")
      let text = unmet.map(\.text).joined(separator: "; ")
      flagsError = "stage complete is ahead of its gates, what was in force stays: \(text)"
      return logger.error("flag file \(file?.path ?? "") refused, what was in force stays")
    }
    let before = position
    let edit = FlagEdit(from: self.definition, to: definition)
    (self.definition, isFromFile, isGood, isRemembered) = (definition, true, true, false)
    (bytes, refusedEdit) = (definition.source, nil)
    loadedAt = Date()
    let reason = unmet.isEmpty ? edit.text : Cutover.forced(edit.text, unmet)
    let flips = await publish(deadline: settings.fenceDeadline)
    flagsError = nil
    await noteForced(edit.text, unmet, who: "file")
    record(.reload, from: before, who: "file", reason: reason, flips: flips)
    let note = unmet.isEmpty ? "" : "; FORCED: \(unmet.map(\.text).joined(separator: "; "))"
    logger.notice("flags reloaded: \(edit.text)\(Cutover.held(flips))\(note)")
  }

  /// What the file says and its gates have refused is looked at again, now that somebody asks.
  func loadRefused() async {
    guard let refusedEdit else { return }
    await load(refusedEdit, isAsked: true)
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
}
