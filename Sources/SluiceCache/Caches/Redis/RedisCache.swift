import SluiceCacheLayers
import SluiceRedisClient
import Synchronization

/// A cache in Redis, with a tier in memory before it (L1) and compression.
///
/// ```
///   value(for:) ── L1 ── hit ──▶ value
///                   └ miss ── lane of the key ── GET + PTTL ── decompress, decode ── L1 ──▶ value
///   set ── encode, compress ── lane of the key ── SET … PX ── then L1
/// ```
///
/// Redis comes first: an entry is in L1 only after Redis has it, and no longer than Redis has it. Other
/// processes that write the same key are seen when the entry in L1 ends, at the latest after the default time
/// to live; what is compared across processes wants `l1Entries` nil or ``storedValue(for:)``.
///
/// Connections are made when they are needed, after a failure not before `retryAfter`. On a new connection
/// after a loss L1 starts empty, because the server may have lost what it had. See ``PortableValue`` for the
/// bytes in Redis.
public final class RedisCache: ReportingCache {
  /// How the cache was made.
  public let settings: Settings

  let endpoint: RedisEndpoint
  let l1: L1Tier?
  let prefix: KeyPrefix
  let portable: PortableValue
  let defaultTTL: DefaultTTL
  let clock: CacheClock
  let counters = Mutex(Counters())
  /// Told of every value that is stored compressed.
  let monitor: CachePerformanceMonitor?
  private let lanes: [RedisLane]
  private let health: RedisHealth

  /// A cache that is not connected yet; the first operation connects.
  ///
  /// - Parameter monitor: told of what is compressed; put a ``MonitoredCache`` around the cache for all else.
  /// - Throws: `configuration` for an address that cannot be read, for TLS, and for settings out of range.
  public convenience init(_ settings: Settings, monitor: CachePerformanceMonitor? = nil) throws(CacheError) {
    try self.init(settings, clock: .system, monitor: monitor)
  }

  /// With another clock for L1 and for the memory of failures.
  init(_ settings: Settings, clock: CacheClock, monitor: CachePerformanceMonitor? = nil) throws(CacheError) {
    let endpoint = try settings.endpoint()
    let health = RedisHealth(retryAfter: settings.retryAfter, clock: clock)
    let l1 = settings.l1Entries.map { L1Tier(maxEntries: $0, clock: clock) }
    self.settings = settings
    self.endpoint = endpoint
    self.health = health
    self.l1 = l1
    self.clock = clock
    self.monitor = monitor
    prefix = KeyPrefix(settings.keyPrefix)
    portable = PortableValue(threshold: settings.compressionThreshold, level: settings.compressionLevel)
    defaultTTL = DefaultTTL(settings.defaultTTL)
    lanes = (0..<settings.connections).map { number in
      RedisLane(
        endpoint, timeouts: (settings.connectTimeout, settings.commandTimeout), health: health,
        name: "sluice.redis.\(number)", reconnected: { l1?.removeAll() })
    }
  }

  // MARK: The connection

  /// Connects and asks Redis whether it is there.
  ///
  /// - Throws: `infrastructure` if it does not answer; within `retryAfter` of a failure that one again,
  ///   untried.
  public func connect() async throws(CacheError) {
    let endpoint = endpoint
    let answer = await lanes[0].run { redis throws(RedisError) in try redis.command("PING") }
    if case .error(let text) = try answer.get() {
      let refusal = CacheError(refusal: text, of: "PING", at: endpoint)
      health.failed(refusal)
      throw refusal
    }
  }

  /// Whether the last word from Redis was an answer. False before the first one.
  public var isConnected: Bool { health.isConnected }

  /// The last failure, also after a recovery.
  public var lastFailure: CacheError? { health.lastFailure }

  public func disconnect() async {
    for lane in lanes { await lane.disconnect() }
  }

  // MARK: Lanes

  /// The lane that everything about `key` goes through. The key is the one in Redis.
  func lane(of key: [UInt8]) -> RedisLane {
    lanes[Int(UInt(bitPattern: key.hashValue) % UInt(lanes.count))]
  }

  /// The key as Redis and L1 know it.
  func storedKey(_ key: String) -> [UInt8] {
    prefix.bytes + key.utf8
  }
}
