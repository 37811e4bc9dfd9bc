import Glibc
import SluiceRedisClient
import Synchronization

/// One thread of a load: drives its share of the connections by `poll`.
///
///     begin(batch) → pipe.append … → pipe.send → (socket readable) → pipe.receive → answered … → begin(batch)
final class LoadWorker {
  private let plan: LoadPlan
  private let shared: LoadRun.Shared
  private let share: (connections: Int, commands: Int, rate: Double)
  private var maker: CommandMaker
  private var poller = Poller()
  /// By the index of the poller; `nil` once lost.
  private var connections: [LoadConnection?] = []
  private var ready: [Int] = []
  /// Connections without a batch, because the rate does not allow one yet.
  private var resting: [Int] = []
  private var started: UInt64 = 0
  private var begun = 0
  private var outstanding = 0
  private var published = 0
  private var result = LoadResult()
  private var bytes: [UInt8] = []
  private var key: [UInt8] = []
  private var scratch: [UInt8] = []
  private let keySpace: KeySpace

  init(_ plan: LoadPlan, thread: Int, shared: LoadRun.Shared) {
    self.plan = plan
    self.shared = shared
    keySpace = plan.keySpace
    maker = CommandMaker(plan, thread: thread)
    func portion(_ total: Int) -> Int { total / plan.threads + (thread < total % plan.threads ? 1 : 0) }
    let commands: Int =
      switch plan.limit {
      case .time: .max
      case .commands(let count): portion(max(0, count))
      }
    share = (portion(plan.connections), commands, Double(plan.rate) / Double(plan.threads))
  }

  /// Runs to the end of the plan and returns what happened; never throws, what fails is counted.
  func run() -> LoadResult {
    connect()
    started = MonotonicClock.now()
    for index in connections.indices { begin(index) }
    while !isOver() {
      turn(milliseconds: resting.isEmpty ? 20 : 1)
      let waiting = resting
      resting.removeAll(keepingCapacity: true)
      for index in waiting { begin(index) }
    }
    drain()
    let nanoseconds = MonotonicClock.now() - started
    result.seconds = Double(nanoseconds) / 1e9
    result.throughput = nanoseconds == 0 ? 0 : Double(result.commands) / result.seconds
    return result
  }

  private func connect() {
    for _ in 0..<share.connections {
      do throws(RedisError) {
        let connection = LoadConnection(try RedisPipe(plan.endpoint))
        _ = poller.add(connection.pipe.descriptor)
        connections.append(connection)
      } catch {
        result.lostConnections += 1
        result.sample(error.message)
      }
    }
  }

  private func isOver() -> Bool {
    if shared.stopping.load(ordering: .relaxed) || result.lostConnections >= share.connections { return true }
    switch plan.limit {
    case .time(let limit): return MonotonicClock.now() - started >= limit.nanoseconds
    case .commands: return begun >= share.commands && outstanding == 0
    }
  }

  private func drain() {
    let deadline = MonotonicClock.now() + plan.drainTimeout.nanoseconds
    while outstanding > 0, MonotonicClock.now() < deadline { turn(milliseconds: 20, draining: true) }
    let now = MonotonicClock.now()
    for connection in connections {
      guard let connection, connection.outstanding > 0 else { continue }
      result.unanswered += connection.outstanding
      result.longestWait = max(result.longestWait, now - connection.sentAt)
    }
  }

  private func turn(milliseconds: Int32, draining: Bool = false) {
    poller.wait(milliseconds: milliseconds, ready: &ready)
    for index in ready {
      if receive(index), !draining { begin(index) }
    }
    shared.commands.add(result.commands - published, ordering: .relaxed)
    published = result.commands
  }

  /// Starts a batch, or lets the connection rest if the rate or the end of the plan forbids one.
  private func begin(_ index: Int) {
    guard let connection = connections[index] else { return }
    let count = min(plan.pipeline, share.commands - begun)
    guard count > 0 else { return }
    let now = MonotonicClock.now()
    if share.rate > 0, Double(begun) >= share.rate * Double(now - started) / 1e9 {
      resting.append(index)
      return
    }
    connection.begin(at: now)
    do throws(RedisError) {
      for _ in 0..<count {
        let asked = maker.next()
        try connection.append(maker.arguments, asked)
        begun += 1
        outstanding += 1
      }
      try send(connection, index)
    } catch {
      lost(index, error)
    }
  }

  private func send(_ connection: LoadConnection, _ index: Int) throws(RedisError) {
    let wanted = try !connection.pipe.send()
    guard wanted != connection.waitsForRoom else { return }
    connection.waitsForRoom = wanted
    poller.setWaitsForRoom(index, wanted)
  }

  /// Takes what came on one connection; returns whether its batch is complete.
  private func receive(_ index: Int) -> Bool {
    guard let connection = connections[index] else { return false }
    do throws(RedisError) {
      if connection.waitsForRoom { try send(connection, index) }
      // Harmless when only room was announced: a read without bytes is no failure on a non-blocking socket.
      try connection.pipe.receive()
      var count = 0
      while let kind = try connection.pipe.next(into: &bytes) {
        guard let asked = connection.takeAsked() else {
          throw RedisError(
            .protocolViolation, "\(plan.endpoint) sent a reply that nobody asked for; report it")
        }
        count += 1
        answered(asked, kind)
      }
      guard count > 0 else { return false }
      outstanding -= count
      result.commands += count
      result.recordWait(MonotonicClock.now() - connection.sentAt, count: count)
      return connection.outstanding == 0
    } catch {
      lost(index, error)
      return false
    }
  }

  private func answered(_ asked: LoadConnection.Asked, _ kind: RedisPipe.Kind) {
    if asked.verb.isRead { result.reads += 1 }
    switch kind {
    case .error:
      result.recordError(String(decoding: bytes, as: UTF8.self))
    case .null:
      if asked.verb.isRead { result.misses += 1 }
    case .string:
      guard asked.verb.isRead else { return unexpected(asked) }
      result.hits += 1
      guard plan.verify else { return }
      keySpace.write(asked.key, into: &key)
      if !SealedValue.belongs(bytes, to: key, scratch: &scratch) {
        result.wrong += 1
        result.sample("wrong value for \(String(decoding: key, as: UTF8.self))")
      }
    case .status:
      if asked.verb.isRead || asked.verb == .delete || asked.verb == .incr { unexpected(asked) }
    case .integer:
      if asked.verb != .delete && asked.verb != .incr { unexpected(asked) }
    case .array:
      unexpected(asked)
    }
  }

  /// A reply of a type that its command cannot have: replies out of order, most likely.
  private func unexpected(_ asked: LoadConnection.Asked) {
    result.wrong += 1
    result.sample("a reply of the wrong type for \(asked.verb.rawValue)")
  }

  private func lost(_ index: Int, _ error: RedisError) {
    result.lostConnections += 1
    result.sample(error.message)
    guard let connection = connections[index] else { return }
    result.unanswered += connection.outstanding
    outstanding -= connection.outstanding
    poller.remove(index)
    connections[index] = nil
  }
}
