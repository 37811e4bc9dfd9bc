import Dispatch
import SluiceRedisClient

/// One connection to Redis and the thread that waits on it: a share of a cache's keys.
///
/// hiredis blocks, so the actor runs on a queue of its own and never on Swift's cooperative threads.
/// Everything about a key goes through one lane, one job after the other; what a job does is done in the
/// order in which Redis answered.
actor RedisLane {
  private let endpoint: RedisEndpoint
  private let timeouts: (connect: Duration, command: Duration)
  private let health: RedisHealth
  private let reconnected: @Sendable () -> Void
  private let executor: QueueExecutor
  private var client: RedisClient?
  private var hasBeenConnected = false

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// - Parameter reconnected: called before the first job on every connection but the first: the server may
  ///   be another one, or may have come back empty.
  init(
    _ endpoint: RedisEndpoint, timeouts: (connect: Duration, command: Duration), health: RedisHealth,
    name: String, reconnected: @escaping @Sendable () -> Void
  ) {
    self.endpoint = endpoint
    self.timeouts = timeouts
    self.health = health
    self.reconnected = reconnected
    executor = QueueExecutor(name)
  }

  /// Runs a job on the connection, which is made first if there is none.
  ///
  /// A job that finds the connection closed is run once more on a new one, since servers close idle
  /// connections; so it must be one that may be repeated.
  ///
  /// - Returns: what the job returned, or why Redis could not be asked.
  func run<Success: Sendable>(
    _ job: @Sendable (RedisClient) throws(RedisError) -> Success
  ) -> Result<Success, CacheError> {
    while true {
      let isReused = client != nil
      do throws(RedisError) {
        if client == nil, let remembered = health.remembered { return .failure(remembered) }
        let result = try job(try connected())
        health.succeeded()
        return .success(result)
      } catch {
        client = nil
        if isReused, error.code == .closed { continue }
        let failure = CacheError(redis: error, at: endpoint)
        health.failed(failure)
        return .failure(failure)
      }
    }
  }

  func disconnect() {
    client = nil
    health.disconnected()
  }

  private func connected() throws(RedisError) -> RedisClient {
    if let client { return client }
    let made = try RedisClient(
      endpoint, connectTimeout: timeouts.connect, commandTimeout: timeouts.command)
    client = made
    if hasBeenConnected { reconnected() }
    hasBeenConnected = true
    return made
  }
}

/// Runs an actor's jobs on a serial queue, and so on threads that may block.
private final class QueueExecutor: SerialExecutor {
  private let queue: DispatchQueue

  init(_ name: String) {
    queue = DispatchQueue(label: name)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}

extension CacheError {
  /// What a failing connection means for a cache.
  init(redis error: RedisError, at endpoint: RedisEndpoint) {
    self.init(
      .infrastructure, error.message,
      context: ["redis": .string(endpoint.description), "reason": .string(error.code.rawValue)])
  }

  /// What an error reply means for a cache.
  init(refusal text: String, of command: String, at endpoint: RedisEndpoint) {
    self.init(
      .infrastructure, "\(endpoint) refused \(command) (\(text)); see that server's log and configuration",
      context: ["redis": .string(endpoint.description), "reason": "refused", "reply": .string(text)])
  }
}
