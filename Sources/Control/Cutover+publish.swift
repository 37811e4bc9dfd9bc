import Foundation
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLedger
import SluiceProxy
import SluiceRouting

/// How a routing becomes true, and what may be said of it.
extension Cutover {
  /// What every lane goes by, and therefore what an answer may say. `definition`, `rollback` and `fallenBack` are what is wanted: they
  /// run ahead of it while a flip is under way.
  struct InForce: Sendable {
    var definition: FlagDefinition
    var snapshot: RoutingSnapshot
    var rollback: Rollback?
    var fallenBack: FallenBack?
    /// Whether the definition came from the flag file: one that was never good since the start has given nothing.
    var isFromFile: Bool
    var loadedAt: Date

    var position: FlipRecord.Position {
      FlipRecord.Position(
        snapshot.effectiveStage, percent: snapshot.isRolledBack ? 0 : definition.percent ?? 0)
    }
  }

  /// All that `STATUS` says of the routing, as of one moment.
  struct Standing: Sendable {
    var inForce: InForce
    var flagsError: String?
    var latchError: String?
    /// The latch file that stays for others.
    var latchLeft: String?
    /// Why a restart would not know what is in force; nil if it would.
    var memoryError: String?
    /// Whether the flags come from the run before.
    var isRemembered: Bool
    var evidence: Evidence
    /// What is meant to differ.
    var closings: [Closing]
    /// The way on, and its gates.
    var next: String?
    var gates: [Gate]
    var plan: PlanStanding
    /// How the servers stand with their memory.
    var memory: MemoryOutlook?
  }

  /// - Parameter around: what the gates must know beside the evidence.
  func standing(_ around: Surroundings) -> Standing {
    // Under the latch the way on is back to shadow, and that has no gates.
    let next = isRolledBack ? nil : nextStep
    let gates = next.map { evidence.gates(from: definition, to: $0.definition, around) } ?? []
    return Standing(
      inForce: inForce, flagsError: flagsError, latchError: latchError,
      latchLeft: latch.flatMap { $0.isLeftForOthers ? $0.path : nil }, memoryError: memory.trouble,
      isRemembered: isRemembered, evidence: evidence, closings: closings, next: next?.order,
      gates: gates, plan: planStanding(next, gates),
      memory: around.memory)
  }

  /// Where the keys go now, for the audit.
  var effective: FlipRecord.Position { inForce.position }

  /// Makes what is wanted true in every lane. What is in force, and what `STATUS` says, changes when it is.
  func publish(deadline: Int64) async -> [LaneFlip] {
    // What L1 knows is of the time before the flip: it answers neither ahead of it nor behind it.
    await layers.clearL1()
    // Numbered and read in one breath: of two that are under way at once the later number is the later wish.
    publications += 1
    remember()
    let wanted = InForce(
      definition: definition,
      snapshot: definition.makeSnapshot(
        version: publications, isRolledBack: isRolledBack,
        fallback: fallenBack == nil ? .off : settings.fallback),
      rollback: rollback, fallenBack: fallenBack, isFromFile: isFromFile, loadedAt: loadedAt)
    let flips = await proxy.adopt(wanted.snapshot, deadline: deadline)
    await layers.clearL1()
    // What was counted until now belongs to what was in force until now. The same routing again continues its account: another
    // team's edit of the file, or an order that changes nothing, does not make a guardrail forget.
    await recordFigures()
    if !wanted.snapshot.isSameRouting(as: inForce.snapshot) {
      evidence.startAgain()
      accountBegan = Date()
      await proxy.beginAccount()
    }
    if wanted.snapshot.version > inForce.snapshot.version { inForce = wanted }
    written.isOld = true
    return flips
  }

  func record(
    _ action: FlipRecord.Action, from: FlipRecord.Position, who: String, reason: String, flips: [LaneFlip]
  ) {
    let fences = flips.filter { $0.held > 0 || !$0.cutOff.isEmpty }.map {
      FlipRecord.Fence(
        lane: $0.lane, heldMicroseconds: Int64(clamping: $0.held / 1000), commands: $0.commands,
        cutOff: $0.cutOff)
    }
    let flip = FlipRecord(
      at: Date(), who: who, action: action, from: from, to: effective, reason: reason,
      fileVersion: definition.version, fences: fences)
    tally.add(flip)
    flipped(flip)
    for stack in Set(flips.flatMap(\.cutOff)) {
      ledger?.record(
        ErrorSample(
          at: Date(), stack: stack, kind: .timeout, message: "cut off by a fence: it did not answer in time"))
    }
  }

  /// The stage and the share that are in force, or that a rollback keeps from it.
  func describe() -> String { Cutover.describe(inForce.definition) }

  static func describe(_ definition: FlagDefinition) -> String {
    let percent = definition.percentage.map { ", \($0) %" }
    return "stage \(definition.stage.name)\(definition.stage == .live ? percent ?? ", by rules" : "")"
  }

  static func held(_ flips: [LaneFlip]) -> String {
    let longest = flips.map(\.held).max() ?? 0
    guard longest > 0 else { return "" }
    let commands = flips.reduce(0) { $0 + $1.commands }
    let cut = Set(flips.flatMap(\.cutOff)).map(\.name)
    let parts =
      (commands > 0 ? ["held \(commands) commands for \(Double(longest / 10_000) / 100) ms"] : [])
      + (cut.isEmpty ? [] : ["cut off: \(cut.joined(separator: ", "))"])
    return parts.isEmpty ? "" : " (\(parts.joined(separator: "; ")))"
  }
}

extension FlagDefinition {
  /// The share of the keys as it was written, 0 to 100; nil when it depends on rules.
  var percent: Double? {
    percentage.map { Double($0.hundredths) / 100 } ?? cohort.percent.map { ($0 * 10_000).rounded() / 10_000 }
  }
}
