import NIOCore
import NIOPosix
import SluiceCopying
import SluiceFigures
import SluiceJournal
import SluiceRESP
import SluiceRouting
import SluiceServers
import Synchronization

/// The data plane: listens, serves clients, and has one lane per event loop.
public final class ProxyServer: Sendable {
  let group: MultiThreadedEventLoopGroup
  let lanes: [Lane]
  private let journal: SuspectJournal?
  let shared: ProxyShared
  let listeners = Mutex<[Channel]>([])
  private let ticks: [RepeatedTask]
  private let histories: (legacy: StackHistory, new: StackHistory)
  /// What the servers have told of their commands.
  let book: CommandBook
  let clientMemory: ClientMemory
  let scripts: ScriptLibrary
  /// The last routing that was handed to the lanes.
  private let inForce: Mutex<RoutingSnapshot>
  /// No lane takes anything any more.
  private let hasStopped = Atomic<Bool>(false)

  /// Connects every lane to both stacks; clients are served from `listen` on.
  ///
  /// - Parameters:
  ///   - routing: what is in force from the first command on.
  ///   - journal: where suspects outlive the process, with one part for each thread; nil if they need not.
  ///   - isContinued: whether that was in force when the journal was written.
  ///   - report: told of health changes and divergences, on a loop: it must be quick and must not block.
  public init(
    _ settings: ProxySettings, legacy: StackEndpoint, new: StackEndpoint, routing: RoutingSnapshot,
    journal: SuspectJournal? = nil, isContinued: Bool = false,
    report: @escaping @Sendable (ProxyEvent) -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
    self.group = group
    let record = journal?.inForce
    let histories = (
      legacy: StackHistory(.legacy, record: record), new: StackHistory(.new, record: record)
    )
    let journals = journal?.lanes ?? []
    let book = CommandBook()
    self.book = book
    let lanes = (0..<settings.threads).map { index in
      Lane(
        index: index, loop: group.next(), settings: settings, routing: routing, legacy: legacy, new: new,
        histories: histories, book: book, journal: journals.indices.contains(index) ? journals[index] : nil,
        report: report)
    }
    self.lanes = lanes
    self.journal = journal
    self.histories = histories
    inForce = Mutex(routing)
    let shared = ProxyShared(exclusive: ExclusiveCommands(lanes: lanes))
    self.shared = shared
    shared.census.limit.store(settings.access.clientsPerAddress, ordering: .relaxed)
    let clientMemory = ClientMemory(limit: settings.clientMemory)
    self.clientMemory = clientMemory
    // Often enough to see a deadline pass within an eighth of it.
    let period = TimeAmount.nanoseconds(
      max(5_000_000, min(min(legacy.commandTimeout, new.commandTimeout) / 8, 250_000_000)))
    ticks = lanes.map { lane in
      lane.loop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in lane.tick() }
    }
    let stage = routing.effectiveStage
    var recovered = LawBreak.noJournal.isOn ? nil : journal?.recovered
    let remembered = LawBreak.noJournal.isOn ? nil : journal?.remembered
    // Another stage than the one in force before is a flip like any other: what comes into use again may hold what is old.
    let (everything, mirrored) = journal?.doubts(in: isContinued ? routing : nil) ?? ([], [])
    recovered?.everything = everything.union(remembered?.doubts(at: stage) ?? [])
    let scripts = ScriptLibrary(rules: settings.scriptRules)
    self.scripts = scripts
    let (taken, leftOutAnew) = (recovered, remembered?.leavesOutAnew(at: stage))
    for lane in lanes {
      try await lane.loop.submit {
        lane.prepare(
          among: lanes, recovered: taken, mirrored: mirrored, leftOutAnew: leftOutAnew,
          clientMemory: clientMemory,
          scripts: scripts)
      }.get()
    }
    record?.leaveOut(Set([stage.leftOut].compactMap(\.self)))
    journal?.wasTakenOver()
    for lane in lanes { try await lane.loop.submit { lane.open() }.get() }
    await settle(within: max(legacy.connectTimeout, new.connectTimeout))
  }

  /// Waits until every connection is up or has failed once, so that the first client is not turned away for our haste.
  private func settle(within nanoseconds: Int64) async {
    let deadline = NIODeadline.now() + .nanoseconds(nanoseconds)
    while NIODeadline.now() < deadline {
      let states = await health()
      if states.allSatisfy({ $0.legacy != .connecting && $0.new != .connecting }) { return }
      _ = try? await group.next().scheduleTask(in: .milliseconds(5)) {}.futureResult.get()
    }
  }

  // MARK: Flips

  /// Puts a routing in force in every lane and returns when it is. `deadline` bounds how long a fence may hold a lane.
  ///
  /// A stack that comes into use again, and was not told of the writes meanwhile, is emptied first; that too is bounded by the
  /// deadline, and a stack that cannot be reached by then is emptied before it answers for anything.
  public func adopt(_ snapshot: RoutingSnapshot, deadline: Int64) async -> [LaneFlip] {
    guard !hasStopped.load(ordering: .acquiring) else { return [] }
    let emptied = await emptyUnfed(before: snapshot, deadline: deadline)
    // A stack is left out before the first write that it is not told of, and until the last one.
    note(snapshot) { $0.union($1.filter { $0 != emptied }) }
    let flips = await putInForce(snapshot, deadline: deadline, emptied: emptied)
    note(snapshot) { now, _ in now }
    tellStrays()
    return flips
  }

  /// Every lane is in the routing that the next process will remember: leaves to it which stacks have doubtful keys of which they are
  /// the primary.
  public func tellStrays() {
    histories.legacy.tellStrays()
    histories.new.tellStrays()
  }

  /// Writes down which stacks are not told of writes, unless a newer routing says so; from those of this one and those written down.
  private func note(_ snapshot: RoutingSnapshot, _ leftOut: (Set<StackID>, Set<StackID>) -> Set<StackID>) {
    guard let record = journal?.inForce else { return }
    let now = Set([snapshot.effectiveStage.leftOut].compactMap(\.self))
    inForce.withLock { inForce in
      guard inForce.version == snapshot.version else { return }
      record.leaveOut(leftOut(now, Set(record.value.leftOut.keys)))
    }
  }

  private func putInForce(_ snapshot: RoutingSnapshot, deadline: Int64, emptied: StackID?) async -> [LaneFlip]
  {
    await withTaskGroup(of: LaneFlip.self) { group in
      for lane in lanes {
        group.addTask {
          await withCheckedContinuation { continuation in
            lane.loop.execute {
              lane.adopt(snapshot, deadline: deadline) { continuation.resume(returning: $0) }
            }
          }
        }
      }
      return await group.reduce(into: []) { flips, flip in
        flips.append(flip)
        flips[flips.count - 1].emptied = emptied
      }
    }
  }

  private func emptyUnfed(before snapshot: RoutingSnapshot, deadline: Int64) async -> StackID? {
    let stack: StackID? = inForce.withLock { inForce in
      // One that was overtaken says nothing of what is left out from here on.
      guard snapshot.version >= inForce.version else { return nil }
      defer { inForce = snapshot }
      let leftOut = inForce.effectiveStage.leftOut
      return snapshot.effectiveStage.leftOut == leftOut ? nil : leftOut
    }
    guard let stack, !hasOnePlace else { return nil }
    var isUnfed = false
    for lane in lanes where (try? await lane.loop.submit { lane.isUnfed(stack) }.get()) ?? false {
      isUnfed = true
    }
    guard isUnfed else { return nil }
    let history = stack == .legacy ? histories.legacy : histories.new
    history.doubtEverything()
    let losses = history.losses
    for lane in lanes { _ = try? await lane.loop.submit { lane.cutToBeEmptied(stack) }.get() }
    let end = NIODeadline.now() + .nanoseconds(deadline)
    while NIODeadline.now() < end {
      let isUp = await health().allSatisfy { (stack == .legacy ? $0.legacy : $0.new) == .up }
      if isUp, history.losses > losses { break }
      _ = try? await group.next().scheduleTask(in: .milliseconds(2)) {}.futureResult.get()
    }
    return stack
  }

  /// Where a stack was met last; nil if it never was.
  public func place(of stack: StackID) -> StackPlace? {
    stack == .legacy ? histories.legacy.place : histories.new.place
  }

  /// What a stack's server is, as far as it has told; nil as long as it was not met.
  public func facts(of stack: StackID) -> ServerFacts? {
    stack == .legacy ? histories.legacy.facts : histories.new.facts
  }

  /// How far a stack's clock is from ours; nil as long as it has not told.
  public func clock(of stack: StackID) -> ClockOffset? {
    stack == .legacy ? histories.legacy.clock : histories.new.clock
  }

  /// By how much expiries are moved for a stack, in milliseconds.
  public func clockShift(of stack: StackID) -> Int {
    stack == .legacy ? histories.legacy.shift : histories.new.shift
  }

  /// Passwords that clients have tried.
  public var guesses: PasswordGuesses { shared.guesses }

  /// Whether both names are one database.
  private var hasOnePlace: Bool { place(of: .new)?.isSame(as: place(of: .legacy)) ?? false }

  /// How often the stacks were found, or made, empty: what `walked` needs to know.
  public var losses: UInt64 { histories.legacy.losses + histories.new.losses }

  /// What a walk over the stacks has made sure of.
  public enum Walked: String, Sendable {
    /// New holds every key that legacy holds.
    case new
    /// Both hold the same keys.
    case both
  }

  /// Every key of one stack was brought to the other, or compared, in the order of the log: once both are known to hold the
  /// same, updates are repeated instead of copied. Nothing happens if a stack has lost everything since.
  ///
  /// - Parameter losses: as they were before the first key was looked at.
  /// - Returns: whether it is so.
  @discardableResult public func walked(_ walked: Walked, since losses: UInt64) async -> Bool {
    let histories = histories
    for lane in lanes {
      let isSo = try? await lane.loop.submit {
        guard histories.legacy.losses + histories.new.losses == losses else { return false }
        lane.becameEqual(walked)
        return true
      }.get()
      guard isSo == true else { return false }
    }
    return true
  }

  // MARK: Looking

  /// What all lanes have counted since the last call.
  public func takeFigures() async -> LaneFigures {
    guard !hasStopped.load(ordering: .acquiring) else { return LaneFigures() }
    return await withTaskGroup(of: LaneFigures.self) { group in
      for lane in lanes {
        group.addTask { (try? await lane.loop.submit { lane.takeFigures() }.get()) ?? LaneFigures() }
      }
      return await group.reduce(into: LaneFigures()) { $0.merge($1) }
    }
  }

  /// Takes what the guardrails judge by, since the last time, from all lanes.
  ///
  /// - Parameter limits: what the guardrails want to know from here on.
  public func takeGuardUnits(_ limits: GuardLimits) async -> GuardUnits {
    guard !hasStopped.load(ordering: .acquiring) else { return GuardUnits() }
    return await withTaskGroup(of: GuardUnits.self) { group in
      for lane in lanes {
        group.addTask {
          let units = try? await lane.loop.submit { lane.takeGuardUnits(limits) }.get()
          return units ?? GuardUnits()
        }
      }
      return await group.reduce(into: GuardUnits()) { $0.merge($1) }
    }
  }

  /// How one lane's connections are.
  public struct LaneHealth: Sendable {
    public var legacy: StackHealth
    public var new: StackHealth
    public var legacyInFlight: Int
    public var newInFlight: Int
    /// Mirrored commands in flight at each stack.
    public var legacyMirrorQueue: Int
    public var newMirrorQueue: Int
    /// Keys on which each stack may be wrong.
    public var legacySuspects: Int
    public var newSuspects: Int
    public var legacyBreaker: Breaker
    public var newBreaker: Breaker
    /// Failures of each connection since the stack last answered a command.
    public var legacyFailures: Int
    public var newFailures: Int
    /// Since when each stack lacks keys that the other has, in milliseconds since 1970: it came up empty, or was emptied.
    public var legacyColdSince: Int64?
    public var newColdSince: Int64?
    public var clients: Int
    public var clientsTotal: Int
    public var clientsCutOff: Int
    public var clientsCutOffForMemory: Int
    /// Bytes that this lane's clients hold.
    public var clientBytes: Int
    /// Keys that no way can carry to each stack, by reason, and some of their names.
    public var legacyUncarried: [Uncarried: Int]
    public var newUncarried: [Uncarried: Int]
    public var uncarriedNames: [StackID: [[UInt8]]]
    /// Why suspects cannot be written down at the moment.
    public var journalFailure: String?
  }

  public func health() async -> [LaneHealth] {
    guard !hasStopped.load(ordering: .acquiring) else { return [] }
    return await withTaskGroup(of: LaneHealth?.self) { group in
      for lane in lanes {
        group.addTask { try? await lane.loop.submit { lane.healthNow }.get() }
      }
      return await group.reduce(into: []) { states, state in if let state { states.append(state) } }
    }
  }

  // MARK: Leaving

  /// Takes no new clients and no new commands, answers what was asked, and closes; after `deadline` nanoseconds at the latest.
  ///
  /// - Parameter lastWords: called when no client is left and before the lanes end: the last chance to take figures.
  public func drain(deadline: Int64, lastWords: () async -> Void = {}) async {
    for channel in listeners.withLock({ $0 }) { try? await channel.close() }
    for lane in lanes { lane.loop.execute { lane.drain() } }
    let end = NIODeadline.now() + .nanoseconds(deadline)
    // After the clients the stacks: what was acknowledged goes on to the mirror.
    while NIODeadline.now() < end {
      let isIdle = await health().allSatisfy { $0.legacyInFlight == 0 && $0.newInFlight == 0 }
      if isIdle, shared.clients.load(ordering: .relaxed) == 0 { break }
      _ = try? await group.next().scheduleTask(in: .milliseconds(5)) {}.futureResult.get()
    }
    await lastWords()
    await stop()
  }

  /// Closes everything at once.
  public func stop() async {
    guard !hasStopped.exchange(true, ordering: .acquiringAndReleasing) else { return }
    for channel in listeners.withLock({ $0 }) { try? await channel.close() }
    for task in ticks { task.cancel() }
    for lane in lanes { _ = try? await lane.loop.submit { lane.shutDown() }.get() }
    try? await group.shutdownGracefully()
  }
}

extension Lane {
  fileprivate func prepare(
    among lanes: [Lane], recovered: SuspectJournal.Recovered?, mirrored: Set<StackID>, leftOutAnew: StackID?,
    clientMemory: ClientMemory, scripts: ScriptLibrary
  ) {
    peers = lanes
    self.scripts = scripts
    self.clientMemory = clientMemory
    // Until this start it was told of everything.
    if let leftOutAnew { wasLeftOut(leftOutAnew) }
    if let recovered { takeOver(recovered, mirrored: mirrored) }
  }

  fileprivate func open() {
    turnBegan()
    connection(.legacy).connect()
    connection(.new).connect()
  }

  fileprivate func takeFigures() -> LaneFigures {
    for connection in stacks {
      figures.suspects[connection.stack] = connection.suspects.takeFigures()
      if !connection.suspects.absent.isEmpty {
        figures.compare.uncarried &+= UInt64(connection.suspects.uncarried.values.reduce(0, +))
        connection.suspects.name(in: &figures.uncarried, at: WallClock.now() / 1_000_000)
      }
    }
    guards.willTakeFigures(at: now, figures)
    return figures.take()
  }

  fileprivate func takeGuardUnits(_ limits: GuardLimits) -> GuardUnits {
    turnBegan()
    var units = guards.take(at: now, figures, limits)
    units.open = known.count
    return units
  }

  fileprivate var healthNow: ProxyServer.LaneHealth {
    let legacy = connection(.legacy)
    let new = connection(.new)
    return ProxyServer.LaneHealth(
      legacy: legacy.health, new: new.health, legacyInFlight: legacy.pending.count,
      newInFlight: new.pending.count,
      legacyMirrorQueue: legacy.mirrorQueue, newMirrorQueue: new.mirrorQueue,
      legacySuspects: legacy.suspects.least, newSuspects: new.suspects.least,
      legacyBreaker: legacy.breaker, newBreaker: new.breaker, legacyFailures: legacy.failures,
      newFailures: new.failures,
      legacyColdSince: legacy.isWarm ? nil : legacy.history.coldSince,
      newColdSince: new.isWarm ? nil : new.history.coldSince, clients: sessions.count,
      clientsTotal: clientsTotal, clientsCutOff: clientsCutOff,
      clientsCutOffForMemory: clientsCutOffForMemory,
      clientBytes: weight.bytes, legacyUncarried: legacy.suspects.uncarried,
      newUncarried: new.suspects.uncarried,
      uncarriedNames: [
        .legacy: legacy.suspects.uncarriedNames, .new: new.suspects.uncarriedNames,
      ], journalFailure: journal?.failure?.description)
  }
}
