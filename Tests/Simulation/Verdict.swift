import SluiceCore
import SluiceRESP
import SluiceRouting

/// One seed from its beginning to the judgement over it.
extension SimWorld {
  struct Outcome {
    var violations: [String]
    var operations: Int
    var flips: Int
    var faults: Int
    var compared: UInt64
    var divergences: Int
    var story: [String]
    var plan: Plan
    /// What chance would have said next: the same wherever the seed is played.
    var mark: UInt64
  }

  static func play(seed: UInt64, operations: Int, folder: String, tells: Bool = false) -> Outcome {
    let world = SimWorld(seed: seed, operations: operations, folder: folder, tells: tells)
    world.live()
    defer { world.end() }
    return Outcome(
      violations: world.violations, operations: world.asked, flips: world.operatorOfStages?.flips ?? 0,
      faults: world.troublemaker?.faults ?? 0, compared: world.figures.compare.matched,
      divergences: world.divergences.count, story: world.story ?? [], plan: world.plan,
      mark: world.chance.next())
  }

  private func live() {
    let stages = SimOperator(self)
    operatorOfStages = stages
    let trouble = Troublemaker(self)
    troublemaker = trouble
    tell("\(plan)")
    startProxy(stages.routing, isContinued: true, left: nil)
    for client in clients { client.wake(in: UInt64(chance.below(3000)) * 1000) }
    stages.begin()
    trouble.begin()
    // Long enough for whatever was drawn; a world that does not come to an end is a fault as well.
    let isDone = pass(atMost: 600_000_000_000) {
      self.asked >= self.plan.operations && self.clients.allSatisfy(\.isQuiet)
    }
    if !isDone {
      violated("clients wait for ever: \(clients.count { !$0.isQuiet }) of \(clients.count); \(health)")
    }
    stages.end()
    trouble.end()
    settle(stages)
    judge()
  }

  /// Only a mirror is repaired in the background, so both stacks take their turn at being one.
  private func settle(_ stages: SimOperator) {
    guard pass(atMost: 60_000_000_000, until: { stages.underWay == 0 }) else {
      return violated("a flip does not end")
    }
    for stage in [Stage.dualwrite, .rampdown, .dualwrite] {
      stages.order(stages.next(stage), deadline: 250_000_000)
      let isQuiet = pass(atMost: 120_000_000_000) {
        stages.underWay == 0
          && self.health.allSatisfy {
            $0.legacy == .up && $0.new == .up && $0.legacyInFlight == 0 && $0.newInFlight == 0
              && (stage == .dualwrite ? $0.newSuspects : $0.legacySuspects) == 0
          }
      }
      if !isQuiet { return violated("it does not come to rest in \(stage.name): \(health)") }
      pass(until: now + 2_000_000_000)
    }
  }

  private func judge() {
    for index in loops.indices {
      loops[index].perform { if let laneSet { figures.merge(laneSet.figures(index)) } }
    }
    for (key, history) in histories.enumerated() {
      for contradiction in history.contradictions(losses: losses).prefix(2) {
        violated(
          "r\(key): \(contradiction.words): \(contradiction.operations.map(shown).joined(separator: "; "))")
      }
    }
    compareStacks()
    // Between two servers of one kind that nobody disturbs nothing can differ.
    if losses.isEmpty, !divergences.isEmpty {
      let first = divergences.prefix(3).map { "\($0.kind) \(String(decoding: $0.key, as: UTF8.self))" }
      violated("\(divergences.count) divergences without a reason: \(first.joined(separator: ", "))")
    }
  }

  private func shown(_ operation: History.Operation) -> String {
    func time(_ nanoseconds: UInt64) -> String {
      nanoseconds == .max ? "…" : "\((nanoseconds &- 3_600_000_000_000) / 1000) µs"
    }
    let what = operation.value == 0 ? "nothing" : "v\(operation.value)"
    return
      "\(operation.kind) \(what) \(time(operation.start))–\(time(operation.end))\(operation.isKnown ? "" : " (unknown)")"
      + (operation.lives.map { " for \($0 / 1_000_000) ms" } ?? "")
  }

  private func compareStacks() {
    guard let legacy = servers[.legacy], let new = servers[.new] else { return }
    let leftOut = operatorOfStages?.leftOut ?? []
    // What was met empty is cold, and lacks what nobody has written since.
    let health = self.health
    let mayLack = [
      StackID.legacy: legacy.losses > 0 || leftOut.union(metEmpty).contains(.legacy)
        || health.contains { $0.legacyColdSince != nil },
      .new: new.losses > 0 || leftOut.union(metEmpty).contains(.new)
        || health.contains { $0.newColdSince != nil },
    ]
    let evicts = plan.kinds.contains(.evict)
    for key in Set(legacy.keys() + new.keys()).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let (one, other) = (contents(of: key, at: legacy), contents(of: key, at: new))
      if one.value == other.value, abs(one.expiry - other.expiry) < 1500 { continue }
      if one.value.isEmpty, mayLack[.legacy] == true || evicts { continue }
      if other.value.isEmpty, mayLack[.new] == true || evicts { continue }
      violated(
        "\(String(decoding: key, as: UTF8.self)) differs at the end: legacy \(shownValue(one)), new \(shownValue(other))"
      )
    }
  }

  private func shownValue(_ contents: (value: [UInt8], expiry: Int)) -> String {
    "\(excerpt(contents.value.span)) until \(contents.expiry)"
  }

  private func contents(of key: [UInt8], at server: SimServer) -> (value: [UInt8], expiry: Int) {
    func ask(_ words: String...) -> [UInt8] {
      server.ask([Array(words[0].utf8), key] + words.dropFirst().map { Array($0.utf8) })
    }
    let kind = ask("TYPE")
    let expiry = server.expiry(of: key)
    func sorted(_ reply: [UInt8], by count: Int) -> [UInt8] {
      let elements = (ReplyReader.elements(of: reply.span) ?? []).map { Array(reply[$0]) }
      let groups = stride(from: 0, to: elements.count, by: count).map {
        elements[$0..<min($0 + count, elements.count)].flatMap(\.self)
      }
      return groups.sorted { $0.lexicographicallyPrecedes($1) }.flatMap(\.self)
    }
    switch String(decoding: kind, as: UTF8.self) {
    case "+string\r\n": return (ask("GET"), expiry)
    case "+list\r\n": return (ask("LRANGE", "0", "-1"), expiry)
    case "+hash\r\n": return (sorted(ask("HGETALL"), by: 2), expiry)
    case "+set\r\n": return (sorted(ask("SMEMBERS"), by: 1), expiry)
    case "+zset\r\n": return (ask("ZRANGE", "0", "-1", "WITHSCORES"), expiry)
    case "+stream\r\n": return (ask("XRANGE", "-", "+"), expiry)
    default: return ([], -1)
    }
  }

  private func end() {
    for client in clients { client.close() }
    endProxy()
    for server in servers.values { server.end() }
    agenda.clear()
  }
}
