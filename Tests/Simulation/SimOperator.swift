import SluiceCore
import SluiceRouting

/// Whoever flips: one order after the other, and now and then a second one before the first is through.
///
/// In the one thread of its world, like everything there: the proof behind `@unchecked Sendable`.
final class SimOperator: Actor, @unchecked Sendable {
  unowned(unsafe) let world: SimWorld
  private(set) var routing: RoutingSnapshot
  /// What every lane was known to be in last.
  private(set) var inForce: RoutingSnapshot
  private var version: UInt64 = 1
  private(set) var flips = 0
  private(set) var underWay = 0
  private(set) var isOver = false
  /// Stacks that were not told of writes for a while: they may lack what the other one has.
  private(set) var leftOut: Set<StackID> = []

  init(_ world: SimWorld) {
    self.world = world
    routing = SimOperator.snapshot(.dualwrite, percent: 0, version: 1, sample: 1000)
    if world.plan.leavesOut, world.chance.happens(500) {
      routing = SimOperator.snapshot(.off, percent: 0, version: 1, sample: 1000)
    }
    inForce = routing
    leftOut = Set([routing.effectiveStage.leftOut].compactMap(\.self))
  }

  func begin() { schedule() }
  func end() { isOver = true }

  private func schedule() {
    guard world.plan.flips > 0 else { return }
    // Not without end, where clients take their time.
    let rest = flips < 400 ? world.chance.spread(1, world.plan.flips) : 500
    world.agenda.add(self, at: world.now + UInt64(rest) * 1_000_000)
  }

  override func act() {
    guard !isOver else { return }
    defer { schedule() }
    guard underWay == 0 || world.chance.happens(150) else { return }
    order(choice(), deadline: world.chance.happens(300) ? 20_000_000 : 250_000_000)
  }

  private func choice() -> RoutingSnapshot {
    version += 1
    if world.chance.happens(150) { return routing.withLatch(!routing.isRolledBack, version: version) }
    let all: [Stage] = [.dualwrite, .shadow, .live, .live, .live, .rampdown]
    let stage =
      world.plan.leavesOut && world.chance.happens(250)
      ? (world.chance.happens(500) ? Stage.off : .complete) : all[world.chance.below(all.count)]
    let percents: [UInt64] = [0, 1, 25, 50, 75, 100]
    let snapshot = SimOperator.snapshot(
      stage, percent: percents[world.chance.below(percents.count)], version: version,
      sample: world.chance.happens(700) ? 1000 : UInt64(world.chance.below(1000)))
    return routing.isRolledBack && world.chance.happens(500)
      ? snapshot.withLatch(true, version: version) : snapshot
  }

  func order(_ snapshot: RoutingSnapshot, deadline: Int64) {
    guard let laneSet = world.laneSet else { return }
    let before = routing
    routing = snapshot
    if let stack = snapshot.effectiveStage.leftOut { leftOut.insert(stack) }
    version = max(version, snapshot.version)
    flips += 1
    underWay += 1
    world.tell(
      "flip to \(snapshot.effectiveStage.name) \(snapshot.cohort.percent ?? 0) %, within \(deadline / 1_000_000) ms"
    )
    // A stack that is left out, or was, knows nothing of what came meanwhile.
    if snapshot.effectiveStage.leftOut != before.effectiveStage.leftOut {
      world.mayLose(for: 2_000_000_000, "a stack is left out, or comes back")
    }
    let world = world
    laneSet.adopt(snapshot, deadline: deadline) { [weak self] flips in
      guard let self, self.world.laneSet === laneSet else { return }
      underWay -= 1
      if snapshot.version >= inForce.version { inForce = snapshot }
      for flip in flips where !flip.cutOff.isEmpty || flip.emptied != nil {
        world.mayLose(
          for: 2_000_000_000,
          "lane \(flip.lane): the flip has cut off \(flip.cutOff), emptied \(flip.emptied?.name ?? "nothing")"
        )
      }
      world.tell("\(snapshot.effectiveStage.name) is in force")
    }
  }

  /// The process is gone; what it was in is what the next one begins with.
  func processDied() { underWay = 0 }

  func next(_ stage: Stage, percent: UInt64 = 100) -> RoutingSnapshot {
    version += 1
    return SimOperator.snapshot(stage, percent: percent, version: version, sample: 1000)
  }

  private static func snapshot(_ stage: Stage, percent: UInt64, version: UInt64, sample: UInt64)
    -> RoutingSnapshot
  {
    RoutingSnapshot(
      version: version, stage: stage, isRolledBack: false,
      cohort: Cohort(
        Bucketing(
          hash: BucketHash(prefix: Array("cache-stack".utf8)),
          share: Share(weight: percent, rest: 100 - percent) ?? .nothing)),
      sample: Bucketing(
        hash: BucketHash(prefix: Array("shadow-sample".utf8)),
        share: Share(weight: sample, rest: 1000 - sample) ?? .everything))
  }
}
