import Foundation
import NIOCore
import NIOPosix
import SluiceCopying
import SluiceFigures
import SluiceJournal
import SluiceLocks
import SluiceMemoryServer
import SluiceProxy
import SluiceRouting

/// A proxy in this process with two stacks behind it, for tests that block: each runs on a thread of its own, so that
/// none keeps a thread of Swift's pool from the proxy or from other tests.
final class Bench: @unchecked Sendable {
  let proxy: ProxyServer
  let port: Int
  private let eventLog: EventLog
  private var figuresSoFar = LaneFigures()

  private init(_ proxy: ProxyServer, port: Int, events: EventLog) {
    self.proxy = proxy
    self.port = port
    eventLog = events
  }

  /// Runs `body` against a proxy that stops when it ends.
  static func run(
    _ settings: ProxySettings = ProxySettings(), legacy: StackEndpoint, new: StackEndpoint,
    routing: RoutingSnapshot, journal: SuspectJournal? = nil,
    _ body: @escaping @Sendable (Bench) throws -> Void
  ) async throws {
    let log = EventLog()
    let proxy = try await ProxyServer(
      settings, legacy: legacy, new: new, routing: routing, journal: journal
    ) { log.append($0) }
    do {
      let address = try await proxy.listen(.tcp(host: "127.0.0.1", port: 0))
      let bench = Bench(proxy, port: address.port ?? 0, events: log)
      try await onThread { try body(bench) }
    } catch {
      await proxy.stop()
      throw error
    }
    await proxy.stop()
  }

  /// The same with two scripted stacks; `body` gets the proxy's first connection to each.
  static func runScripted(
    _ settings: ProxySettings = ProxySettings(), routing: RoutingSnapshot, timeout: Int64 = 60_000_000_000,
    keys: (legacy: Int, new: Int) = (0, 0), hasRESP3: Bool = false,
    _ body: @escaping @Sendable (Bench, Script) throws -> Void
  ) async throws {
    let script = Script(
      legacyStack: try FakeStack(keys: keys.legacy, hasRESP3: hasRESP3),
      newStack: try FakeStack(keys: keys.new, hasRESP3: hasRESP3))
    defer {
      script.legacyStack.stop()
      script.newStack.stop()
    }
    var legacy = StackEndpoint.port(script.legacyStack.port, "legacy-stack")
    var new = StackEndpoint.port(script.newStack.port, "new-stack")
    legacy.commandTimeout = timeout
    new.commandTimeout = timeout
    // A test may answer a hand-shake word by word, on a busy machine.
    legacy.connectTimeout = 10_000_000_000
    new.connectTimeout = 10_000_000_000
    try await run(settings, legacy: legacy, new: new, routing: routing) { bench in
      for _ in 0..<settings.threads {
        script.legacyLanes.append(try script.legacyStack.connection())
        script.newLanes.append(try script.newStack.connection())
      }
      try body(bench, script)
    }
  }

  /// The same with two memory engines.
  static func runMemory(
    _ settings: ProxySettings = ProxySettings(), routing: RoutingSnapshot,
    _ body: @escaping @Sendable (Bench) throws -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let legacy = try await MemoryServer.start(on: group)
    let new = try await MemoryServer.start(on: group)
    do {
      try await run(
        settings, legacy: .unix(legacy.socketPath, "legacy-stack"),
        new: .unix(new.socketPath, "new-stack"), routing: routing, body)
    } catch {
      await legacy.stop()
      await new.stop()
      throw error
    }
    await legacy.stop()
    await new.stop()
  }

  /// One memory engine, for a bench whose other stack is of another kind.
  static func withMemory(_ body: (StackEndpoint) async throws -> Void) async throws {
    let memory = try await MemoryServer.start(on: MultiThreadedEventLoopGroup.singleton)
    do {
      try await body(.unix(memory.socketPath, "memory-stack"))
    } catch {
      await memory.stop()
      throw error
    }
    await memory.stop()
  }

  // MARK: For the test's thread

  func client(receiveBuffer: Int32? = nil) throws -> TestSocket {
    try TestSocket(port: port, receiveBuffer: receiveBuffer)
  }

  /// Divergences reported so far.
  var divergences: [Divergence] {
    eventLog.all.compactMap { if case .divergence(let divergence) = $0 { divergence } else { nil } }
  }

  var events: [ProxyEvent] { eventLog.all }

  var healthReasons: [String] {
    eventLog.all.compactMap { if case .health(_, let health, _) = $0 { health.reason } else { nil } }
  }

  /// All that was counted since the bench began.
  func figures() -> LaneFigures {
    figuresSoFar.merge(wait { await $0.takeFigures() })
    return figuresSoFar
  }

  /// Ends the proxy as SIGTERM does.
  func drain() { wait { await $0.drain(deadline: 10_000_000_000) } }

  func health() -> [LaneHealth] { wait { await $0.health() } }

  func adopt(_ snapshot: RoutingSnapshot, deadline: Int64 = 10_000_000_000) -> [LaneFlip] {
    wait { await $0.adopt(snapshot, deadline: deadline) }
  }

  /// Begins a flip and returns when every lane has heard of it; its end is waited for by `finish`.
  func beginAdopting(_ snapshot: RoutingSnapshot, deadline: Int64 = 10_000_000_000) -> Awaited<[LaneFlip]> {
    let proxy = proxy
    let flip = Awaited { await proxy.adopt(snapshot, deadline: deadline) }
    flip.hasBegun()
    settle()
    return flip
  }

  /// Gives an order about keys and returns when every lane has it; its end is waited for by `finish`.
  func begin(_ order: KeyOrder, _ keys: String...) -> Awaited<[KeyOutcome]> {
    let proxy = proxy
    let outcome = Awaited { await proxy.carryOut(order, on: keys.map { Array($0.utf8) }) }
    outcome.hasBegun()
    settle()
    return outcome
  }

  /// The same for keys that are known to be small, and of one type: a letter for each.
  func beginSmall(_ kind: ValueKind, _ keys: String...) -> Awaited<[UInt8]> { beginSmall(kind, keys) }

  func beginSmall(_ kind: ValueKind, _ keys: [String]) -> Awaited<[UInt8]> {
    let proxy = proxy
    let letters = Awaited { await proxy.fillSmall(kind, keys.map { Array($0.utf8) }) }
    letters.hasBegun()
    settle()
    return letters
  }

  /// Some turns of every lane have passed: what was on its way inside the proxy has arrived. A flip takes the same hops
  /// to a lane as the question for its health.
  func settle() { for _ in 0..<20 { _ = health() } }

  func wait<T: Sendable>(_ work: @escaping @Sendable (ProxyServer) async -> T) -> T {
    let proxy = proxy
    return Awaited { await work(proxy) }.finish()
  }

  private static func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withTaskExecutorPreference(OwnThread()) { try body() }
  }
}

/// Runs a task on a thread of its own, still as a part of its test: what it expects is the test's affair.
private final class OwnThread: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedTaskExecutor()
    let thread = Thread { [self] in withExtendedLifetime(self) { job.runSynchronously(on: executor) } }
    thread.start()
  }
}

/// Both scripted stacks and the proxy's connections to them, one per lane.
final class Script: @unchecked Sendable {
  let legacyStack: FakeStack
  let newStack: FakeStack
  fileprivate(set) var legacyLanes: [TestSocket] = []
  fileprivate(set) var newLanes: [TestSocket] = []

  init(legacyStack: FakeStack, newStack: FakeStack) {
    self.legacyStack = legacyStack
    self.newStack = newStack
  }

  var legacy: TestSocket { legacyLanes[0] }
  var new: TestSocket { newLanes[0] }
}

/// What the proxy has told, for any thread.
final class EventLog: Sendable {
  private let events = Mutex<[ProxyEvent]>([])
  func append(_ event: ProxyEvent) { events.withLock { $0.append(event) } }
  var all: [ProxyEvent] { events.withLock { $0 } }
}

/// The result of asynchronous work for a thread that blocks.
final class Awaited<T: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var result: T?
  private var isRunning = false

  init(_ work: @escaping @Sendable () async -> T) {
    Task {
      condition.withLock {
        isRunning = true
        condition.broadcast()
      }
      let result = await work()
      condition.withLock {
        self.result = result
        condition.broadcast()
      }
    }
  }

  func hasBegun() { condition.withLock { while !isRunning { condition.wait() } } }

  var isFinished: Bool { condition.withLock { result != nil } }

  func finish() -> T {
    condition.withLock {
      while true {
        if let result { return result }
        condition.wait()
      }
    }
  }
}

extension StackEndpoint {
  static func port(_ port: Int, _ label: String) -> StackEndpoint {
    StackEndpoint(address: .tcp(host: "127.0.0.1", port: port), label: label)
  }

  static func unix(_ path: String, _ label: String) -> StackEndpoint {
    StackEndpoint(address: .unix(path: path), label: label)
  }
}

extension RoutingSnapshot {
  /// A stage with a share of the keys; every read is compared where the stage compares.
  static func at(
    _ stage: Stage, _ percent: UInt64 = 50, version: UInt64 = 1, isRolledBack: Bool = false,
    fallback: Fallback = .off
  ) -> RoutingSnapshot {
    let share = Share(weight: percent, rest: 100 - percent) ?? .nothing
    return RoutingSnapshot(
      version: version, stage: stage, isRolledBack: isRolledBack,
      cohort: Cohort(Bucketing(hash: BucketHash(prefix: Array("cache-stack".utf8)), share: share)),
      sample: Bucketing(hash: BucketHash(prefix: Array("shadow-sample".utf8)), share: .everything),
      fallback: fallback)
  }

  /// The first keys `k0`, `k1`, … that `isWanted` picks.
  static func keys(_ count: Int, where isWanted: ([UInt8]) -> Bool) -> [String] {
    var keys: [String] = []
    var number = 0
    while keys.count < count {
      if isWanted(Array("k\(number)".utf8)) { keys.append("k\(number)") }
      number += 1
    }
    return keys
  }

  func keys(_ count: Int, on stack: StackID) -> [String] {
    RoutingSnapshot.keys(count) { primary(of: $0.span) == stack }
  }
}

/// Waits until the condition holds; false when it does not within 20 seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = Date(timeIntervalSinceNow: 20)
  while try !condition() {
    guard Date() < deadline else { return false }
    poll(nil, 0, 2)
  }
  return true
}
