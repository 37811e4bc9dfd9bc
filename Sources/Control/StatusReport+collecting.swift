import Foundation
import SluiceCommands
import SluiceConfiguration
import SluiceCopying
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceJournal
import SluiceLayeredServer
import SluiceLedger
import SluiceProxy
import SluiceRouting
import SluiceServers

extension StatusReport {
  /// Where it really listens.
  struct Doors: Sendable {
    var listen: [Address] = []
    var control: [Address] = []
    var admin: [Address] = []
  }

  /// Puts together what the parts know.
  init(
    _ cutover: Cutover, _ standing: Cutover.Standing, lanes: [LaneHealth],
    layers: [StackID: LayeredStatus], health: HealthBoard,
    configuration: ServeConfiguration,
    started: Date, doors: Doors, ledger: LedgerHealth?,
    ledgerError: String?,
    journal: Journal
  ) {
    let inForce = standing.inForce
    let snapshot = inForce.snapshot
    let definition = inForce.definition
    let evidence = standing.evidence
    let total = evidence.total
    version = SluiceService.version
    (service, instance) = (configuration.service, configuration.instanceName)
    uptime_seconds = Int(Date().timeIntervalSince(started))
    stage = definition.stage.name
    effective_stage = snapshot.effectiveStage.name
    percent = definition.percent
    rolled_back = snapshot.isRolledBack
    rollback = inForce.rollback
    (latch_error, latch_left) = (standing.latchError, standing.latchLeft)
    memory_error = standing.memoryError
    if let fallen = inForce.fallenBack, snapshot.fallback != .off {
      fallback = Fallback(mode: snapshot.fallback.name, reason: fallen.reason, since: fallen.since)
    }
    flags = Flags(
      path: configuration.flags.path,
      source: inForce.isFromFile ? "file" : standing.isRemembered ? "remembered" : "built_in",
      version: definition.version, error: standing.flagsError, loaded_at: inForce.loadedAt,
      fractional_hash: definition.hash.rawValue)
    listen = doors.listen.map(\.description)
    control = doors.control.map(\.description)
    admin = doors.admin.map(\.description)
    let endpoints = configuration.stacks
    stacks = [
      "legacy": Stack(
        .legacy, endpoints.legacy, health[.legacy], total,
        inFlight: lanes.reduce(0) { $0 + $1.legacyInFlight },
        mirrorQueue: lanes.reduce(0) { $0 + $1.legacyMirrorQueue },
        suspects: lanes.reduce(0) { $0 + $1.legacySuspects },
        breaker: Breaker.worst(lanes.map(\.legacyBreaker)), failures: lanes.map(\.legacyFailures).max() ?? 0,
        coldSince: lanes.compactMap(\.legacyColdSince).min()),
      "new": Stack(
        .new, endpoints.new, health[.new], total, inFlight: lanes.reduce(0) { $0 + $1.newInFlight },
        mirrorQueue: lanes.reduce(0) { $0 + $1.newMirrorQueue },
        suspects: lanes.reduce(0) { $0 + $1.newSuspects }, breaker: Breaker.worst(lanes.map(\.newBreaker)),
        failures: lanes.map(\.newFailures).max() ?? 0,
        coldSince: lanes.compactMap(\.newColdSince).min()),
    ]
    stacks["legacy"]?.mirror_queue_bytes = lanes.reduce(0) { $0 + $1.legacyMirrorBytes }
    stacks["new"]?.mirror_queue_bytes = lanes.reduce(0) { $0 + $1.newMirrorBytes }
    stacks["legacy"]?.layers = layers[.legacy].map(Layers.init)
    stacks["new"]?.layers = layers[.new].map(Layers.init)
    for stack in StackID.allCases {
      let place = cutover.proxy.place(of: stack)
      stacks[stack.name]?.run_id = place?.run.map { String(decoding: $0, as: UTF8.self) }
      stacks[stack.name]?.database = place?.database
      stacks[stack.name]?.last_trouble = health.words(of: stack)
    }
    times_found_empty = cutover.proxy.losses
    clients = Clients(
      connected: lanes.reduce(0) { $0 + $1.clients }, total: lanes.reduce(0) { $0 + $1.clientsTotal },
      cut_off: lanes.reduce(0) { $0 + $1.clientsCutOff },
      cut_off_for_memory: lanes.reduce(0) { $0 + $1.clientsCutOffForMemory },
      memory: lanes.reduce(0) { $0 + $1.clientBytes }, memory_limit: configuration.limits.memory)
    refusals = total.refusals.ranked.map { Refusal($0.place, $0.tally) }
    lacks = total.lacks.ranked.map { Refusal($0.place, $0.tally) }
    var reasons: [String: UInt64] = [:]
    for reason in IgnoredReason.allCases where total.compare.ignoredBy[reason] > 0 {
      reasons[reason.name] = total.compare.ignoredBy[reason]
    }
    var kinds: [String: UInt64] = [:]
    for kind in DivergenceKind.allCases where total.divergences[kind] > 0 {
      kinds[kind.name] = total.divergences[kind]
    }
    compare = Compare(
      matched: total.compare.matched, ignored: total.compare.ignored, superseded: total.compare.superseded,
      diverged: total.compare.diverged, dropped: total.compare.dropped,
      served_different: total.compare.servedDifferent, served_missing: total.compare.servedMissing,
      missed_on_legacy: total.compare.missedOnLegacy, kinds: kinds,
      ignored_by_reason: reasons,
      since_flip: SinceFlip(evidence.sinceFlip.compare), verdict: evidence.verdict.rawValue)
    step = Step(standing)
    plan = Plan(standing)
    mirror = Mirror(
      writes: total.compare.mirroredWrites, dropped_writes: total.compare.droppedWrites,
      errors: total.compare.mirrorErrors)
    transactions = Transactions(
      split: configuration.splitsTransactions, carried_split: total.splitTransactions)
    scripts = Scripts(
      rules: configuration.scripts.count, suspected: cutover.proxy.suspectedScripts,
      untold: total.untoldScripts)
    copies = Copies(
      dump: total.copies.dump, restamped: total.copies.restamped, value: total.copies.value,
      pieces: total.copies.pieces)
    for reason in HoldFigures.Reason.allCases where total.holds[reason].count > 0 {
      let times = total.holds[reason]
      holds[reason.name] = Holds(
        commands: times.count, p50_us: times.value(atPercentile: 50), p99_us: times.value(atPercentile: 99),
        max_us: times.value(atPercentile: 100))
    }
    for stack in StackID.allCases {
      let reasons = lanes.uncarried(to: stack)
      stacks[stack.name]?.uncarried = reasons.values.reduce(0, +)
      stacks[stack.name]?.uncarried_reasons = Dictionary(
        reasons.map { ($0.key.text, $0.value) }, uniquingKeysWith: +)
      stacks[stack.name]?.uncarried_keys = lanes.flatMap { $0.uncarriedNames[stack] ?? [] }.prefix(5).map {
        TerminalText.key($0)
      }
    }
    self.ledger = Ledger(ledger, path: configuration.ledger.path, error: ledgerError)
    self.journal = journal
    if let failure = lanes.compactMap(\.journalFailure).first, journal.health == "ok" {
      self.journal.health = "degraded"
      self.journal.reason = failure
    }
    lookBack(on: evidence)
    compare.verdict_reason = verdictReason(openIsLeast: step.open_is_least)
  }
}

extension [LaneHealth] {
  /// How many keys no way can carry to the stack, by reason.
  func uncarried(to stack: StackID) -> [Uncarried: Int] {
    reduce(into: [:]) { sum, lane in
      sum.merge(stack == .legacy ? lane.legacyUncarried : lane.newUncarried, uniquingKeysWith: +)
    }
  }
}

extension StatusReport.Journal {
  /// - Parameter error: why nothing of this run can be written down.
  init(_ files: SuspectJournal?, error: String?, damage: String?) {
    let missing = files?.missing.map(SluiceService.gone)
    path = error == nil ? files?.directory : nil
    health = path == nil ? "off" : missing == nil ? "ok" : "degraded"
    reason = error ?? missing
    self.damage = damage
  }
}

extension StatusReport.Refusal {
  fileprivate init(_ place: RefusalCounts.Place, _ tally: RefusalCounts.Tally) {
    func date(_ milliseconds: Int64) -> Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }
    self.init(
      command: CommandTable.shared.name(of: place.command), reason: place.reason, count: tally.count,
      first_at: date(tally.firstAt), last_at: date(tally.lastAt), client: tally.client.name,
      library: tally.client.library, address: tally.client.address)
  }
}

extension StatusReport {
  /// What is noticed beside the traffic.
  mutating func lookAround(
    _ proxy: ProxyServer, _ operators: PasswordGuesses, _ visitors: PasswordGuesses,
    _ configuration: ServeConfiguration
  ) {
    clocks = Lookout.clocks(proxy, configuration)
    for stack in StackID.allCases {
      stacks[stack.name]?.server = proxy.facts(of: stack).map(Server.init)
      stacks[stack.name]?.clock_shift_ms = proxy.clockShift(of: stack)
      stacks[stack.name]?.clock_offset_ms = proxy.clock(of: stack).map { Int($0.nanoseconds / 1_000_000) }
    }
    if let legacy = proxy.facts(of: .legacy), let new = proxy.facts(of: .new) {
      pair = "\(legacy.name) -> \(new.name)"
    }
    wrong_passwords = WrongPasswords(
      clients: .init(proxy.guesses.figures), control: .init(operators.figures), admin: .init(visitors.figures)
    )
  }
}

extension StatusReport {
  mutating func remember(_ memory: MemoryOutlook?) {
    guard let memory else { return }
    stacks["legacy"]?.used_memory = memory.legacy.used
    stacks["legacy"]?.evicted_keys = memory.legacyEvicted
    stacks["new"]?.used_memory = memory.new.used
    stacks["new"]?.evicted_keys = memory.newEvicted
  }
}

extension StatusReport.Server {
  fileprivate init(_ facts: ServerFacts) {
    self.init(
      name: facts.name, dump_version: facts.stamp.map(Int.init), maxmemory: facts.maximumMemory,
      maxmemory_policy: facts.evictionPolicy, databases: facts.databases, cluster: facts.isCluster,
      modules: facts.modules, not_known: facts.unknown)
  }
}

extension StatusReport.WrongPasswords.Door {
  fileprivate init(_ figures: PasswordGuesses.Figures) {
    self.init(count: figures.total)
    guard figures.total > 0 else { return }
    last_from = figures.lastFrom
    last_at = Date(timeIntervalSince1970: Double(figures.lastAt) / 1e9)
  }
}

extension StatusReport.Step {
  fileprivate init(_ standing: Cutover.Standing) {
    let evidence = standing.evidence
    seconds = evidence.seconds()
    (forced, paused) = (evidence.forced, evidence.paused)
    (open_divergences, open_is_least) = (evidence.open ?? 0, evidence.openIsLeast)
    closings = standing.closings.map {
      .init(
        kind: $0.kind?.name, keys: TerminalText.key($0.keys), why: $0.why, who: $0.who,
        at: Date(timeIntervalSince1970: Double($0.at) / 1000))
    }
    next = standing.next
    gates = standing.gates.map {
      .init(
        name: $0.name, now: $0.now, needed: $0.needed, missing: $0.missing, is_against: $0.isAgainst,
        about_seconds: $0.about)
    }
    guardrails = [:]
    for name in Guardrails.Name.allCases {
      let (rail, test) = (standing.inForce.definition.guardrails[name], evidence.tests[name])
      guardrails[name.rawValue] = .init(
        score: (evidence.score(of: name) * 1000).rounded() / 1000, bad: test?.bad ?? 0,
        total: test?.total ?? 0, healthy: rail.healthy, broken: rail.broken, reaction: rail.reaction.rawValue)
    }
  }
}

extension StatusReport.SinceFlip {
  fileprivate init(_ compare: CompareFigures) {
    self.init(
      matched: compare.matched, superseded: compare.superseded, diverged: compare.diverged,
      dropped: compare.dropped)
  }
}

extension StatusReport.Stack {
  fileprivate init(
    _ id: StackID, _ stack: StackConfiguration, _ standing: HealthBoard.Standing, _ total: LaneFigures,
    inFlight: Int,
    mirrorQueue: Int, suspects: Int, breaker: Breaker, failures: Int, coldSince: Int64?
  ) {
    self.init(
      endpoint: "\(stack.endpoint)", health: standing.health.name, since: standing.since,
      reason: standing.health.reason, in_flight: inFlight, mirror_queue: mirrorQueue, suspects: suspects,
      suspects_made: total.suspects[id].made, suspects_repaired: total.suspects[id].repaired,
      suspects_deleted: total.suspects[id].deleted,
      breaker: breaker.rawValue, failures: failures,
      cold_since: coldSince.map { Date(timeIntervalSince1970: Double($0) / 1000) },
      operations: CommandClass.allCases.reduce(0) { $0 + total[id, $1].operations },
      errors: total.errors.total(id))
  }
}

extension StatusReport.Layers {
  fileprivate init(_ status: LayeredStatus) {
    self.init(
      names: status.layers, l1_hits: status.l1Hits, l1_misses: status.l1Misses, l1_entries: status.l1Entries,
      compressed: status.compressed, decompressed: status.decompressed, bytes_before: status.bytesBefore,
      bytes_after: status.bytesAfter, expanded: status.expanded, corrupt: status.corrupt,
      refused: status.refused, memory_since: status.memorySince.map { Date(timeIntervalSince1970: $0) },
      reason: status.reason, stale_keys: status.staleKeys, losses: status.losses,
      recoveries: status.recoveries)
  }
}

extension StatusReport.Ledger {
  fileprivate init(_ health: LedgerHealth?, path: String?, error: String?) {
    self.path = health?.path ?? path
    queued = (health?.queued ?? 0) + (health?.waiting ?? 0)
    lost_samples = health?.lostSamples ?? 0
    switch health?.state {
    case .ok: (self.health, reason) = (health?.replaced == nil ? "ok" : "replaced", health?.replaced)
    case .degraded(let reason, _): (self.health, self.reason) = ("degraded", reason)
    case .closed: (self.health, reason) = ("closed", nil)
    case nil: (self.health, reason) = ("off", error)
    }
  }
}
