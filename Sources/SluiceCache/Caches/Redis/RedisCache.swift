import SluiceCacheLayers
import SluiceKeyIndexing
import SluiceLocks
import SluiceRedis
import SluiceRedisLink

/// A cache in Redis, with a tier in memory before it (L1) and compression.
///
/// ```
///   value(for:) ── L1 ── hit ──▶ value
///                   └ miss ── link of the key ── GET + PTTL ── decompress, decode ── L1 ──▶ value
///   set ── encode, compress ── link of the key ── SET … PX ── then L1
/// ```
///
/// Redis comes first: an entry is in L1 only after Redis has it, and no longer than Redis has it. Other
/// processes that write the same key are seen when the entry in L1 ends, at the latest after the default time
/// to live; what is compared across processes wants `l1Entries` nil or ``storedValue(for:)``.
///
/// Any number of tasks share few connections: commands go out as they come and many are out at once. Everything
/// about one key goes through one of them, in order. An operation ends with its answer, with `commandTimeout`,
/// or with its task's cancellation, whichever is first. A read that a broken connection swallowed is asked
/// once more; a write is not, since nobody knows whether it came to pass.
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
  public let flights = CacheFlights()
  /// Told of every value that is stored compressed.
  let monitor: CachePerformanceMonitor?
  private let links: [RedisLink]
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
    let order = LinkOrder()
    let l1 = settings.l1Entries.map { L1Tier(maxEntries: $0, clock: clock, order: order) }
    self.settings = settings
    self.endpoint = endpoint
    self.health = health
    self.l1 = l1
    self.clock = clock
    self.monitor = monitor
    prefix = KeyPrefix(settings.keyPrefix)
    portable = PortableValue(
      threshold: settings.compressionThreshold, level: settings.compressionLevel, format: settings.valueFormat
    )
    defaultTTL = DefaultTTL(settings.defaultTTL)
    var link = LinkSettings(
      endpoint, connectTimeout: settings.connectTimeout, commandTimeout: settings.commandTimeout, order: order
    )
    link.speaksRESP3 = settings.speaksRESP3
    link.tls = CacheTLS.maker
    link.failed = { health.failed(CacheError(redis: $0, at: endpoint)) }
    links = (0..<settings.connections).map { _ in
      let flag = Flag()
      var link = link
      link.connected = {
        health.succeeded()
        if flag.isSetBefore() { l1?.removeAll() }
      }
      return RedisLink(link)
    }
  }

  // MARK: The connection

  /// Connects and asks Redis whether it is there.
  ///
  /// - Throws: `infrastructure` if it does not answer; within `retryAfter` of a failure that one again,
  ///   untried.
  public func connect() async throws(CacheError) {
    let endpoint = endpoint
    let answer = await ask(
      LinkCommand(isRead: true, [Array("PING".utf8)]), by: links[0], isCancellable: true)
    if case .error(let text) = try answer.get().first {
      let refusal = CacheError(refusal: text, of: "PING", at: endpoint)
      health.failed(refusal)
      throw refusal
    }
  }

  /// Whether the last word from Redis was an answer. False before the first one.
  public var isConnected: Bool { health.isConnected && links.contains { $0.isUp } }

  /// The last failure, also after a recovery.
  public var lastFailure: CacheError? { health.lastFailure }

  public func disconnect() async {
    for link in links { await link.disconnect() }
    health.disconnected()
  }

  // MARK: Asking

  /// Asks by the link that everything about `key` goes through. The key is the one in Redis.
  func ask(
    _ command: LinkCommand, about key: [UInt8], isCancellable: Bool = true
  ) async -> Result<LinkReplies, CacheError> {
    await ask(command, by: links[linkNumber(of: key)], isCancellable: isCancellable)
  }

  func linkNumber(of key: [UInt8]) -> Int {
    links.count == 1 ? 0 : Int(KeyIndex.hash(key.span) % UInt32(links.count))
  }

  private func ask(
    _ command: LinkCommand, by link: RedisLink, isCancellable: Bool
  ) async -> Result<LinkReplies, CacheError> {
    if !link.isUp, let remembered = health.remembered { return .failure(remembered) }
    switch await link.ask(command, isCancellable: isCancellable) {
    case .success(let replies): return .success(replies)
    case .failure(let error): return .failure(CacheError(redis: error, at: endpoint))
    }
  }

  /// The key as Redis and L1 know it.
  func storedKey(_ key: String) -> [UInt8] {
    prefix.bytes + key.utf8
  }
}

/// Whether something has happened before.
private final class Flag: Sendable {
  private let isSet = Atomic<Bool>(false)
  func isSetBefore() -> Bool { isSet.exchange(true, ordering: .acquiringAndReleasing) }
}
