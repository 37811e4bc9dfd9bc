import NIOCore
import NIOPosix
import SluiceCopying
@_exported import SluiceCore
import SluiceFigures
import SluiceJournal
import SluiceLocks
import SluiceRESP
import SluiceRouting
import SluiceServers

/// The data plane: listens, serves clients, and has one lane per event loop.
public final class ProxyServer: Sendable {
  let group: MultiThreadedEventLoopGroup
  let laneSet: LaneSet
  /// One for each lane.
  let drivers: [LaneDriver]
  let listeners = Mutex<[Channel]>([])
  private let ticks: [RepeatedTask]
  let report: @Sendable (ProxyEvent) -> Void
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
    self.report = report
    let drivers = group.makeIterator().map { LaneDriver($0, report: report) }
    let laneSet = LaneSet(
      settings, on: drivers, legacy: legacy, new: new, routing: routing, journal: journal,
      isContinued: isContinued, desk: PasswordDesk())
    for (driver, lane) in zip(drivers, laneSet.lanes) { driver.drive(lane) }
    self.laneSet = laneSet
    self.drivers = drivers
    let period = TimeAmount.nanoseconds(laneSet.period)
    ticks = drivers.enumerated().map { index, driver in
      driver.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
        laneSet.tick(index)
        driver.carryOut()
      }
    }
    await onEachLane { laneSet.prepare($0.index) }
    laneSet.wasTakenOver()
    await onEachLane { laneSet.open($0.index) }
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

  /// Every key of one stack was brought to the other, or compared, in the order of the log: once both are known to hold the
  /// same, updates are repeated instead of copied. Nothing happens if a stack has lost everything since.
  ///
  /// - Parameter losses: as they were before the first key was looked at.
  /// - Returns: whether it is so.
  @discardableResult public func walked(_ walked: Walked, since losses: UInt64) async -> Bool {
    let histories = histories
    for lane in lanes {
      let isSo = await ask(lane) {
        guard histories.legacy.losses + histories.new.losses == losses else { return false }
        $0.becameEqual(walked)
        return true
      }
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
        group.addTask { await self.ask(lane) { $0.takeFigures() } ?? LaneFigures() }
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
          await self.ask(lane) { $0.takeGuardUnits(limits) } ?? GuardUnits()
        }
      }
      return await group.reduce(into: GuardUnits()) { $0.merge($1) }
    }
  }

  public func health() async -> [LaneHealth] {
    guard !hasStopped.load(ordering: .acquiring) else { return [] }
    return await withTaskGroup(of: LaneHealth?.self) { group in
      for lane in lanes {
        group.addTask { await self.ask(lane) { $0.healthNow } }
      }
      return await group.reduce(into: []) { states, state in if let state { states.append(state) } }
    }
  }

  // MARK: Asking

  /// Asks one lane on its own loop; nil if that has ended.
  func ask<Answer: Sendable>(_ lane: Lane, _ work: @escaping @Sendable (Lane) -> Answer) async -> Answer? {
    await drivers[lane.index].ask { work(lane) }
  }

  /// One lane behind the other.
  func onEachLane(_ work: @escaping @Sendable (Lane) -> Void) async {
    for lane in lanes { await ask(lane, work) }
  }

  // MARK: Leaving

  /// Takes no new clients and no new commands, answers what was asked, and closes; after `deadline` nanoseconds at the latest.
  ///
  /// - Parameter lastWords: called when no client is left and before the lanes end: the last chance to take figures.
  public func drain(deadline: Int64, lastWords: () async -> Void = {}) async {
    for channel in listeners.withLock({ $0 }) { try? await channel.close() }
    await onEachLane { $0.drain() }
    await cutGreeted()
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

  /// Who is in the hand-shake of TLS was never met.
  private func cutGreeted() async {
    for driver in drivers { await driver.ask { driver.cutGreeted() } }
  }

  /// Closes everything at once.
  public func stop() async {
    guard !hasStopped.exchange(true, ordering: .acquiringAndReleasing) else { return }
    for channel in listeners.withLock({ $0 }) { try? await channel.close() }
    for task in ticks { task.cancel() }
    await cutGreeted()
    await onEachLane { $0.shutDown() }
    try? await group.shutdownGracefully()
  }
}
