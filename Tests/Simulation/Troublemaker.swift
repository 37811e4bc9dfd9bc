import SluiceRouting

/// Breaks things, one at a time or several, and heals them.
final class Troublemaker: Actor {
  unowned(unsafe) let world: SimWorld
  private var healings: [(at: UInt64, heal: () -> Void)] = []
  private var nextAt: UInt64 = 0
  private(set) var isOver = false
  private(set) var faults = 0

  init(_ world: SimWorld) { self.world = world }

  func begin() { schedule() }

  private func schedule() {
    guard world.plan.faults > 0, !isOver else { return }
    let rest = faults < 200 ? world.chance.spread(1, world.plan.faults) : 2000
    nextAt = world.now + UInt64(rest) * 1_000_000
    world.agenda.add(self, at: nextAt)
  }

  override func act() {
    let due = healings.filter { $0.at <= world.now }
    healings.removeAll { $0.at <= world.now }
    for healing in due { healing.heal() }
    guard !isOver, nextAt <= world.now else { return }
    disturb()
    schedule()
  }

  /// Everything is well again, for good.
  func end() {
    isOver = true
    for healing in healings { healing.heal() }
    healings = []
  }

  private func heal(after milliseconds: Int, _ heal: @escaping () -> Void) {
    let at = world.now + UInt64(milliseconds) * 1_000_000
    healings.append((at, heal))
    world.agenda.add(self, at: at)
  }

  private func disturb() {
    let stack: StackID = world.chance.happens(600) ? .new : .legacy
    guard let server = world.servers[stack], !world.plan.kinds.isEmpty else { return }
    faults += 1
    let milliseconds = world.chance.spread(1, 2500)
    let spare = UInt64(milliseconds + 3000) * 1_000_000
    switch world.plan.kinds[world.chance.below(world.plan.kinds.count)] {
    case .cutStack:
      world.mayLose(for: 2_000_000_000, "a link to \(server.name) is cut")
      server.cutOne()
    case .cutClient:
      world.tell("a client is cut")
      world.clients[world.chance.below(world.clients.count)].cut()
    case .hang:
      world.mayLose(for: spare, "\(server.name) hangs for \(milliseconds) ms")
      server.hangsUntil = world.now + UInt64(milliseconds) * 1_000_000
    case .stall:
      guard !world.loops.isEmpty else { return }
      let loop = world.loops[world.chance.below(world.loops.count)]
      world.mayLose(for: spare, "a loop stalls for \(milliseconds / 4) ms")
      loop.stalledUntil = world.now + UInt64(milliseconds / 4) * 1_000_000
    case .refuse:
      let moods: [SimServer.Mood] = [.outOfMemory, .readOnly, .loading]
      guard server.mood == .well, !server.isDown else { return }
      server.mood = moods[world.chance.below(3)]
      world.mayLose(for: spare, "\(server.name) is \(server.mood) for \(milliseconds) ms")
      heal(after: milliseconds) {
        server.mood = .well
        self.world.tell("\(server.name) is well")
      }
    case .restart: restart(server, milliseconds, withSnapshot: false, spare)
    case .restore:
      if world.chance.happens(500) { server.takeSnapshot() }
      // A primary of all keys that comes back with what is old answers as it would without us.
      guard mayComeBackOld(stack) else { return }
      restart(server, milliseconds, withSnapshot: true, spare)
    case .evict:
      // Where the stack is the mirror, nobody may notice for long.
      world.mayLose(for: 3_600_000_000_000, "\(server.name) evicts a key")
      server.evict()
    case .crash: crash()
    }
  }

  private func mayComeBackOld(_ stack: StackID) -> Bool {
    guard let routing = world.operatorOfStages?.routing else { return false }
    return world.plan.flips == 0 && routing.mirrorsWrites && stack == .new
      && routing.effectiveStage != .rampdown
      && routing.effectiveStage != .live
  }

  private func restart(_ server: SimServer, _ milliseconds: Int, withSnapshot: Bool, _ spare: UInt64) {
    guard !server.isDown else { return }
    world.mayLose(for: spare, "\(server.name) is killed for \(milliseconds) ms")
    server.stop()
    heal(after: milliseconds) {
      server.start(withSnapshot: withSnapshot)
      self.world.mayLose(
        for: 3_000_000_000, "\(server.name) is back\(withSnapshot ? " with what it had" : ", empty")")
    }
  }

  private func crash() {
    guard let operatorOfStages = world.operatorOfStages, world.laneSet != nil else { return }
    world.mayLose(for: 4_000_000_000, "the proxy is killed")
    let left = world.killProxy()
    operatorOfStages.processDied()
    world.startProxy(operatorOfStages.inForce, isContinued: true, left: left)
    world.tell("the proxy is back")
  }
}
