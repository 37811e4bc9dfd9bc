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
  let laneSet: LaneSet
  let listeners = Mutex<[Channel]>([])
  private let ticks: [RepeatedTask]
  /// No lane takes anything any more.
  private let hasStopped = Atomic<Bool>(false)

  var lanes: [Lane] { laneSet.lanes }
  var shared: ProxyShared { laneSet.shared }
  var clientMemory: ClientMemory { laneSet.clientMemory }
  var scripts: ScriptLibrary { laneSet.scripts }
  /// What the servers have told of their commands.
  var book: CommandBook { laneSet.book }
  private var histories: (legacy: StackHistory, new: StackHistory) { laneSet.histories }

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
    let laneSet = LaneSet(
      settings, on: Array(group.makeIterator()), legacy: legacy, new: new, routing: routing, journal: journal,
      isContinued: isContinued, report: report)
    self.laneSet = laneSet
    let period = TimeAmount.nanoseconds(laneSet.period)
    ticks = laneSet.lanes.map { lane in
      lane.loop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in laneSet.tick(lane.index) }
    }
    for lane in lanes { try await lane.loop.submit { laneSet.prepare(lane.index) }.get() }
    laneSet.wasTakenOver()
    for lane in lanes { try await lane.loop.submit { laneSet.open(lane.index) }.get() }
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

  /// Puts a routing in force in every lane and returns when it is; as `LaneSet` has it.
  public func adopt(_ snapshot: RoutingSnapshot, deadline: Int64) async -> [LaneFlip] {
    guard !hasStopped.load(ordering: .acquiring) else { return [] }
    return await withCheckedContinuation { continuation in
      laneSet.adopt(snapshot, deadline: deadline) { continuation.resume(returning: $0) }
    }
  }

  /// Every lane is in the routing that the next process will remember: leaves to it which stacks have doubtful keys of which they are
  /// the primary.
  public func tellStrays() { laneSet.tellStrays() }

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
    /// And their bytes.
    public var legacyMirrorBytes: Int
    public var newMirrorBytes: Int
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

extension LaneSet {
  /// How one lane's connections are; on its loop.
  package func health(_ index: Int) -> ProxyServer.LaneHealth { lanes[index].healthNow }

  /// What one lane has counted since the last call; on its loop.
  package func figures(_ index: Int) -> LaneFigures { lanes[index].takeFigures() }

  /// Nobody uses the lanes any more: they let go of each other.
  package func forget(_ index: Int) { lanes[index].letGo() }
}

extension Lane {
  fileprivate func takeFigures() -> LaneFigures {
    for connection in stacks {
      figures.suspects[connection.stack] = connection.suspects.takeFigures()
      if !connection.suspects.absent.isEmpty {
        figures.compare.uncarried &+= UInt64(connection.suspects.uncarried.values.reduce(0, +))
        connection.suspects.name(in: &figures.uncarried, at: wallClock)
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
      legacyMirrorBytes: legacy.mirrorBytes, newMirrorBytes: new.mirrorBytes,
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
