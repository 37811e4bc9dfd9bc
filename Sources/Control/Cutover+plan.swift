import Foundation
import SluiceEvidence
import SluiceFlags
import SluiceLedger
import SluiceRouting

/// The ramp that goes up by itself. What it decides is carried out by the same way as an order, its gates are asked again there, and a
/// rollback waits for none of it.
extension Cutover {
  /// The step that would be taken next.
  struct NextStep: Sendable {
    /// As `sluice` would be told it.
    var order: String
    var stage: Stage?
    var percentage: Percentage?
    var definition: FlagDefinition

    /// Stages before `shadow` are left, and `complete` is entered, by a person alone.
    var isForPlan: Bool { definition.stage == .live || definition.stage == .rampdown }
  }

  /// How the plan stands.
  struct PlanStanding: Sendable {
    /// The defaults, if none is in force.
    var plan: Plan
    var isInForce: Bool
    var state: Ramp.State
    var place: RampPlace
    var approvedBy: String?
    var words: String
  }

  /// The step that the plan, or without one the usual way, takes next; nil where there is none, or where rules decide.
  var nextStep: NextStep? {
    let source = definition.source
    func step(_ order: String, _ stage: Stage?, _ percentage: Percentage? = nil) -> NextStep? {
      (try? FlagChange(editing: source, stage: stage, percentage: percentage)).map {
        NextStep(order: order, stage: stage, percentage: percentage, definition: $0.definition)
      }
    }
    let reached = definition.percentage?.hundredths ?? 0
    switch definition.stage {
    case .off: return step("stage dualwrite", .dualwrite)
    case .dualwrite: return step("stage shadow", .shadow)
    case .shadow, .live:
      let steps = definition.plan?.steps ?? Plan().steps
      if definition.stage == .live, reached >= 10_000 { return step("stage rampdown", .rampdown) }
      guard
        let next = definition.stage == .live ? steps.first(where: { $0.hundredths > reached }) : steps.first
      else { return nil }
      return definition.stage == .live
        ? step("ramp \(next)", nil, next) : step("stage live \(next)", .live, next)
    case .rampdown: return step("stage complete", .complete)
    case .complete: return nil
    }
  }

  func planStanding(_ next: NextStep?, _ gates: [Gate]) -> PlanStanding {
    let plan = definition.plan
    let state: Ramp.State =
      isRolledBack
      ? .rolledBack
      : evidence.paused != nil
        ? .paused
        : plan.map { $0.advance == .manual } ?? true
          ? .manual : next.map { !$0.isForPlan } ?? true ? .yours : ramp.state
    let place = RampPlace(definition)
    return PlanStanding(
      plan: plan ?? Plan(), isInForce: plan != nil, state: state, place: place, approvedBy: ramp.approvedBy,
      words: state.words(place, gates, next: next?.order, plan: plan, paused: evidence.paused))
  }

  /// Called about once a second; waits for nothing.
  func considerPlan() {
    guard !isConsideringPlan, let plan = definition.plan, plan.advance != .manual else { return }
    isConsideringPlan = true
    Task {
      await judge(plan)
      isConsideringPlan = false
    }
  }

  private func judge(_ plan: Plan) async {
    let next = nextStep
    let gates = await gates(of: next)
    // What is wanted and what is in force are one, or a flip is under way.
    guard definition.version == inForce.definition.version, definition.plan == plan else { return }
    let before = describe()
    let decision = ramp.judge(
      Ramp.Sight(
        plan: plan, step: inForce.snapshot.identity(inForce.definition), seconds: evidence.seconds(),
        gates: gates, isForPlan: next?.isForPlan ?? false, paused: evidence.paused,
        isRolledBack: isRolledBack), now: Int64(Date().timeIntervalSince1970))
    switch decision {
    case .nothing: break
    case .hold(let unmet):
      decided(.held, before, "missing: \(unmet.map(\.shortfall).joined(separator: ", "))")
    case .ask:
      decided(.asked, before, "\(next?.order ?? "") is ready: \(gates.map(\.proof).joined(separator: "; "))")
      logger.notice("the plan asks for '\(next?.order ?? "")': sluice plan approve")
    case .pause(let why):
      evidence.pause("\(Evidence.planWord)\(why)")
      decided(.paused, before, why)
      await writeAccount()
      logger.error("the plan is paused, 'sluice plan resume' ends that: \(why)")
    case .advance:
      if let next { await advance(next, gates) }
    }
  }

  private func gates(of next: NextStep?) async -> [Gate] {
    guard let next, next.isForPlan else { return [] }
    await collect()
    let gates = evidence.gates(from: definition, to: next.definition, await surroundings())
    guard gates.filter({ !$0.isMet }).map(\.name) == ["suspects"] else { return gates }
    // Under traffic some key is always just being copied: what counts is whether there is a moment without one.
    let unmet = await unmetGates(from: definition, to: next.definition)
    return gates.map { gate in
      gate.isMet ? gate : unmet.first ?? Gate(gate.name, now: gate.needed, needed: gate.needed)
    }
  }

  private func advance(_ next: NextStep, _ gates: [Gate]) async {
    let before = describe()
    let yes = ramp.approvedBy.map { ", approved by \($0)" } ?? ""
    let proof = gates.map(\.proof).joined(separator: "; ")
    do {
      _ = try await move(
        to: next.stage, percentage: next.percentage, who: "plan",
        reason: "all \(gates.count) conditions of \(before) are met\(yes)", judged: definition.version)
      decided(.advanced, before, "to \(describe())\(yes): \(proof)")
    } catch {
      if ramp.failed(error.message) { decided(.held, before, error.message) }
    }
  }

  private func decided(
    _ action: DecisionRecord.Action, _ step: String, _ words: String, by who: String = "plan"
  ) {
    decided(DecisionRecord(who: who, action, step: step, words: words))
  }

  // MARK: Orders

  /// The yes for which a plan waits that asks.
  func approve(who: String) async throws(Refused) -> String {
    let next = nextStep
    let gates = await gates(of: next)
    let standing = planStanding(next, gates)
    guard standing.isInForce, standing.plan.advance == .ask else {
      throw Refused("nothing was changed: no plan asks here (advance is \(standing.plan.advance.rawValue))")
    }
    guard let next, next.isForPlan, standing.state == .asking || ramp.hasAsked else {
      throw Refused("nothing was changed, the plan does not ask yet: \(standing.words)")
    }
    ramp.approve(who)
    decided(.approved, describe(), next.order, by: who)
    logger.notice("'\(next.order)' is approved by \(who)")
    considerPlan()
    return "OK approved: \(next.order) is taken as soon as all its conditions are met"
  }

  /// No step up until somebody resumes.
  func pause(reason: String, who: String) async throws(Refused) -> String {
    guard !reason.isEmpty else { throw Refused("say why: PAUSE reason") }
    if let paused = evidence.paused { return "OK already paused: \(paused)" }
    evidence.pause("\(Evidence.planWord)paused by \(who): \(reason)")
    decided(.paused, describe(), reason, by: who)
    await writeAccount()
    logger.notice("paused by \(who): \(reason)")
    return "OK paused: no step up is taken until 'sluice plan resume'; guardrails go on"
  }

  func resume(reason: String, who: String) async throws(Refused) -> String {
    guard let paused = evidence.paused else { return "OK nothing is paused" }
    guard evidence.isPausedByPlan else {
      throw Refused("still paused by a guardrail, mend it and 'sluice close' says why: \(paused)")
    }
    evidence.goOn()
    decided(.resumed, describe(), reason.isEmpty ? paused : reason, by: who)
    await writeAccount()
    logger.notice("resumed by \(who)")
    return "OK resumed: \(place())"
  }
}
