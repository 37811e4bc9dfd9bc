import SluiceRedisClient

/// What a run of the load generator does; everything that is random follows from `seed`.
public struct LoadPlan: Sendable {
  /// When a run ends by itself; ``LoadRun/stop()`` ends it earlier.
  public enum Limit: Equatable, Sendable {
    /// After this time, counted by each thread from its first command.
    case time(Duration)
    /// After this many commands over all connections, however long their replies take.
    case commands(Int)
  }

  /// Where to.
  public var endpoint: RedisEndpoint
  /// What.
  public var profile: WorkloadProfile
  /// Connections over all threads; at least 1.
  public let connections: Int
  /// Threads; at least 1 and at most one per connection.
  public let threads: Int
  /// Commands per batch: a connection sends so many at once and waits for all the replies. At least 1.
  public var pipeline: Int { didSet { pipeline = max(1, pipeline) } }
  /// When to end.
  public var limit: Limit
  /// The number of different keys; at least 1.
  public var keys: Int { didSet { keys = max(1, keys) } }
  /// The start of every key.
  public var keyPrefix: String
  /// Commands per second over all connections; 0 means as fast as the replies come.
  public var rate: Int
  /// Whether the value of every read is checked to belong to its key.
  public var verify: Bool
  /// The seed of all choices.
  public var seed: UInt64
  /// How long the last replies are waited for when the run ends.
  public var drainTimeout: Duration

  /// A plan; see the properties.
  public init(
    endpoint: RedisEndpoint, profile: WorkloadProfile, connections: Int = 50, threads: Int = 1,
    pipeline: Int = 16,
    limit: Limit = .time(.seconds(10)), keys: Int = 100_000, keyPrefix: String = "k:", rate: Int = 0,
    verify: Bool = false, seed: UInt64 = 1, drainTimeout: Duration = .seconds(10)
  ) {
    self.endpoint = endpoint
    self.profile = profile
    self.connections = max(1, connections)
    self.threads = min(max(1, threads), max(1, connections))
    self.pipeline = max(1, pipeline)
    self.limit = limit
    self.keys = max(1, keys)
    self.keyPrefix = keyPrefix
    self.rate = max(0, rate)
    self.verify = verify
    self.seed = seed
    self.drainTimeout = drainTimeout
  }

  /// The same target and keys, every key set once.
  public var filling: LoadPlan {
    var plan = self
    plan.profile = profile.filling
    plan.limit = .commands(keys)
    plan.rate = 0
    plan.pipeline = max(pipeline, 32)
    return plan
  }

  /// The keys of this plan.
  public var keySpace: KeySpace {
    KeySpace(prefix: keyPrefix, count: keys, keySize: profile.keySize)
  }
}
